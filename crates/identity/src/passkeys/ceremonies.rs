//! The answers of authenticators: a new passkey, and signing in with one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::mail::Letter;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Checks, Error, ErrorKind, PasskeyId, Result, UserId};
use uuid::Uuid;
use web::Origins;
use webauthn::{Assertion, Expected, Refusal};

use super::answers::{self, SignIn};
use super::model::{Passkey, VerifyRegistration};
use super::rules::{MOST, NAME_MAX};
use super::sql::{self, Stored};
use crate::IdentityApp;
use crate::accounts::{self, Account};
use crate::audit;
use crate::challenges::{self, Purpose};
use crate::entry::{self, Entered, Entry, Way};
use crate::sessions::{self, Device, Minted, Session, Surface, fresh};
use crate::tries;

/// A challenge that was taken: nobody else can answer it any more.
struct Challenge {
    bytes: Vec<u8>,
    user: Option<UserId>,
}

/// Takes the challenge a cookie names, in a transaction of its own: it is spent whatever the
/// answer turns out to be.
async fn take(
    house: &IdentityApp,
    caller: &Caller,
    purpose: Purpose,
    cookie: Option<&str>,
) -> Result<Challenge> {
    let cookie = cookie.ok_or_else(challenge_not_found)?.to_owned();
    let inside = house.clone();
    let taken = house
        .change_unbound(caller, async move |work| {
            work.silently();
            let now = work.now;
            challenges::take(work.tx, &inside, purpose, &cookie, now).await
        })
        .await?
        .ok_or_else(challenge_not_found)?;
    let payload: serde_json::Value = serde_json::from_str(taken.payload.as_str())?;
    let bytes = URL_SAFE_NO_PAD.decode(payload["challenge"].as_str().unwrap_or_default())?;
    Ok(Challenge { bytes, user: taken.user })
}

