//! Notifications as their receiver is shown them: what they tell of is named as far as the policy
//! lets it be seen by now.

use std::collections::{BTreeSet, HashMap};

use database::{Sql, Tx};
use kernel::Caller;
use kernel::access::{self, Everywhere, Right};
use serde_json::Value;
use types::{AnyId, ErrorKind, GroupId, JsonMap, Kind, PersonId, Result, ThingId};
use uuid::Uuid;

use super::model::{Named, Notification, NotificationKind, Severity};
use super::sql::{self, Stored};
use super::titles::{self, Names};
use crate::{groups, people};

/// What may be named to somebody.
struct Known {
    people: HashMap<Uuid, String>,
    /// Without a name: what it is called is what was said in it.
    things: HashMap<Uuid, Option<String>>,
    groups: HashMap<Uuid, String>,
}

/// As `caller` is shown them, in the same order.
///
/// # Errors
/// As the store.
pub(super) async fn shown(
    tx: &mut Tx,
    caller: &Caller,
    rows: Vec<Stored>,
) -> Result<Vec<Notification>> {
    let known = look_up(tx, caller, &rows).await?;
    Ok(rows.iter().map(|row| known.show(caller, row)).collect())
}

async fn look_up(tx: &mut Tx, caller: &Caller, rows: &[Stored]) -> Result<Known> {
    let targets = |kind: Kind| {
        let all = rows.iter().filter_map(|row| row.target);
        all.filter(move |target| target.kind == kind).map(|target| target.uuid)
    };
    let actors = rows.iter().filter_map(|row| row.actor).map(|actor| actor.0);
    let some: BTreeSet<Uuid> = actors.chain(targets(Kind::Person)).collect();
    let some: Vec<PersonId> = some.into_iter().map(PersonId).collect();
    let people = people::rules::refs(tx, caller, &some).await?;
    let things: BTreeSet<Uuid> = targets(Kind::Thing).collect();
    let things = things_seen(tx, caller, things).await?;
    let mut groups = HashMap::new();
    let open = |row: &&Stored| row.kind == NotificationKind::Invitation;
    let invited: BTreeSet<GroupId> = rows.iter().filter(open).map(|row| row.group).collect();
    let all: BTreeSet<GroupId> = rows.iter().map(|row| row.group).collect();
    for group in all {
        // Whoever is invited is told where to, by the invitation too.
        let is_invited = invited.contains(&group);
        if is_invited {
            tx.enter([group]);
        }
        if is_invited || is_seen(tx, caller, group).await? {
            let name = groups::rules::name_of(tx, group).await?;
            groups.extend(name.map(|name| (group.0, name)));
        }
    }
    let mut people: HashMap<Uuid, String> =
        people.into_iter().map(|one| (one.id.0, one.display_name)).collect();
    // Who asks to be let in is named to whom the list of requests names them.
    let asked = rows.iter().filter(|row| row.kind == NotificationKind::JoinRequest);
    let asked = asked.filter(|row| groups.contains_key(&row.group.0));
    let asked: BTreeSet<(GroupId, PersonId)> =
        asked.filter_map(|row| Some((row.group, row.actor?))).collect();
    for (group, person) in asked {
        if let Some(name) = sql::asking(tx, group, person).await? {
            people.entry(person.0).or_insert(name);
        }
    }
    Ok(Known { people, things, groups })
}

async fn is_seen(tx: &mut Tx, caller: &Caller, group: GroupId) -> Result<bool> {
    match access::standing(tx, caller, group).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The names of those things that the caller sees.
async fn things_seen(
    tx: &mut Tx,
    caller: &Caller,
    ids: BTreeSet<Uuid>,
) -> Result<HashMap<Uuid, Option<String>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sql = Sql::new("select o.id, o.type, o.tier, o.name from things o where o.id in ");
    sql.bind_list(ids);
    Everywhere::of(caller, Right::ThingsRead).condition(&mut sql, caller.person());
    let rows = tx
        .all(sql.text(), sql.args(), |row| {
            // A message is called by how it begins.
            let is_named = row.text(1)? != "message" && row.text(2)? == "plain";
            let name: String = row.get(3)?;
            Ok((row.get::<ThingId>(0)?.0, is_named.then_some(name)))
        })
        .await?;
    Ok(rows.into_iter().collect())
}

impl Known {
    fn name(&self, id: AnyId) -> Option<Named> {
        let name = match id.kind {
            Kind::Person => Some(self.people.get(&id.uuid)?.clone()),
            Kind::Thing => self.things.get(&id.uuid)?.clone(),
            Kind::Group => Some(self.groups.get(&id.uuid)?.clone()),
            _ => None,
        };
        Some(Named { id, name })
    }

    fn show(&self, caller: &Caller, row: &Stored) -> Notification {
        let actor = row.actor.and_then(|actor| self.name(actor.into()));
        let target = row.target.and_then(|target| self.name(target));
        let is_me = caller.person().is_some_and(|me| row.target == Some(me.into()));
        let names = Names {
            actor: actor.as_ref().and_then(|actor| actor.name.as_deref()),
            target: target.as_ref().and_then(|target| target.name.as_deref()),
            group: self.groups.get(&row.group.0).map(String::as_str),
            is_me,
        };
        let title = titles::title(row.kind, &row.event_type, row.count, names, &row.name);
        let properties = row.properties.to_map();
        let severity = text(&properties, "type").and_then(|word| Severity::stored(&word).ok());
        Notification {
            id: row.id,
            kind: row.kind,
            title,
            message: text(&properties, "message"),
            severity: severity.unwrap_or(Severity::Info),
            action_url: text(&properties, "actionUrl"),
            action_label: text(&properties, "actionLabel"),
            actor,
            target,
            group_id: row.group,
            event_id: row.event,
            count: row.count.unsigned_abs(),
            read: row.read_at.is_some(),
            read_at: row.read_at,
            version: row.version.unsigned_abs(),
            created_at: row.created_at,
            updated_at: row.told_at,
        }
    }
}

fn text(properties: &JsonMap, name: &str) -> Option<String> {
    properties.get(name).and_then(Value::as_str).map(str::to_owned)
}
