//! What things refer to, told with them: one statement for each kind of it, however many rows a
//! page has, and only what the caller may see.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use database::Tx;
use kernel::Caller;
use kernel::access::{Everywhere, Right};
use serde::Serialize;
use types::{AnyId, Error, GroupId, PersonId, Result, ThingId};
use utoipa::ToSchema;

use super::model::{Status, Thing};
use super::related;
use crate::connections::model::Connection;
use crate::{connections, people};

/// Connections told of one thing.
pub(super) const CONNECTIONS: i64 = 20;

/// What is to be told with each thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expand {
    owner: bool,
    group: bool,
    parent: bool,
    connections: bool,
}

/// What a thing refers to. What was not asked for is absent; what the caller may not see is null.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Expanded {
    /// The person it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<OwnerRef>)]
    pub owner: Option<Option<OwnerRef>>,
    /// The group it is kept in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<GroupRef>)]
    pub group: Option<Option<GroupRef>>,
    /// The thing it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ThingRef>)]
    pub parent: Option<Option<ThingRef>>,
    /// Its newest connections, at most 20, in both directions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<Vec<Connection>>,
}

/// A person, as far as another object tells of them.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnerRef {
    /// Their id.
    pub id: PersonId,
    /// What people call them.
    pub display_name: String,
    /// Their name in addresses.
    pub username: Option<String>,
    /// Address of a picture.
    pub avatar: Option<String>,
}

/// A group, as far as another object tells of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GroupRef {
    /// Its id.
    pub id: GroupId,
    /// Its name in addresses.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// What kind of group it is.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A thing, as far as another object tells of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ThingRef {
    /// Its id.
    pub id: ThingId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// Where it is in its life.
    pub status: Status,
}

impl Expand {
    /// Reads `expand`.
    ///
    /// # Errors
    /// 422 `unknown_expansion` at `expand`.
    pub fn parse(text: Option<&str>) -> Result<Self> {
        let mut expand = Self::default();
        for name in text.iter().flat_map(|text| text.split(',')) {
            match name {
                "owner" => expand.owner = true,
                "group" => expand.group = true,
                "parent" => expand.parent = true,
                "connections" => expand.connections = true,
                _ => {
                    return Err(Error::invalid(
                        "expand",
                        "unknown_expansion",
                        "must be a list of `owner`, `group`, `parent` and `connections`; what \
                         these refer to is not expanded further.",
                    ));
                }
            }
        }
        Ok(expand)
    }

    /// What each of `things` refers to, in their order.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn of(self, tx: &mut Tx, caller: &Caller, things: &[Thing]) -> Result<Vec<Expanded>> {
        let mut all: Vec<Expanded> = things.iter().map(|_| Expanded::default()).collect();
        if self == Self::default() || things.is_empty() {
            return Ok(all);
        }
        if self.owner {
            let ids = distinct(things.iter().filter_map(|thing| thing.owner_id));
            let found = by_id(people::rules::refs(tx, caller, &ids).await?, |one| one.id);
            for (thing, one) in things.iter().zip(&mut all) {
                one.owner = Some(thing.owner_id.and_then(|id| found.get(&id).cloned()));
            }
        }
        if self.group {
            let ids = distinct(things.iter().map(|thing| thing.group_id));
            let found = by_id(related::groups(tx, caller, &ids).await?, |one| one.id);
            for (thing, one) in things.iter().zip(&mut all) {
                one.group = Some(found.get(&thing.group_id).cloned());
            }
        }
        if self.parent {
            let ids = distinct(things.iter().filter_map(|thing| thing.parent_id));
            let seen = Everywhere::of(caller, Right::ThingsRead);
            let found = related::things(tx, &seen, caller.person(), &ids).await?;
            let found = by_id(found, |one| one.id);
            for (thing, one) in things.iter().zip(&mut all) {
                one.parent = Some(thing.parent_id.and_then(|id| found.get(&id).cloned()));
            }
        }
        if self.connections {
            let ids: Vec<AnyId> = things.iter().map(|thing| thing.id.into()).collect();
            let found = connections::rules::newest_of(tx, caller, &ids, CONNECTIONS).await?;
            for (thing, one) in things.iter().zip(&mut all) {
                let id = AnyId::from(thing.id);
                let mut own: Vec<Connection> = found
                    .iter()
                    .filter(|edge| edge.from_id == id || edge.to_id == id)
                    .cloned()
                    .collect();
                own.sort_by_key(|edge| std::cmp::Reverse(edge.id.0));
                own.dedup_by_key(|edge| edge.id.0);
                own.truncate(usize::try_from(CONNECTIONS)?);
                one.connections = Some(own);
            }
        }
        Ok(all)
    }
}

fn distinct<T: Copy + Eq + Hash>(ids: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    ids.filter(|id| seen.insert(*id)).collect()
}

fn by_id<K: Eq + Hash, T>(all: Vec<T>, id: impl Fn(&T) -> K) -> HashMap<K, T> {
    all.into_iter().map(|one| (id(&one), one)).collect()
}
