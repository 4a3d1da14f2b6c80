//! What the sending of webhooks remembers, in this process.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use database::Tx;
use filter::Filter;
use kernel::access::{self, Right};
use kernel::{App, Caller, Identity};
use types::{Error, ErrorKind, GroupId, PersonId, Result, WebhookId};

use super::model::Webhook;
use super::outbox::Outbox;
use super::{rules, sql, wants};
use crate::Settings;

/// Everything at hand for sending. Cheap to clone.
#[derive(Clone)]
pub(super) struct State {
    pub(super) app: App,
    pub(super) settings: Settings,
    pub(super) outbox: Outbox,
    targets: Arc<Mutex<Arc<Targets>>>,
}

/// A webhook that is on, with its filter read.
pub(super) struct Target {
    pub(super) webhook: Webhook,
    pub(super) filter: Result<Option<Filter>>,
}

/// All webhooks that are on.
#[derive(Default)]
pub(super) struct Targets {
    /// As of which change; none: never looked.
    generation: i64,
    by_group: HashMap<GroupId, Vec<Arc<Target>>>,
    /// Groups with webhooks that are also sent what happens below.
    pub(super) roots: Vec<GroupId>,
}

impl Targets {
    fn new(generation: i64, webhooks: Vec<Webhook>) -> Self {
        let mut targets = Self { generation, ..Self::default() };
        for webhook in webhooks {
            let filter = webhook.filter.as_deref().map(wants::filter).transpose();
            let group = webhook.group_id;
            if webhook.include_children && !targets.roots.contains(&group) {
                targets.roots.push(group);
            }
            let target = Arc::new(Target { webhook, filter });
            targets.by_group.entry(group).or_default().push(target);
        }
        targets
    }

    /// Whether nobody is to be told anything.
    pub(super) fn is_empty(&self) -> bool {
        self.by_group.is_empty()
    }

    fn ids(&self) -> HashSet<WebhookId> {
        self.by_group.values().flatten().map(|target| target.webhook.id).collect()
    }

    /// The webhooks of one group.
    pub(super) fn of(&self, group: GroupId) -> &[Arc<Target>] {
        self.by_group.get(&group).map_or(&[], Vec::as_slice)
    }
}

impl State {
    pub(super) fn new(app: App, settings: Settings) -> Self {
        Self { app, settings, outbox: Outbox::default(), targets: Arc::default() }
    }

    /// All webhooks that are on: remembered as long as none was changed, here or elsewhere.
    pub(super) async fn targets(&self, tx: &mut Tx) -> Result<Arc<Targets>> {
        let generation = sql::generation(tx).await?;
        let known = Arc::clone(&self.targets.lock().unwrap_or_else(PoisonError::into_inner));
        if known.generation == generation {
            return Ok(known);
        }
        let found = Arc::new(Targets::new(generation, sql::enabled(tx).await?));
        self.outbox.keep(&found.ids());
        *self.targets.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&found);
        Ok(found)
    }
}

/// Whoever a webhook or a receiver speaks for, with the rights they have by now; nobody, if they
/// are gone.
pub(crate) async fn speaker(tx: &mut Tx, owner: PersonId, task: &str) -> Result<Option<Caller>> {
    if !sql::is_person(tx, owner).await? {
        return Ok(None);
    }
    let identity = Identity::of_person(tx, owner).await?;
    Ok(Some(Caller::new(Arc::new(identity), Arc::from(task))))
}

/// Whether a webhook's owner may still have events of its group sent.
pub(super) async fn may_send(tx: &mut Tx, owner: &Caller, webhook: &Webhook) -> Result<bool> {
    let place = match access::standing(tx, owner, webhook.group_id).await {
        Ok(place) => place,
        Err(error) => return absent(error).map(|()| false),
    };
    let allowed = rules::require(&place, webhook.include_children).is_ok();
    Ok(allowed && place.rights.has(Right::EventsRead))
}

/// What the policy refuses is an answer here, and no failure.
pub(super) fn absent(error: Error) -> Result<()> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::Forbidden | ErrorKind::Unauthenticated => Ok(()),
        _ => Err(error),
    }
}
