//! The verbs: come back, sign in by an id token, link by one.

use std::sync::Arc;

use kernel::Caller;
use serde::Deserialize;
use types::{Error, ErrorKind, Result};

use super::arrive::{self, Arrival, Brought};
use super::flow::{self, Flow, Linking};
use super::grants::{self, Grant};
use super::id_token::{self, Expected};
use super::model::{Returned, SocialIdToken, SocialUser};
use super::profile;
use super::provider::Provider;
use super::start::{limited, word};
use crate::IdentityApp;
use crate::callback::with_query;
use crate::challenges::{self, Purpose};
use crate::entry::Entry;
use crate::sessions::{self, Device, Minted, Surface};
use crate::token::same;
use crate::tries;

/// The longest code a provider may give.
const CODE_BYTES: usize = 8 * 1024;
/// No state of ours is longer.
const STATE_BYTES: usize = 256;
/// The longest name Apple may send along.
const USER_BYTES: usize = 2 * 1024;

/// Where somebody goes who came back, and what they are given.
pub(super) struct Back {
    pub(super) location: String,
    /// None: they linked an account, or it failed.
    pub(super) entry: Option<Entry>,
}

/// Who may link, and how sure one is of them.
///
/// # Errors
/// 401 for nobody and for API keys; 403 `impersonating`.
pub(super) fn linker(house: &IdentityApp, caller: &Caller) -> Result<Linking> {
    let who = sessions::present(caller)?;
    sessions::not_impersonating(caller)?;
    let fresh = sessions::fresh(house, caller).is_ok();
    Ok(Linking { user: who.user, session: who.session, fresh })
}

/// Comes back from a provider: every failure is told to the page the browser goes on to.
pub(super) async fn come_back(
    house: &IdentityApp,
    caller: &Caller,
    device: Device,
    id: &str,
    returned: Returned,
    secret: Option<&str>,
) -> Back {
    let mut flow = None;
    match travel(house, caller, device, id, returned, secret, &mut flow).await {
        Ok((entry, new)) => {
            let flow = flow.unwrap_or_else(Flow::nowhere);
            let first = if new { flow.new_user } else { None };
            let mut location = first.or(flow.callback).unwrap_or_else(|| home(house));
            if matches!(entry, Some(Entry::SecondFactor(_))) {
                location = with_query(&location, &[("error", "two_factor_required")]);
            }
            Back { location, entry }
        }
        Err(error) => {
            tracing::warn!(
                provider = house.providers.get(id).as_deref().map_or("unknown", |known| &known.id),
                error_code = word(&error),
                cause = error.cause(),
                "signing in at a provider failed"
            );
            let to = flow.and_then(|flow| flow.error.or(flow.callback));
            let query = [("error", word(&error))];
            let location = match to {
                Some(to) => with_query(&to, &query),
                None => house.link("/v1/auth/error", &query),
            };
            Back { location, entry: None }
        }
    }
}

fn home(house: &IdentityApp) -> String {
    format!("{}/", house.app_url())
}

impl Flow {
    fn nowhere() -> Self {
        Self {
            provider: String::new(),
            browser: String::new(),
            callback: None,
            new_user: None,
            error: None,
            link: None,
        }
    }
}

/// The whole way; `known` is what was remembered of it, as soon as that may be trusted.
async fn travel(
    house: &IdentityApp,
    caller: &Caller,
    device: Device,
    id: &str,
    returned: Returned,
    secret: Option<&str>,
    known: &mut Option<Flow>,
) -> Result<(Option<Entry>, bool)> {
    tries::count(house, "oauth_back", &device)?;
    let state = returned
        .state
        .as_deref()
        .filter(|state| !state.is_empty() && state.len() <= STATE_BYTES)
        .ok_or_else(|| failure("state_not_found", "The provider sent no state; start again."))?
        .to_owned();
    let secret = secret.filter(|secret| !secret.is_empty()).ok_or_else(mismatch)?;
    let flow = take(house, caller, &state).await?;
    // Another browser's: it is spent all the same, and told nothing about.
    if !flow.left_from(secret) {
        return Err(mismatch());
    }
    let (provider, linking) = (flow.provider.clone(), flow.link);
    *known = Some(flow);
    if provider != id {
        return Err(mismatch());
    }
    let provider = house.providers.get(id).ok_or_else(|| {
        failure("oauth_provider_not_found", "This server knows the provider no longer.")
    })?;
    let arrival = arrived(house, &provider, returned, secret, &state).await?;
    match linking {
        Some(linking) => {
            link(house, caller, arrival, linking).await?;
            Ok((None, false))
        }
        None => {
            let (entry, new) = enter(house, caller, arrival, device).await?;
            Ok((Some(entry), new))
        }
    }
}

