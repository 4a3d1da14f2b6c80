//! Who is told of what matters to them: those whom the policy shows it, and who want to know.

use std::collections::HashMap;
use std::sync::Arc;

use database::Tx;
use kernel::access::{self, Right, Sight};
use kernel::{Caller, Identity};
use types::{EventId, GroupId, Json, Kind, PersonId, Result, Time};

use super::choices::Choices;
use super::matters::{About, Door, Matter};
use super::receivers_sql as sql;
use crate::events::Told;
use crate::preferences::model::Preferences;

/// Somebody who can be told, as they are by now.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) person: PersonId,
    /// Their own group.
    pub(super) home: GroupId,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) caller: Caller,
    pub(super) choices: Arc<Choices>,
    /// Where their clock is.
    pub(super) zone: Option<String>,
}

/// Somebody is told something, maybe for several events at once.
#[derive(Clone)]
pub(super) struct Telling {
    pub(super) to: Receiver,
    pub(super) about: About,
    /// The latest event, and its place in the log.
    pub(super) event: EventId,
    pub(super) seq: i64,
    pub(super) event_type: String,
    pub(super) group: GroupId,
    pub(super) actor: Option<PersonId>,
    pub(super) metadata: Json,
    /// How many.
    pub(super) count: i64,
}

/// The people looked up so far; none, who cannot be told.
#[derive(Default)]
pub(super) struct Known(HashMap<PersonId, Option<Receiver>>);

impl Known {
    /// Looks up those who are not known yet.
    ///
    /// # Errors
    /// As the store.
    pub(super) async fn look_up(
        &mut self,
        tx: &mut Tx,
        people: impl Iterator<Item = PersonId>,
        now: Time,
    ) -> Result<()> {
        let new: Vec<PersonId> = people.filter(|person| !self.0.contains_key(person)).collect();
        self.0.extend(new.iter().map(|person| (*person, None)));
        for found in sql::receivers(tx, &new, now).await? {
            let person = found.person;
            let identity = Identity::of_person(tx, person).await?;
            let receiver = Receiver::of(found, identity)?;
            self.0.insert(person, Some(receiver));
        }
        Ok(())
    }

    /// One of them.
    pub(super) fn get(&self, person: PersonId) -> Option<&Receiver> {
        self.0.get(&person)?.as_ref()
    }
}

impl Receiver {
    fn of(found: sql::Receiver, identity: Identity) -> Result<Self> {
        let choices = match &found.chosen {
            Some(chosen) => serde_json::from_str(chosen.as_str())?,
            None => Choices::default(),
        };
        let preferences: Option<Preferences> =
            found.preferences.map(|all| serde_json::from_str(all.as_str())).transpose()?;
        Ok(Self {
            person: found.person,
            home: found.home,
            name: found.name,
            email: found.email,
            caller: Caller::new(Arc::new(identity), Arc::from("notifications")),
            choices: Arc::new(choices),
            zone: preferences.and_then(|all| all.time_zone),
        })
    }

    /// One of them, if they can be told.
    ///
    /// # Errors
    /// As the store.
    pub(super) async fn find(tx: &mut Tx, person: PersonId, now: Time) -> Result<Option<Self>> {
        let mut known = Known::default();
        known.look_up(tx, std::iter::once(person), now).await?;
        Ok(known.get(person).cloned())
    }
}

/// What of a matter some people are told: those whom it may be told, and who want it.
///
/// # Errors
/// As the store.
pub(super) async fn tellings(
    tx: &mut Tx,
    known: &mut Known,
    matter: &Matter,
    people: &[(PersonId, &About)],
    now: Time,
) -> Result<Vec<Telling>> {
    known.look_up(tx, people.iter().map(|(person, _)| *person), now).await?;
    let mut all = Vec::new();
    for (person, about) in people {
        let Some(receiver) = known.get(*person) else { continue };
        let channels = receiver.choices.channels(about.what);
        let is_wanted = channels.in_app || channels.email || channels.webhook;
        if is_wanted && may_be_told(tx, receiver, &matter.told, about.door).await? {
            let event = &matter.told.event;
            all.push(Telling {
                to: receiver.clone(),
                about: (*about).clone(),
                event: event.id,
                seq: event.seq,
                event_type: event.kind.clone(),
                group: event.group_id,
                actor: event.actor_id,
                metadata: event.metadata.clone(),
                count: 1,
            });
        }
    }
    Ok(all)
}

async fn may_be_told(tx: &mut Tx, to: &Receiver, told: &Told, door: Door) -> Result<bool> {
    let group = told.event.group_id;
    match door {
        Door::Open => return Ok(true),
        Door::Members if to.caller.membership(group).is_some() => return Ok(true),
        Door::Members | Door::Policy => {}
    }
    let place = match access::standing(tx, &to.caller, group).await {
        Ok(place) => place,
        Err(error) if error.kind() == types::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // What happens to a thing may know who sees the thing, as in its room.
    let of_thing = told.event.target_id.is_some_and(|id| id.kind == Kind::Thing);
    let mut sight = Sight::of(place.rights, Right::EventsRead);
    if of_thing {
        sight = sight.max(Sight::of(place.rights, Right::ThingsRead));
    }
    Ok(told.is_seen(sight, to.caller.person()))
}

/// One telling for what belongs together: the latest event, and how many.
pub(super) fn together(all: Vec<Telling>) -> Vec<Telling> {
    let mut places: HashMap<(PersonId, String), usize> = HashMap::new();
    let mut some: Vec<Telling> = Vec::new();
    for one in all {
        let key = (one.to.person, one.about.key.clone());
        match places.get(&key).copied().and_then(|at| some.get_mut(at)) {
            Some(before) => {
                let count = before.count + 1;
                *before = Telling { count, ..one };
            }
            None => {
                places.insert(key, some.len());
                some.push(one);
            }
        }
    }
    some
}
