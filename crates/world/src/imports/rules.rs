//! Who may import, and what becomes of an import.

use database::Tx;
use kernel::access::{self, Right, Role, Standing};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Checks, Error, ErrorKind, ImportId, Json, Result};

use super::model::{
    Format, Import, ImportDimension, ImportError, ImportFilter, NewImport, Options, State,
};
use super::sql;
use crate::listing::Slice;

/// Columns a mapping may name.
const MAX_COLUMNS: usize = 1000;

/// Makes an import, which then takes bytes.
///
/// # Errors
/// 401, 403, 404 by policy; 409 in an archived group; 422 for what is not sensible.
pub async fn create(app: &App, caller: &Caller, new: NewImport) -> Result<Import> {
    access::require_known(caller)?;
    let options = new.options();
    check(&options, new.total_bytes)?;
    app.change(caller, async move |work| {
        let place = access::standing_to_change(work.tx, work.caller, new.group_id).await?;
        require(&place, &options)?;
        let import = Import {
            id: ImportId(work.id()),
            group_id: new.group_id,
            copy_id: None,
            person_id: work.me(),
            options: options.clone(),
            header: None,
            state: State::Open,
            percent: new.total_bytes.map(|_| 0),
            total_bytes: new.total_bytes,
            offset_bytes: 0,
            lines: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            failed: 0,
            problem: None,
            created_at: work.now,
            updated_at: work.now,
        };
        sql::insert(work.tx, &import).await?;
        let metadata = Json::of(&json!({
            "format": import.options.format, "dimension": import.options.dimension,
            "dryRun": import.options.dry_run,
        }))?;
        work.announce(import.group_id, "import_started", import.id, &metadata).await?;
        Ok(import)
    })
    .await
}

/// An import of the caller's own, or into a group they own.
///
/// # Errors
/// 401; 404 when there is none the caller may see.
pub async fn get(app: &App, caller: &Caller, id: ImportId) -> Result<Import> {
    let caller = caller.clone();
    app.store(&caller).read(async move |tx| visible(tx, &caller, id).await).await
}

/// A page of imports, and one more row when another page follows.
///
/// # Errors
/// 401; 404 by policy.
pub async fn list(
    app: &App,
    caller: &Caller,
    filter: ImportFilter,
    slice: Slice,
) -> Result<Vec<Import>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            let place = access::standing(tx, &caller, filter.group_id).await?;
            if place.rights.is_through_key() {
                place.require(Right::ThingsCreate)?;
            }
            let of = caller.person().filter(|_| !place.owns);
            sql::list(tx, filter.group_id, of, slice).await
        })
        .await
}

/// A page of refused rows, and one more when another page follows.
///
/// # Errors
/// As [`get`].
pub async fn errors(
    app: &App,
    caller: &Caller,
    id: ImportId,
    slice: Slice,
) -> Result<Vec<ImportError>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            visible(tx, &caller, id).await?;
            sql::errors(tx, id, slice).await
        })
        .await
}

/// Calls an import off; what was taken stays.
///
/// # Errors
/// As [`get`]; 409 `import_ended`.
pub async fn cancel(app: &App, caller: &Caller, id: ImportId) -> Result<Import> {
    app.change(caller, async move |work| {
        let before = visible(work.tx, work.caller, id).await?;
        require_open(&before)?;
        let after = Import { state: State::Canceled, ..before.clone() };
        move_on(work, &before, after).await
    })
    .await
}

/// Keeps how far an import has come, and tells of its end.
///
/// # Errors
/// 409 `wrong_offset` when it has moved since `before` was read.
pub(super) async fn move_on(
    work: &mut Work<'_>,
    before: &Import,
    mut after: Import,
) -> Result<Import> {
    after.updated_at = work.now;
    after.percent =
        after.total_bytes.map(|all| (after.offset_bytes * 100).checked_div(all).unwrap_or(100));
    if !sql::advance(work.tx, before.offset_bytes, &after, work.now).await? {
        return Err(Error::conflict("wrong_offset", "Another request moved this import on."));
    }
    if after.state != State::Open {
        let metadata = Json::of(&json!({
            "state": after.state, "created": after.created, "updated": after.updated,
            "unchanged": after.unchanged, "failed": after.failed,
            "dryRun": after.options.dry_run,
        }))?;
        work.announce(after.group_id, "import_finished", after.id, &metadata).await?;
    }
    Ok(after)
}