/// Exchanges the code for who it is.
async fn arrived(
    house: &IdentityApp,
    provider: &Provider,
    returned: Returned,
    secret: &str,
    state: &str,
) -> Result<Arrival> {
    issuer(house, provider, returned.iss.as_deref()).await?;
    if let Some(error) = returned.error {
        return Err(failure(plain(&error), "The provider says no."));
    }
    let code = returned.code.filter(|code| !code.is_empty() && code.len() <= CODE_BYTES);
    let code = code.ok_or_else(|| failure("no_code", "The provider sent no code; start again."))?;

    let verifier = flow::verifier(secret, state);
    let grant = grants::exchange(house, provider, &code, &verifier).await.map_err(|error| {
        failure("invalid_code", "The provider does not accept its code.").caused_by(told(&error))
    })?;
    let nonce = flow::nonce(secret, state);
    let found = profile::of_grant(house, provider, &grant, &nonce).await;
    let mut profile = found.map_err(|error| {
        failure("unable_to_get_user_info", "The provider does not say who you are.")
            .caused_by(told(&error))
    })?;
    if let Some(name) = returned.user.as_deref().and_then(first_name)
        && profile.name.is_empty()
    {
        profile.name = name;
    }
    Ok(Arrival { provider: provider.id.clone(), profile, grant: Some(grant), brought: None })
}

/// Takes the state, exactly once; one that nobody left with costs no write.
async fn take(house: &IdentityApp, caller: &Caller, state: &str) -> Result<Flow> {
    let (inside, looked, now) = (house.clone(), state.to_owned(), house.now());
    let there = house
        .db
        .unbound()
        .read(async move |tx| {
            challenges::look(tx, &inside, Purpose::OAuthState, &looked, now).await
        })
        .await?;
    if there.is_none() {
        return Err(mismatch());
    }
    let (inside, state) = (house.clone(), state.to_owned());
    let taken = house
        .change_unbound(caller, async move |work| {
            work.silently();
            let now = work.now;
            challenges::take(work.tx, &inside, Purpose::OAuthState, &state, now).await
        })
        .await?;
    let taken = taken.ok_or_else(mismatch)?;
    Ok(serde_json::from_str(taken.payload.as_str())?)
}

/// The answer is from whom it was asked of (RFC 9207): else one provider's code would be shown to
/// another.
async fn issuer(house: &IdentityApp, provider: &Provider, iss: Option<&str>) -> Result<()> {
    if !provider.is_openid() {
        return Ok(());
    }
    match iss {
        Some(iss) if provider.issuer.base().is_some_and(|own| same(&own, iss)) => Ok(()),
        // Of many directories, each names itself; which one it was, the id token says.
        Some(iss) if provider.issuer.issued(iss, directory(iss)) => Ok(()),
        Some(_) => Err(failure("issuer_mismatch", "Another provider answers; start again.")),
        None if provider.description(house).await?.names_itself => {
            Err(failure("issuer_missing", "The provider does not name itself; start again."))
        }
        None => Ok(()),
    }
}

/// The directory in an issuer of Microsoft's.
fn directory(iss: &str) -> Option<&str> {
    iss.strip_suffix("/v2.0")?.rsplit('/').next()
}

/// Lets whoever arrives in.
async fn enter(
    house: &IdentityApp,
    caller: &Caller,
    arrival: Arrival,
    device: Device,
) -> Result<(Entry, bool)> {
    let mut minted = Minted::new(house, Surface::Opaque, true);
    minted.provider = Some(Arc::from(arrival.provider.as_str()));
    let inside = house.clone();
    house
        .change_unbound(caller, async move |work| {
            arrive::sign_in(work, &inside, &arrival, &minted, &device).await
        })
        .await
}

async fn link(
    house: &IdentityApp,
    caller: &Caller,
    arrival: Arrival,
    linking: Linking,
) -> Result<()> {
    let inside = house.clone();
    house
        .change_unbound(caller, async move |work| {
            arrive::link(work, &inside, &arrival, linking).await
        })
        .await
}

/// Signs in by an id token that an app got by itself.
///
/// # Errors
/// 401 `invalid_token`, `failed_to_get_user_info`, `user_email_not_found`, `oauth_link_error`; 403
/// `email_not_verified`, `banned_user`; 404 `id_token_not_supported`; 429; 503.
pub(super) async fn sign_in_by_token(
    house: &IdentityApp,
    caller: &Caller,
    device: Device,
    provider: &Provider,
    brought: SocialIdToken,
) -> Result<Entry> {
    limited(house, &device)?;
    let arrival = arrival(house, provider, brought).await?;
    let (entry, _) = enter(house, caller, arrival, device).await.map_err(as_answer)?;
    Ok(entry)
}

