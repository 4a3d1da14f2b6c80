//! Everybody reads and changes their own.

use database::Tx;
use kernel::access;
use kernel::events::NewEvent;
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, Json, PersonId, Result};
use web::Patch;

use super::model::{Preferences, PreferencesChange, Theme};
use super::{check, sql};
use crate::changes::Changes;

/// What the caller likes.
///
/// # Errors
/// 401; 403 for an API key.
pub async fn get(app: &App, caller: &Caller) -> Result<Preferences> {
    let me = themselves(caller)?;
    app.store(caller).read(async move |tx| stored(tx, me).await).await
}

/// Changes what the caller likes.
///
/// # Errors
/// As [`get`]; 422 naming what may be chosen.
pub async fn update(app: &App, caller: &Caller, change: PreferencesChange) -> Result<Preferences> {
    let me = themselves(caller)?;
    app.change(caller, async move |work| update_in(work, me, &change).await).await
}

async fn update_in(
    work: &mut Work<'_>,
    me: PersonId,
    change: &PreferencesChange,
) -> Result<Preferences> {
    let before = stored(work.tx, me).await?;
    let after = apply(&before, change)?;
    let mut changes = Changes::default();
    changes.note("theme", before.theme, after.theme);
    changes.note("language", &before.language, &after.language);
    changes.note("timeZone", &before.time_zone, &after.time_zone);
    if changes.is_empty() {
        return Ok(after);
    }
    sql::update(work.tx, me, &Json::of(&after)?, work.now).await?;
    let home = work.caller.personal_group();
    let home = home.ok_or_else(|| Error::internal("a person without a group of their own"))?;
    let metadata = Json::of(&json!({ "changes": changes }))?;
    let event = NewEvent::new(home, "preferences_updated", Some(me.into()), &metadata);
    work.record(event.about("private", Some(me))).await?;
    Ok(after)
}

fn apply(before: &Preferences, change: &PreferencesChange) -> Result<Preferences> {
    let mut after = before.clone();
    if let Some(theme) = change.theme.sent() {
        after.theme = theme.unwrap_or(Theme::System);
    }
    if let Some(language) = change.language.clone().sent() {
        language.as_deref().map_or(Ok(()), check::language)?;
        after.language = language;
    }
    match &change.time_zone {
        Patch::Absent => {}
        Patch::Null => after.time_zone = None,
        Patch::Set(name) => after.time_zone = Some(check::time_zone(name)?),
    }
    Ok(after)
}

async fn stored(tx: &mut Tx, me: PersonId) -> Result<Preferences> {
    let chosen = sql::find(tx, me).await?;
    let chosen = chosen.map(|chosen| serde_json::from_str(chosen.as_str())).transpose()?;
    Ok(chosen.unwrap_or_default())
}

/// A person in their own name: a program has no taste.
fn themselves(caller: &Caller) -> Result<PersonId> {
    access::require_known(caller)?;
    caller.person().filter(|_| caller.identity().key.is_none()).ok_or_else(|| {
        Error::forbidden("Preferences are a person's own: sign in, without an API key.")
    })
}