pub(super) fn require_open(import: &Import) -> Result<()> {
    let ended = match import.state {
        State::Open => return Ok(()),
        State::Done => "This import has come to its end: make a new one.",
        State::Failed => "This import was given up, as its `problem` says: make a new one.",
        State::Canceled => "This import was called off: make a new one.",
    };
    Err(Error::conflict("import_ended", ended))
}

/// An import the caller may go on with, from `offset`.
///
/// # Errors
/// As [`get`]; 409 `import_ended`, or `wrong_offset` naming the right one.
pub(super) async fn open(app: &App, caller: &Caller, id: ImportId, offset: u64) -> Result<Import> {
    let import = get(app, caller, id).await?;
    if import.person_id != caller.person() {
        return Err(Error::forbidden("Only whoever made this import may send its bytes."));
    }
    require_open(&import)?;
    if import.offset_bytes != offset {
        let message = format!("This import goes on with `Upload-Offset: {}`.", import.offset_bytes);
        return Err(Error::conflict("wrong_offset", message));
    }
    Ok(import)
}

async fn visible(tx: &mut Tx, caller: &Caller, id: ImportId) -> Result<Import> {
    access::require_known(caller)?;
    let import = sql::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let place = access::standing(tx, caller, import.group_id).await?;
    let own = import.person_id.is_some() && import.person_id == caller.person();
    // What a key may not make, it does not watch being made.
    let rights = place.rights;
    let shut = rights.is_through_key() && !rights.has(right(&import.options));
    if (own || place.owns) && !shut { Ok(import) } else { Err(Error::not_found()) }
}

/// Refuses whoever may not make such rows in a group. A bundle becomes a group below, with people
/// and roles: that takes an owner of the group, in person.
///
/// # Errors
/// 403.
pub(super) fn require(place: &Standing, options: &Options) -> Result<()> {
    place.require(right(options))?;
    let owns = place.role >= Some(Role::GroupOwner) && !place.rights.is_through_key();
    if options.format != Format::Bundle || owns {
        return Ok(());
    }
    Err(Error::forbidden("Only an owner of this group may import a group below it, in person."))
}

const fn right(options: &Options) -> Right {
    match options.dimension {
        None => Right::GroupsCreate,
        Some(ImportDimension::Things) => Right::ThingsCreate,
        Some(ImportDimension::Connections) => Right::ConnectionsCreate,
        Some(ImportDimension::People) => Right::PeopleCreate,
        Some(ImportDimension::Events) => Right::EventsCreate,
        Some(ImportDimension::Knowledge) => Right::KnowledgeCreate,
    }
}

fn check(options: &Options, total_bytes: Option<u64>) -> Result<()> {
    let is_bundle = options.format == Format::Bundle;
    let keyed = options.key.is_none() || options.dimension == Some(ImportDimension::Things);
    let mapped = options.mapping.is_empty() || options.format == Format::Csv;
    let typed = options.kind.is_none() || !is_bundle;
    let counted = total_bytes.is_none_or(|all| i64::try_from(all).is_ok());
    Checks::new()
        .that(
            is_bundle || options.dimension.is_some(),
            "/dimension",
            "missing_field",
            "is needed: what the rows are.",
        )
        .that(
            !is_bundle || options.dimension.is_none(),
            "/dimension",
            "not_applicable",
            "is not for a bundle, which has all of them.",
        )
        .that(typed, "/type", "not_applicable", "is not for a bundle, whose lines name theirs.")
        .that(keyed, "/key", "not_applicable", "is for things only.")
        .that(mapped, "/mapping", "not_applicable", "is for CSV only.")
        .that(options.mapping.len() <= MAX_COLUMNS, "/mapping", "too_long", "has too many columns.")
        .that(counted, "/totalBytes", "out_of_range", "is more than an import counts.")
        .done()
}

/// Whether an error is about the row, a quota that leaves no room for it among them: smaller or
/// changed ones may fit. Anything else — a full disk, a lost race, a right that was taken away — is
/// no reason to pass over a row: the request fails and can be sent again.
pub(super) fn is_about_row(error: &Error) -> bool {
    use ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::Malformed
            | Kind::NotFound
            | Kind::Conflict
            | Kind::TooLarge
            | Kind::Invalid
            | Kind::QuotaSpent
    )
}