/// Links the account an id token is about.
///
/// # Errors
/// As [`sign_in_by_token`]; 401 `linking_not_allowed`, `linking_different_emails_not_allowed`; 409
/// `social_account_already_linked`.
pub(super) async fn link_by_token(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    provider: &Provider,
    linking: Linking,
    brought: SocialIdToken,
) -> Result<()> {
    limited(house, device)?;
    let arrival = arrival(house, provider, brought).await?;
    link(house, caller, arrival, linking).await.map_err(as_answer)
}

async fn arrival(
    house: &IdentityApp,
    provider: &Provider,
    brought: SocialIdToken,
) -> Result<Arrival> {
    if !provider.is_openid() {
        return Err(Error::new(
            ErrorKind::NotFound,
            "id_token_not_supported",
            "This provider has no id tokens; go there to sign in.",
        ));
    }
    let access = brought.access_token.as_ref().map(|token| token.reveal().as_str());
    let expected = Expected { nonce: brought.nonce.as_deref(), access_token: access };
    let token = brought.token.reveal();
    let found = profile::of_id_token(house, provider, token, &expected).await;
    let mut profile = found.map_err(as_answer)?;
    if profile.email.is_none() {
        return Err(as_answer(arrive::no_address()));
    }
    if let Some(name) = brought.user.as_ref().and_then(SocialUser::called)
        && profile.name.is_empty()
    {
        profile.name = name;
    }
    let signed = id_token::signed_part(token).to_owned();
    let once = Brought { signed, until: id_token::ends(&profile.data) };
    let grant = brought.access_token.as_ref().map(|access| Grant {
        access: access.reveal().clone(),
        refresh: brought.refresh_token.as_ref().map(|token| token.reveal().clone()),
        id: Some(token.clone()),
        expires_at: brought.expires_at.map(|seconds| seconds.saturating_mul(1_000_000)),
        refresh_expires_at: None,
        scope: None,
    });
    Ok(Arrival { provider: provider.id.clone(), profile, grant, brought: Some(once) })
}

/// The words of redirects in those of answers.
fn as_answer(error: Error) -> Error {
    let (kind, code) = match error.code() {
        "unable_to_get_user_info" => (ErrorKind::Unauthenticated, "failed_to_get_user_info"),
        "email_not_found" => (ErrorKind::Unauthenticated, "user_email_not_found"),
        "account_not_linked" | "signup_disabled" => {
            (ErrorKind::Unauthenticated, "oauth_link_error")
        }
        "email_not_verified" => (ErrorKind::Forbidden, "email_not_verified"),
        "account_already_linked_to_different_user" => {
            (ErrorKind::Conflict, "social_account_already_linked")
        }
        "email_does_not_match" => {
            (ErrorKind::Unauthenticated, "linking_different_emails_not_allowed")
        }
        "unable_to_link_account" => (ErrorKind::Unauthenticated, "linking_not_allowed"),
        _ => return error,
    };
    let message = match error.code() {
        // What that client knows.
        "account_not_linked" => "account not linked".to_owned(),
        "signup_disabled" => "signup disabled".to_owned(),
        _ => error.message().to_owned(),
    };
    Error::new(kind, code, message)
}

/// A provider's word for what went wrong, if it is one of those there are (RFC 6749, 4.1.2.1; OpenID
/// Connect Core, 3.1.2.6). It ends up in an address and in the log, and whoever calls may write
/// anything there.
fn plain(error: &str) -> &'static str {
    const WORDS: [&str; 16] = [
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_request",
        "invalid_request_object",
        "invalid_request_uri",
        "invalid_scope",
        "login_required",
        "registration_not_supported",
        "request_not_supported",
        "request_uri_not_supported",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    ];
    WORDS.into_iter().find(|word| *word == error).unwrap_or("oauth_error")
}

/// The name in what Apple sends along the first time.
fn first_name(user: &str) -> Option<String> {
    if user.len() > USER_BYTES {
        return None;
    }
    let mut json = serde_json::Deserializer::from_str(user);
    SocialUser::deserialize(&mut json).ok()?.called()
}

fn told(error: &Error) -> String {
    error.cause().unwrap_or_else(|| error.code().to_owned())
}

fn mismatch() -> Error {
    failure("state_mismatch", "This is not the browser that left, or it comes too late or again.")
}

fn failure(code: &'static str, message: &'static str) -> Error {
    Error::new(ErrorKind::Unauthenticated, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_there_are_are_passed_on() {
        for word in ["access_denied", "temporarily_unavailable", "consent_required"] {
            assert_eq!(plain(word), word);
        }
        for other in ["", "alice_example_com", "Access_Denied", "access_denied ", "<script>"] {
            assert_eq!(plain(other), "oauth_error", "{other}");
        }
    }
}
