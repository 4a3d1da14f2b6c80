//! From the event log into the queue: a batch is matched in memory, what an owner may see of it
//! becomes deliveries in the transaction that moves the cursor, and what has a place is sent at
//! once.

use std::collections::hash_map;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use database::Tx;
use filter::Given;
use kernel::Caller;
use kernel::events::{self, Entry};
use types::{DeliveryId, GroupId, PersonId, Result, WebhookId};
use world::events::rules as events_of;

use super::model::Webhook;
use super::outbox::Place;
use super::queue_sql::{self, NewDelivery};
use super::state::{self, State, Target, Targets};
use super::{attempt, rules, sql, wants};

/// Said by a request to test a webhook, which sends it itself.
pub(super) const TESTED: &str = "webhook_tested";

/// What a batch of the log comes to.
#[derive(Default)]
pub(super) struct Batch {
    deliveries: Vec<NewDelivery>,
    /// Those with a place, until they are sent.
    starts: Mutex<Vec<(DeliveryId, Place)>>,
    waiting: bool,
    /// Webhooks that cannot go on, each with the reason.
    ended: BTreeMap<WebhookId, &'static str>,
}

/// Follows the log until the task is dropped.
pub(super) async fn follow(state: State) {
    let (matching, starting) = (state.clone(), state.clone());
    let (app, writing) = (state.app.clone(), state);
    events::follow_then(
        app,
        "webhooks",
        async move |tx: &mut Tx, entries: &[Entry]| read(&matching, tx, entries).await,
        async move |tx: &mut Tx, batch: &Batch| {
            let now = writing.app.now();
            queue_sql::insert(tx, &batch.deliveries, now).await?;
            Ok(())
        },
        move |batch: &Batch| start(&starting, batch),
    )
    .await;
}

/// What is matched so far, and for whom.
struct Matching<'s> {
    state: &'s State,
    batch: Batch,
    /// Who they are by now; none, who is gone.
    owners: HashMap<PersonId, Option<Caller>>,
    /// Whether each webhook may still be sent anything.
    open: HashMap<WebhookId, bool>,
    /// Webhooks that were refused a place.
    refused: HashSet<WebhookId>,
}

async fn read(state: &State, tx: &mut Tx, entries: &[Entry]) -> Result<Batch> {
    let targets = state.targets(tx).await?;
    let mut matching = Matching {
        state,
        batch: Batch::default(),
        owners: HashMap::new(),
        open: HashMap::new(),
        refused: HashSet::new(),
    };
    if targets.is_empty() {
        return Ok(matching.batch);
    }
    let above = above(tx, &targets, entries).await?;
    for entry in entries.iter().filter(|entry| entry.kind != TESTED) {
        let mut asked: Vec<&Arc<Target>> = targets.of(entry.group).iter().collect();
        for root in above.get(&entry.group).into_iter().flatten() {
            asked.extend(targets.of(*root).iter().filter(|one| one.webhook.include_children));
        }
        for target in asked {
            matching.offer(tx, entry, target).await?;
        }
    }
    Ok(matching.batch)
}

/// For each group of a batch, the groups above it that are sent what happens below.
async fn above(
    tx: &mut Tx,
    targets: &Targets,
    entries: &[Entry],
) -> Result<HashMap<GroupId, Vec<GroupId>>> {
    let mut above: HashMap<GroupId, Vec<GroupId>> = HashMap::new();
    if targets.roots.is_empty() {
        return Ok(above);
    }
    let groups: BTreeSet<GroupId> = entries.iter().map(|entry| entry.group).collect();
    let groups: Vec<GroupId> = groups.into_iter().collect();
    for (group, root) in sql::below(tx, &groups, &targets.roots).await? {
        if group != root {
            above.entry(group).or_default().push(root);
        }
    }
    Ok(above)
}

impl Matching<'_> {
    async fn offer(&mut self, tx: &mut Tx, entry: &Entry, target: &Target) -> Result<()> {
        let webhook = &target.webhook;
        // What happened before it was made, or was imported, is none of its business.
        if entry.id.0 < webhook.id.0 || !wants::wants_type(&webhook.event_types, &entry.kind) {
            return Ok(());
        }
        let Ok(filter) = &target.filter else {
            self.batch.ended.insert(webhook.id, "filter_invalid");
            return Ok(());
        };
        let Some(owner) = self.open(tx, webhook).await? else { return Ok(()) };
        let event = match events_of::shown(tx, &owner, entry.id).await {
            Ok(event) => event,
            Err(error) => return state::absent(error),
        };
        let app = &self.state.app;
        let given = Given { me: Some(webhook.owner_id), now: app.now(), engine: app.db.engine() };
        if !wants::wants(webhook, filter.as_ref(), &event, given) {
            return Ok(());
        }
        let now = app.now();
        let id = DeliveryId(app.id(now));
        // In order, others may be before it: those the sender takes from the queue, and what comes
        // after one that was refused, lest each makes somebody else give way.
        let place = (!webhook.ordered && !self.refused.contains(&webhook.id))
            .then(|| {
                let of = (webhook.id, webhook.group_id, webhook.owner_id);
                self.state.outbox.ask(of, false).ok()
            })
            .flatten();
        let lease = place.is_some().then(|| now.after(self.state.settings.lease()));
        match place {
            Some(place) => {
                let starts = self.batch.starts.get_mut().unwrap_or_else(PoisonError::into_inner);
                starts.push((id, place));
            }
            None => {
                self.refused.insert(webhook.id);
                self.batch.waiting = true;
            }
        }
        self.batch.deliveries.push(NewDelivery {
            id,
            webhook: webhook.id,
            event: event.id,
            kind: event.kind,
            seq: event.seq,
            lease,
        });
        Ok(())
    }

    /// The owner of a webhook, if they may still have events sent.
    async fn open(&mut self, tx: &mut Tx, webhook: &Webhook) -> Result<Option<Caller>> {
        let owner = match self.owners.entry(webhook.owner_id) {
            hash_map::Entry::Occupied(known) => known.get().clone(),
            hash_map::Entry::Vacant(unknown) => {
                unknown.insert(state::speaker(tx, webhook.owner_id, "webhooks").await?).clone()
            }
        };
        let open = match (self.open.get(&webhook.id), &owner) {
            (Some(open), _) => *open,
            (None, None) => false,
            (None, Some(owner)) => state::may_send(tx, owner, webhook).await?,
        };
        self.open.insert(webhook.id, open);
        if !open {
            self.batch.ended.insert(webhook.id, "owner_lost_access");
        }
        Ok(owner.filter(|_| open))
    }
}

/// After the commit: what has a place is sent, and what ended is told.
fn start(state: &State, batch: &Batch) {
    let starts = std::mem::take(&mut *batch.starts.lock().unwrap_or_else(PoisonError::into_inner));
    for (id, place) in starts {
        tokio::spawn(attempt::run(state.clone(), place, id));
    }
    if batch.waiting {
        state.outbox.wake();
    }
    for (id, reason) in &batch.ended {
        let (app, id, reason) = (state.app.clone(), *id, *reason);
        tokio::spawn(async move {
            if let Err(error) = rules::disable(&app, id, reason).await {
                tracing::warn!(webhook = %id, cause = error.cause(), "it was not switched off");
            }
        });
    }
}
