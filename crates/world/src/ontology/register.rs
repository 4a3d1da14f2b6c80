//! How a group registers types, changes and forgets them.

use kernel::access::{self, Right, Sight};
use kernel::events::NewEvent;
use kernel::ontology::ThingType;
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, GroupId, Json, Result};
use web::IfMatch;

use super::kind::Kind;
use super::model::{Dimension, Existing, RegisteredType, TypeSummary, TypeVersion};
use super::rules::{is_built_in, is_name};
use super::{definition, refit, sql};

/// Types one group may register.
const MOST: i64 = 1000;

/// Registers a type, or defines it anew as its next version.
///
/// # Errors
/// 401, 403, 404 by policy (right `types:create`); 409 in an archived group, `built_in_type` for
/// a name the ontology has, `too_many_types` beyond 1000, and what [`register_as_is`] says of
/// things that exist; 412; 422 for a wrong name or definition, with pointers into the definition.
pub async fn put(
    app: &App,
    caller: &Caller,
    (group, dimension, name): (GroupId, Dimension, String),
    seen: IfMatch,
    definition: Json,
    existing: Existing,
) -> Result<RegisteredType> {
    app.change(caller, async move |work| {
        let place = access::standing_to_change(work.tx, work.caller, group).await?;
        place.require(Right::TypesCreate)?;
        let before = sql::own(work.tx, group, dimension, &name).await?;
        seen.check(before.map_or(0, |one| one.summary.version))?;
        define(work, group, dimension, &name, &definition, existing).await?;
        let sight = Sight::of(place.rights, dimension.read());
        own(work, group, dimension, &name, sight).await
    })
    .await
}

/// The same where it was decided that it may be done (import).
///
/// # Errors
/// As [`put`], but for the policy; 409 `data_does_not_fit` for things the new definition refuses,
/// `duplicate_key` for two that share what is to be unique, `too_much_data` for more than can be
/// looked at.
pub async fn register_as_is(
    work: &mut Work<'_>,
    group: GroupId,
    dimension: Dimension,
    name: &str,
    definition: &Json,
) -> Result<()> {
    define(work, group, dimension, name, definition, Existing::Check).await
}

async fn define(
    work: &mut Work<'_>,
    group: GroupId,
    dimension: Dimension,
    name: &str,
    definition: &Json,
    existing: Existing,
) -> Result<()> {
    if !is_name(name) {
        return Err(Error::invalid(
            "/name",
            "invalid_name",
            "must be 1 to 64 of a-z, 0-9 and `_`, starting with a letter.",
        ));
    }
    if is_built_in(dimension, name) {
        return Err(Error::conflict(
            "built_in_type",
            format!("`{name}` is a built-in {} type; choose another name.", dimension.name()),
        ));
    }
    let definition = definition::read(dimension, name, definition)?;
    let counted = sql::find(work.tx, group, dimension, name).await?;
    let own = sql::own(work.tx, group, dimension, name).await?;
    // The same once more changes nothing.
    if own.as_ref().is_some_and(|own| same(&own.definition, &definition)) {
        return Ok(());
    }
    let author = (work.me(), work.now);
    let version = sql::define(work.tx, group, dimension, name, &definition, author).await?;
    if sql::count(work.tx, group).await? > MOST {
        return Err(Error::conflict(
            "too_many_types",
            "A group may register 1000 types; use fewer, or register them in a child group.",
        ));
    }
    let kind = if own.is_some() { "type_updated" } else { "type_registered" };
    record(work, group, kind, dimension, name, version).await?;
    if let (Dimension::Thing, Some(counted)) = (dimension, counted) {
        let before: ThingType = serde_json::from_str(counted.as_str())?;
        refit::refit(work, group, &before, &Kind::registered(&definition)?, existing).await?;
    }
    Ok(())
}

/// Whether two definitions say the same, in whatever order: an engine keeps its own.
fn same(one: &Json, other: &Json) -> bool {
    one.to_map() == other.to_map()
}

async fn record(
    work: &mut Work<'_>,
    group: GroupId,
    kind: &'static str,
    dimension: Dimension,
    name: &str,
    version: i64,
) -> Result<()> {
    let metadata = Json::of(&json!({"dimension": dimension, "name": name, "version": version}))?;
    work.record(NewEvent::new(group, kind, Some(group.into()), &metadata)).await?;
    Ok(())
}

