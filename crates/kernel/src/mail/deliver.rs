//! The job that delivers one letter.

use std::time::Duration;

use serde::Deserialize;
use types::{Result, Time};
use uuid::Uuid;

use super::mailbox::Received;
use super::{Letter, Mail, slot, sql};
use crate::App;
use crate::jobs::{self, Job};

/// Longer than any letter is tried: what still waits then was given up with its job.
const STALE: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    mail_id: Uuid,
}

/// Sends a letter that still waits. One that never will be sent does not wait on: it holds a live
/// link.
pub(super) async fn deliver(app: App, job: Job) -> Result<()> {
    let Payload { mail_id } = serde_json::from_str(job.payload.as_str())?;
    let meter = &app.meters().mail;
    let sent = match waiting(&app, mail_id).await {
        Ok(None) => return Ok(()),
        Ok(Some((letter, written_at))) => send(&app, mail_id, &letter, written_at).await,
        // It cannot be opened.
        Err(error) => Err(error),
    };
    let again = sent.as_ref().is_err_and(|error| !job.is_last() && !jobs::is_hopeless(error));
    match &sent {
        Ok(()) if !matches!(app.mail, Mail::Nowhere) => &meter.sent,
        Err(_) if again => &meter.failed,
        _ => &meter.lost,
    }
    .one();
    if !again {
        gone(&app, mail_id).await?;
    }
    sent
}

async fn send(app: &App, id: Uuid, letter: &Letter, written_at: Time) -> Result<()> {
    match &app.mail {
        Mail::Nowhere => {
            tracing::warn!(
                kind = letter.kind,
                "no way to send mail is configured: a letter is lost"
            );
            Ok(())
        }
        Mail::Smtp(smtp) => {
            let written = app.letters.write(letter)?;
            smtp.send(id, written_at, letter, &written).await
        }
        Mail::Mailbox(mailbox) => {
            let written = app.letters.write(letter)?;
            mailbox.receive(Received {
                kind: letter.kind.clone(),
                to: letter.to.clone(),
                subject: written.subject,
                url: letter.url.clone(),
                token: letter.token.clone(),
                unsubscribe: letter.unsubscribe.clone(),
                code: letter.code.clone(),
                text: written.text,
                html: written.html,
                at: app.now(),
            });
            Ok(())
        }
    }
}

/// Reads a waiting letter and when it was written; none when it was sent already.
async fn waiting(app: &App, id: Uuid) -> Result<Option<(Letter, Time)>> {
    let vault = app.vault.clone();
    app.db
        .unbound()
        .read(async move |tx| {
            let Some((sealed, at)) = sql::find(tx, id).await? else { return Ok(None) };
            let text = vault.open(tx, slot(id), &sealed).await?;
            Ok(Some((serde_json::from_slice(text.reveal())?, at)))
        })
        .await
}

/// Takes a letter out of the store, and those that somehow outlived their jobs.
async fn gone(app: &App, id: Uuid) -> Result<()> {
    let stale = app.now().before(STALE);
    app.db
        .unbound()
        .write(async move |tx| {
            sql::delete(tx, id).await?;
            sql::delete_before(tx, stale).await
        })
        .await
}
