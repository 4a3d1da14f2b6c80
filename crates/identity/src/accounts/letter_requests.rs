//! Letters that anybody may ask for, for any address: to reset a password, to verify an address.
//!
//! The request looks nobody up. It stores the same row for every address — a job with the address
//! sealed by the vault, since what a job is given stays readable in the store for days — and
//! answers; the job then finds out whether there is an account. So status, body and work of the
//! request cannot depend on it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::jobs::{Job, NewJob};
use kernel::mail::Letter;
use kernel::vault::Slot;
use kernel::{App, Caller, Work};
use serde::{Deserialize, Serialize};
use serde_json::json;
use types::{Error, Json, Result, Time};
use uuid::Uuid;

use super::{address, sql};
use crate::IdentityApp;
use crate::audit;
use crate::challenges::{self, Purpose};
use crate::sessions::Device;
use crate::token::Token;
use crate::tries;

/// The job that answers one request.
pub(crate) const LETTER_REQUEST: &str = "identity.letter_request";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Wanted {
    PasswordReset,
    Verification,
}

/// A request as it waits: all the job needs, so that it makes nothing up when it runs twice.
#[derive(Serialize, Deserialize)]
struct Request {
    wanted: Wanted,
    email: String,
    token: String,
    token_hash: [u8; 32],
    url: String,
    expires_at: i64,
}

/// What the job is given.
#[derive(Serialize, Deserialize)]
struct Waiting {
    id: Uuid,
    sealed: String,
}

impl IdentityApp {
    /// Where a letter that verifies an address leads.
    pub(super) fn verification_link(&self, token: &str, callback: Option<&str>) -> String {
        let mut query = vec![("token", token)];
        query.extend(callback.map(|url| ("callbackURL", url)));
        self.link("/v1/auth/verify-email", &query)
    }

    /// Where a letter that resets a password leads.
    fn reset_link(&self, token: &str, redirect_to: Option<&str>) -> String {
        let path = format!("/v1/auth/reset-password/{token}");
        match redirect_to {
            Some(url) => self.link(&path, &[("callbackURL", url)]),
            None => format!("{}{path}", self.parts.public_url),
        }
    }

    /// How long a link that verifies an address is good.
    pub(super) fn verification_life(&self) -> Duration {
        Duration::from_secs(u64::from(self.parts.settings.verification_hours) * 3_600)
    }
}

/// Asks for a letter.
///
/// # Errors
/// 422 `invalid_email`; 403 for a foreign `callback`; 429.
pub(super) async fn ask(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    wanted: Wanted,
    email: &str,
    callback: Option<&str>,
) -> Result<()> {
    let email = address::checked("/email", email)?;
    house.check_callback(callback)?;
    tries::count_letter(house, device, &email)?;
    let token = Token::mint(&house.random, "").text.reveal().clone();
    let (purpose, url, life) = match wanted {
        Wanted::PasswordReset => {
            let minutes = u64::from(house.parts.settings.reset_minutes);
            let url = house.reset_link(&token, callback);
            (Purpose::PasswordReset, url, Duration::from_secs(minutes * 60))
        }
        Wanted::Verification => {
            let url = house.verification_link(&token, callback);
            (Purpose::EmailVerification, url, house.verification_life())
        }
    };
    let token_hash = house.challenge_hash(purpose, &token);
    let expires_at = house.now().after(life).micros();
    let text = serde_json::to_vec(&Request { wanted, email, token, token_hash, url, expires_at })?;
    house
        .change_unbound(caller, async move |work| {
            work.silently();
            let (id, now) = (work.id(), work.now);
            let vault = work.app().vault.clone();
            let sealed = vault.seal(work.tx, now, slot(id), &text).await?;
            let waiting = Waiting { id, sealed: STANDARD.encode(sealed) };
            work.enqueue(NewJob::new(LETTER_REQUEST, Json::of(&waiting)?)).await
        })
        .await
}

/// Answers a request: with a letter if there is an account for it, else not at all.
pub(crate) async fn answer_letter_request(app: App, job: Job) -> Result<()> {
    let Waiting { id, sealed } = serde_json::from_str(job.payload.as_str())?;
    let sealed = STANDARD.decode(sealed).map_err(Error::internal)?;
    app.change(&Caller::system(LETTER_REQUEST), async move |work| {
        let vault = work.app().vault.clone();
        let text = vault.open(work.tx, slot(id), &sealed).await?;
        let request: Request = serde_json::from_slice(text.reveal())?;
        answer(work, &request).await
    })
    .await
}

async fn answer(work: &mut Work<'_>, request: &Request) -> Result<()> {
    work.silently();
    let expires_at = Time::from_micros(request.expires_at);
    let Some(account) = sql::view_by_email(work.tx, &request.email).await? else { return Ok(()) };
    let (purpose, kind, event) = match request.wanted {
        Wanted::Verification if account.email_verified => return Ok(()),
        Wanted::Verification => {
            (Purpose::EmailVerification, "email_verification", "email_verification_sent")
        }
        Wanted::PasswordReset => {
            (Purpose::PasswordReset, "password_reset", "password_reset_requested")
        }
    };
    let payload = Json::of(&json!({ "email": &account.email }))?;
    let hash = &request.token_hash;
    // A job may run twice; its letter is written once.
    if expires_at <= work.now
        || !challenges::issue_hashed(work, purpose, hash, account.id, &payload, expires_at).await?
    {
        return Ok(());
    }
    let letter = Letter::new(kind, &account.email)
        .name(&account.name)
        .link(request.url.clone(), &request.token);
    work.post(&letter).await?;
    audit::tell(work, account.login(), event, json!({})).await
}

fn slot(id: Uuid) -> Slot<'static> {
    Slot {
        purpose: "letter request",
        tenant: Uuid::nil(),
        owner: Uuid::nil(),
        object: id,
        field: "payload",
        version: 0,
    }
}