/// Runs a check with what this house expects of every answer.
fn checked<T>(
    house: &IdentityApp,
    challenge: &Challenge,
    check: impl FnOnce(&Expected<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let app = Origins::default().with(house.app_url());
    let origin = |origin: &str| {
        house.parts.origins.allows(origin.as_bytes()) || app.allows(origin.as_bytes())
    };
    check(&Expected {
        challenge: &challenge.bytes,
        rp_id: &house.rp_id(),
        origin: &origin,
        user_verification: true,
    })
}

/// Adds a passkey for whoever is signed in, and begins a session where one is asked for.
///
/// # Errors
/// 401; 403 `session_not_fresh`; 400 `challenge_not_found`, `failed_to_verify_registration`,
/// `previously_registered`; 401 `you_are_not_allowed_to_register_this_passkey`; 409
/// `too_many_passkeys`; 422 for the name.
pub(super) async fn register(
    house: &IdentityApp,
    caller: &Caller,
    form: VerifyRegistration,
    cookie: Option<&str>,
    device: Device,
) -> Result<(Passkey, Option<(Entered, Session)>)> {
    let user = fresh(house, caller)?.user;
    let name = form.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = name.map(str::to_owned);
    let mut checks = Checks::new();
    checks.text("/name", name.as_deref().unwrap_or("-"), 1, NAME_MAX);
    checks.done()?;
    let challenge = take(house, caller, Purpose::PasskeyRegistration, cookie).await?;
    if challenge.user != Some(user) {
        return Err(Error::new(
            ErrorKind::Unauthenticated,
            "you_are_not_allowed_to_register_this_passkey",
            "This passkey was begun by somebody else; begin again.",
        ));
    }
    let answer = answers::registration(form.response).map_err(unregistered)?;
    let credential = checked(house, &challenge, |expected| {
        webauthn::register(expected, &answer.client_data, &answer.attestation)
    })
    .map_err(unregistered)?;
    if credential.id != answer.id {
        return Err(unregistered(Refusal::Credential));
    }
    let aaguid = Uuid::from_bytes(credential.aaguid).to_string();
    let begin = form.create_session.unwrap_or(false);
    let (inside, minted) = (house.clone(), Minted::new(house, Surface::Opaque, true));
    house
        .change_unbound(caller, async move |work| {
            let account = account(work, user).await?;
            let id = PasskeyId(work.id());
            let row = sql::NewRow {
                id,
                user,
                name: name.as_deref(),
                credential: &credential,
                transports: &answer.transports,
                aaguid: &aaguid,
                now: work.now,
            };
            let passkey = add(work, &account, &row).await?;
            if !begin {
                return Ok((passkey, None));
            }
            match entry::enter(work, &inside, user, Way::Passkey, &minted, &device).await? {
                Entry::In(entered) => {
                    let session = view(work, &entered).await?;
                    Ok((passkey, Some((*entered, session))))
                }
                Entry::SecondFactor(_) => Ok((passkey, None)),
            }
        })
        .await
}

async fn add(work: &mut Work<'_>, account: &Account, row: &sql::NewRow<'_>) -> Result<Passkey> {
    let has = sql::list(work.tx, row.user, MOST).await?.len();
    if i64::try_from(has).unwrap_or(MOST) >= MOST {
        return Err(Error::conflict(
            "too_many_passkeys",
            "This account has as many passkeys as it may; remove one first.",
        ));
    }
    if !sql::insert(work.tx, row).await? {
        return Err(Error::new(
            ErrorKind::Malformed,
            "previously_registered",
            "This authenticator is registered already.",
        ));
    }
    let told = json!({ "passkeyId": row.id, "algorithm": row.credential.algorithm.number() });
    audit::tell(work, account.login(), "passkey_added", told).await?;
    let letter = Letter::new("passkey_added", &account.email).name(&account.name);
    work.post(&letter.fact("passkey", row.name.unwrap_or_default())).await?;
    sql::find(work.tx, row.user, row.id).await?.ok_or_else(Error::not_found)
}

/// Signs in with a passkey: something one has, unlocked by who one is or what one knows.
///
/// # Errors
/// 400 `challenge_not_found`, `authentication_failed`; 401 `passkey_not_found`,
/// `authentication_failed`; 403 `banned_user`; 429.
pub(super) async fn sign_in(
    house: &IdentityApp,
    caller: &Caller,
    response: serde_json::Value,
    cookie: Option<&str>,
    device: Device,
) -> Result<(Entered, Session)> {
    tries::count(house, "passkey", &device)?;
    let challenge = take(house, caller, Purpose::PasskeyAuthentication, cookie).await?;
    let answer = answers::sign_in(response).map_err(unauthenticated)?;
    let id = answer.id.clone();
    let stored = house.db.unbound().read(async move |tx| sql::by_credential(tx, &id).await).await?;
    let stored = stored.ok_or_else(|| {
        let sentence = "This passkey is not known here; sign in another way.";
        Error::new(ErrorKind::Unauthenticated, "passkey_not_found", sentence)
    })?;
    let used = match checked(house, &challenge, |expected| {
        prove(expected, &challenge, &answer, &stored)
    }) {
        Ok(used) => used,
        Err(refusal) => {
            tell_refusal(house, caller, &stored, refusal).await?;
            return Err(unauthenticated(refusal));
        }
    };
    let (inside, minted) = (house.clone(), Minted::new(house, Surface::Opaque, true));
    house
        .change_unbound(caller, async move |work| {
            let now = work.now;
            if !sql::note_use(work.tx, stored.id, used, now).await? {
                return Err(unauthenticated(Refusal::Counter));
            }
            let entry =
                entry::enter(work, &inside, stored.user, Way::Passkey, &minted, &device).await?;
            let Entry::In(entered) = entry else { return Err(unauthenticated(Refusal::Key)) };
            let told = json!({ "passkeyId": stored.id });
            audit::tell(work, entered.account.login(), "passkey_used", told).await?;
            let session = view(work, &entered).await?;
            Ok((*entered, session))
        })
        .await
}

fn prove(
    expected: &Expected<'_>,
    challenge: &Challenge,
    answer: &SignIn,
    stored: &Stored,
) -> Result<webauthn::Used, Refusal> {
    // Section 7.2, step 6: whoever is named, by the challenge or by the answer, owns it.
    let owner = stored.user.0;
    if challenge.user.is_some_and(|user| user.0 != owner)
        || answer.user_handle.as_ref().is_some_and(|handle| handle != owner.as_bytes())
        || (challenge.user.is_none() && answer.user_handle.is_none())
    {
        return Err(Refusal::Credential);
    }
    let known = webauthn::Stored {
        public_key: &stored.public_key,
        counter: u32::try_from(stored.counter).unwrap_or(u32::MAX),
        backup_eligible: stored.multi_device,
    };
    let assertion = Assertion {
        client_data: &answer.client_data,
        authenticator_data: &answer.authenticator_data,
        signature: &answer.signature,
    };
    webauthn::authenticate(expected, &known, &assertion)
}

/// Whose passkey it was is known. Where the signature was right and the counter was not, somebody
/// may have a copy.
async fn tell_refusal(
    house: &IdentityApp,
    caller: &Caller,
    stored: &Stored,
    refusal: Refusal,
) -> Result<()> {
    let (id, user) = (stored.id, stored.user);
    let reason = refusal.to_string().to_lowercase();
    house
        .change_unbound(caller, async move |work| {
            let account = account(work, user).await?;
            let told = json!({ "passkeyId": id, "reason": reason });
            audit::tell(work, account.login(), "passkey_refused", told).await
        })
        .await
}

async fn account(work: &mut Work<'_>, user: UserId) -> Result<Account> {
    accounts::view(work.tx, user).await?.ok_or_else(Error::unauthenticated)
}

async fn view(work: &mut Work<'_>, entered: &Entered) -> Result<Session> {
    sessions::view(work.tx, entered.session).await?.ok_or_else(Error::unauthenticated)
}

fn challenge_not_found() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "challenge_not_found",
        "The passkey's challenge was answered already, or has expired; begin again.",
    )
}

fn unregistered(refusal: Refusal) -> Error {
    tracing::debug!(%refusal, "a passkey was not registered");
    Error::new(
        ErrorKind::Malformed,
        "failed_to_verify_registration",
        "What the authenticator answered will not do; begin again.",
    )
}

fn unauthenticated(refusal: Refusal) -> Error {
    tracing::debug!(%refusal, "a passkey was refused");
    let kind = match refusal {
        Refusal::Signature => ErrorKind::Unauthenticated,
        _ => ErrorKind::Malformed,
    };
    let sentence = "The passkey could not be verified; begin again, or sign in another way.";
    Error::new(kind, "authentication_failed", sentence)
}