/// Forgets a type. Its versions stay, and a type registered under its name later goes on counting.
///
/// # Errors
/// 401, 403, 404 by policy; 409 `type_in_use` while anything of it exists; 412.
pub async fn delete(
    app: &App,
    caller: &Caller,
    (group, dimension, name): (GroupId, Dimension, String),
    seen: IfMatch,
) -> Result<()> {
    app.change(caller, async move |work| {
        let place = access::standing_to_change(work.tx, work.caller, group).await?;
        place.require(Right::TypesCreate)?;
        let found = sql::own(work.tx, group, dimension, &name).await?;
        let version = found.ok_or_else(Error::not_found)?.summary.version;
        seen.check(version)?;
        if sql::in_use(work.tx, group, dimension, &name).await? {
            let what = dimension.name();
            return Err(Error::conflict(
                "type_in_use",
                format!(
                    "There are {what}s of this type here or in a group below: while there are, \
                     it stays."
                ),
            ));
        }
        sql::delete(work.tx, group, dimension, &name).await?;
        record(work, group, "type_deleted", dimension, &name, version.cast_signed()).await
    })
    .await
}

async fn own(
    work: &mut Work<'_>,
    group: GroupId,
    dimension: Dimension,
    name: &str,
    sight: Sight,
) -> Result<RegisteredType> {
    let found = sql::own(work.tx, group, dimension, name).await?;
    let mut found = found.ok_or_else(Error::not_found)?;
    let me = work.me();
    let counts = sql::count_of(work.tx, group, dimension, sight, me, &[name]).await?;
    found.summary.count = counts.get(name).copied().unwrap_or_default();
    Ok(found)
}

/// One type that the group registered.
///
/// # Errors
/// 401, 403, 404 by policy; 404 when the group has no such type.
pub async fn get(
    app: &App,
    caller: &Caller,
    (group, dimension, name): (GroupId, Dimension, String),
) -> Result<RegisteredType> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            let place = access::standing(tx, &caller, group).await?;
            place.require(Right::GroupsRead)?;
            let found = sql::own(tx, group, dimension, &name).await?;
            let mut found = found.ok_or_else(Error::not_found)?;
            let sight = Sight::of(place.rights, dimension.read());
            let me = caller.person();
            let counts = sql::count_of(tx, group, dimension, sight, me, &[&name]).await?;
            found.summary.count = counts.get(&name).copied().unwrap_or_default();
            Ok(found)
        })
        .await
}

/// The types that the group registered, by dimension and name.
///
/// # Errors
/// 401, 403, 404 by policy.
pub async fn list(
    app: &App,
    caller: &Caller,
    group: GroupId,
    dimension: Option<Dimension>,
) -> Result<Vec<TypeSummary>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            let place = access::standing(tx, &caller, group).await?;
            place.require(Right::GroupsRead)?;
            let mut all = sql::all_own(tx, group, dimension).await?;
            for dimension in Dimension::ALL {
                let sight = Sight::of(place.rights, dimension.read());
                let these = all.iter().filter(|one| one.dimension == dimension);
                let names: Vec<&str> = these.map(|one| one.name.as_str()).collect();
                let me = caller.person();
                let counts = sql::count_of(tx, group, dimension, sight, me, &names).await?;
                for one in all.iter_mut().filter(|one| one.dimension == dimension) {
                    one.count = counts.get(&one.name).copied().unwrap_or_default();
                }
            }
            Ok(all)
        })
        .await
}

/// The definitions a type has had, newest first, and one more when more follow.
///
/// # Errors
/// 401, 403, 404 by policy; 404 when the group never had such a type.
pub async fn versions(
    app: &App,
    caller: &Caller,
    (group, dimension, name): (GroupId, Dimension, String),
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<TypeVersion>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            access::standing(tx, &caller, group).await?.require(Right::GroupsRead)?;
            let rows = sql::versions(tx, group, dimension, &name, before, limit).await?;
            if rows.is_empty() && before.is_none() { Err(Error::not_found()) } else { Ok(rows) }
        })
        .await
}
