//! What an authenticator is asked for, and the challenge that waits for its answer.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Caller;
use serde_json::json;
use types::{Checks, Error, Json, Result, Secret, UserId};
use url::Url;
use webauthn::ALGORITHMS;

use super::model::{
    AuthenticateOptions, Descriptor, Extensions, Owner, Parameter, Party, Passkey, RegisterOptions,
    RegisterQuery, Selection,
};
use super::rules::{MOST, NAME_MAX};
use super::sql;
use crate::IdentityApp;
use crate::accounts;
use crate::challenges::{self, Purpose};
use crate::sessions::{Device, fresh, present};
use crate::tries;

impl IdentityApp {
    /// The domain passkeys belong to.
    pub(super) fn rp_id(&self) -> String {
        rp_id(&self.parts.settings.passkey_rp_id, self.app_url())
    }

    fn passkey_life(&self) -> Duration {
        Duration::from_secs(u64::from(self.parts.settings.passkey_seconds))
    }

    fn passkey_timeout(&self) -> u64 {
        u64::from(self.parts.settings.passkey_seconds) * 1_000
    }
}

/// The given one, or the host of the app's address.
fn rp_id(given: &str, app_url: &str) -> String {
    if !given.is_empty() {
        return given.to_owned();
    }
    let host = Url::parse(app_url).ok();
    match host.as_ref().and_then(Url::host) {
        Some(url::Host::Domain(domain)) => domain.to_owned(),
        // Browsers take no address for a domain; at home it is this machine.
        _ => "localhost".to_owned(),
    }
}

fn descriptor(passkey: &Passkey) -> Descriptor {
    let transports = passkey.transports.as_deref().unwrap_or_default();
    Descriptor {
        id: passkey.credential_id.clone(),
        r#type: "public-key",
        transports: transports
            .split(',')
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}

/// Stores a new challenge; the token that names it, and the challenge itself.
async fn challenge(
    house: &IdentityApp,
    caller: &Caller,
    purpose: Purpose,
    user: Option<UserId>,
) -> Result<(Secret<String>, String)> {
    let challenge = URL_SAFE_NO_PAD.encode(house.random.bytes::<32>());
    let payload = Json::of(&json!({ "challenge": challenge }))?;
    let (inside, life) = (house.clone(), house.passkey_life());
    let token = house
        .change_unbound(caller, async move |work| {
            work.silently();
            challenges::issue(work, &inside, purpose, user, &payload, life).await
        })
        .await?;
    Ok((token, challenge))
}

/// What to ask for a new passkey of whoever is signed in, and proved it a short while ago.
///
/// # Errors
/// 401; 403 `session_not_fresh`; 422 for the query.
pub(super) async fn register(
    house: &IdentityApp,
    caller: &Caller,
    query: RegisterQuery,
) -> Result<(Secret<String>, RegisterOptions)> {
    let user = fresh(house, caller)?.user;
    let mut checks = Checks::new();
    if let Some(attachment) = &query.authenticator_attachment {
        let known = ["platform", "cross-platform"];
        checks.one_of("authenticatorAttachment", attachment, &known);
    }
    if let Some(name) = &query.name {
        checks.text("name", name, 1, NAME_MAX);
    }
    checks.done()?;
    let (account, passkeys) = house
        .db
        .unbound()
        .read(async move |tx| {
            let account = accounts::view(tx, user).await?.ok_or_else(Error::unauthenticated)?;
            Ok((account, sql::list(tx, user, MOST).await?))
        })
        .await?;
    let purpose = Purpose::PasskeyRegistration;
    let (token, challenge) = challenge(house, caller, purpose, Some(user)).await?;
    let options = RegisterOptions {
        challenge,
        rp: Party { name: house.parts.settings.service_name.clone(), id: house.rp_id() },
        user: Owner {
            id: URL_SAFE_NO_PAD.encode(user.0.as_bytes()),
            name: query.name.unwrap_or_else(|| account.email.clone()),
            display_name: account.name,
        },
        pub_key_cred_params: ALGORITHMS
            .iter()
            .map(|algorithm| Parameter { alg: algorithm.number(), r#type: "public-key" })
            .collect(),
        timeout: house.passkey_timeout(),
        attestation: "none",
        exclude_credentials: passkeys.iter().map(descriptor).collect(),
        authenticator_selection: Selection {
            authenticator_attachment: query.authenticator_attachment,
            resident_key: "required",
            require_resident_key: true,
            user_verification: "required",
        },
        extensions: Extensions { cred_props: true },
        hints: Vec::new(),
    };
    Ok((token, options))
}

/// What to ask for signing in: of anybody, or of whoever is signed in, to prove it again.
///
/// # Errors
/// 429 after too many tries from one address.
pub(super) async fn authenticate(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
) -> Result<(Secret<String>, AuthenticateOptions)> {
    tries::count(house, "passkey_options", device)?;
    let user = present(caller).ok().map(|who| who.user);
    let passkeys = match user {
        Some(user) => {
            house.db.unbound().read(async move |tx| sql::list(tx, user, MOST).await).await?
        }
        None => Vec::new(),
    };
    let purpose = Purpose::PasskeyAuthentication;
    let (token, challenge) = challenge(house, caller, purpose, user).await?;
    let options = AuthenticateOptions {
        challenge,
        rp_id: house.rp_id(),
        timeout: house.passkey_timeout(),
        user_verification: "required",
        allow_credentials: (!passkeys.is_empty())
            .then(|| passkeys.iter().map(descriptor).collect()),
    };
    Ok((token, options))
}

#[cfg(test)]
mod tests {
    use super::rp_id;

    #[test]
    fn passkeys_belong_to_the_apps_domain_unless_another_is_given() {
        for (given, app_url, id) in [
            ("", "https://app.example.com", "app.example.com"),
            ("", "https://APP.example.com:8443", "app.example.com"),
            ("example.com", "https://app.example.com", "example.com"),
            ("", "http://localhost:8080", "localhost"),
            ("", "http://127.0.0.1:8080", "localhost"),
            ("", "http://[::1]:8080", "localhost"),
        ] {
            assert_eq!(rp_id(given, app_url), id);
        }
    }
}
