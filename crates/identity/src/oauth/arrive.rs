//! Whose account it is that somebody arrives at from a provider, in one transaction.

use kernel::Work;
use kernel::mail::Letter;
use kernel::vault::Slot;
use serde_json::json;
use types::{AccountId, Error, ErrorKind, Result, Time};

use super::flow::Linking;
use super::grants::Grant;
use super::profile::Profile;
use super::sql::{self, Known, NewRow};
use crate::IdentityApp;
use crate::accounts;
use crate::audit;
use crate::challenges::{self, Purpose};
use crate::entry::{self, Entry, Way};
use crate::sessions::{Device, Login, Minted};

/// Somebody who comes from a provider.
pub(super) struct Arrival {
    /// The provider's id.
    pub(super) provider: String,
    pub(super) profile: Profile,
    /// What was granted; none when an app brought nothing but an id token.
    pub(super) grant: Option<Grant>,
    /// The id token an app brought: it lets in once. None where a code was exchanged.
    pub(super) brought: Option<Brought>,
}

/// An id token that came from an app.
pub(super) struct Brought {
    /// What was signed of it: a signature can be written in several ways.
    pub(super) signed: String,
    /// When it is refused for its age.
    pub(super) until: Time,
}

/// Lets somebody in: to the account that is linked, to the one whose proven address the provider
/// vouches for, or to a new one. True when it is new.
///
/// # Errors
/// 401 `account_not_linked`, `email_not_found`, `email_not_verified`, `signup_disabled`,
/// `invalid_token`; 403 `banned_user`.
pub(super) async fn sign_in(
    work: &mut Work<'_>,
    house: &IdentityApp,
    arrival: &Arrival,
    minted: &Minted,
    device: &Device,
) -> Result<(Entry, bool)> {
    once(work, house, arrival).await?;
    let Arrival { provider, profile, .. } = arrival;
    let found = sql::by_account(work.tx, provider, &profile.issuer, &profile.subject).await?;
    if let Some(held) = found {
        let known = sql::by_user(work.tx, held.user).await?.ok_or_else(accounts::wrong)?;
        if profile.email_verified && profile.has_address(&known.email) {
            owner_arrived(work, &known, Some(held.id)).await?;
        }
        keep(work, known.login, held.id, held.tokens.as_deref(), arrival).await?;
        let entry = entry::enter(work, house, held.user, Way::OAuth, minted, device).await?;
        return Ok((entry, false));
    }
    let email = profile.email.as_deref().ok_or_else(no_address)?;
    if let Some(known) = sql::by_email(work.tx, email).await? {
        return Ok((by_address(work, house, arrival, &known, minted, device).await?, false));
    }
    let login = create(work, house, arrival, email).await?;
    attach(work, login, arrival).await?;
    Ok((entry::enter(work, house, login.user, Way::OAuth, minted, device).await?, true))
}

/// Lets in to an account that has the address. It is linked only when that is all it takes: who
/// still has to show a second factor may be anybody with the mailbox, and what they linked now
/// would let them in later without it.
async fn by_address(
    work: &mut Work<'_>,
    house: &IdentityApp,
    arrival: &Arrival,
    known: &Known,
    minted: &Minted,
    device: &Device,
) -> Result<Entry> {
    if !arrival.profile.email_verified {
        return Err(not_linked());
    }
    owner_arrived(work, known, None).await?;
    let user = known.login.user;
    let entry = entry::enter(work, house, user, Way::OAuthAddress, minted, device).await?;
    if matches!(entry, Entry::In(_)) {
        attach(work, known.login, arrival).await?;
        warn(work, known, arrival).await?;
    }
    Ok(entry)
}

/// A new account for an address nobody has.
async fn create(
    work: &mut Work<'_>,
    house: &IdentityApp,
    arrival: &Arrival,
    email: &str,
) -> Result<Login> {
    let (profile, settings) = (&arrival.profile, &house.parts.settings);
    if !settings.sign_up {
        return Err(closed());
    }
    if settings.require_verified_email && !profile.email_verified {
        return Err(unverified());
    }
    let (name, image) = (profile.called(), profile.image.as_deref());
    let verified = profile.email_verified;
    accounts::create_without_password(work, house, &name, email, image, verified).await
}

/// An id token that an app brought counts once: whoever finds it in a log comes too late.
async fn once(work: &mut Work<'_>, house: &IdentityApp, arrival: &Arrival) -> Result<()> {
    let Some(Brought { signed, until }) = &arrival.brought else { return Ok(()) };
    let hash = house.challenge_hash(Purpose::IdToken, signed);
    if challenges::remember(work, Purpose::IdToken, &hash, *until).await? {
        return Ok(());
    }
    Err(super::id_token::refused("it was used before"))
}

/// Tells the owner that there is one more way in.
async fn warn(work: &mut Work<'_>, known: &Known, arrival: &Arrival) -> Result<()> {
    let letter = Letter::new("account_linked", &known.email).name(&known.name);
    work.post(&letter.fact("provider", arrival.provider.as_str())).await
}

/// Who the provider says owns the mailbox takes over an account whose address nobody had proven:
/// what somebody else may have left there goes.
async fn owner_arrived(work: &mut Work<'_>, known: &Known, by: Option<AccountId>) -> Result<()> {
    if known.verified {
        return Ok(());
    }
    accounts::prove_address(work, known.login, by).await
}

/// Links an account at a provider to whoever asked for it from their session.
///
/// An account at the same, proven address is theirs. Any other one takes proof of who they are
/// and a proven address here: else a stranger's account would be a way in for that stranger.
///
/// # Errors
/// 401 `account_already_linked_to_different_user`, `email_does_not_match`,
/// `unable_to_link_account`, `invalid_token`.
pub(super) async fn link(
    work: &mut Work<'_>,
    house: &IdentityApp,
    arrival: &Arrival,
    linking: Linking,
) -> Result<()> {
    once(work, house, arrival).await?;
    let Arrival { provider, profile, .. } = arrival;
    let now = work.now;
    if !sql::lives(work.tx, linking.session, linking.user, now).await? {
        return Err(unlinkable("Sign in again, then link the account."));
    }
    let known = sql::by_user(work.tx, linking.user).await?.ok_or_else(accounts::wrong)?;
    let found = sql::by_account(work.tx, provider, &profile.issuer, &profile.subject).await?;
    if let Some(held) = found {
        if held.user != linking.user {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "account_already_linked_to_different_user",
                "That account at the provider belongs to another account here.",
            ));
        }
        work.silently();
        return keep(work, known.login, held.id, held.tokens.as_deref(), arrival).await;
    }
    if !(linking.fresh && known.verified) {
        if !profile.has_address(&known.email) {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "email_does_not_match",
                "That account at the provider has another e-mail address; prove yours and who \
                 you are first, then link it.",
            ));
        }
        if !profile.email_verified {
            return Err(unlinkable(
                "The provider does not vouch for the address; prove yours and who you are \
                 first, then link it.",
            ));
        }
    }
    attach(work, known.login, arrival).await?;
    warn(work, &known, arrival).await
}

async fn attach(work: &mut Work<'_>, login: Login, arrival: &Arrival) -> Result<()> {
    let Arrival { provider, profile, .. } = arrival;
    let (id, now) = (AccountId(work.id()), work.now);
    let (issuer, account) = (profile.issuer.as_str(), profile.subject.as_str());
    sql::insert(work.tx, &NewRow { id, user: login.user, provider, issuer, account, now }).await?;
    keep(work, login, id, None, arrival).await?;
    let metadata = json!({ "accountId": id, "provider": provider });
    audit::tell(work, login, "account_linked", metadata).await
}

/// Seals what was granted; a refresh token that does not come again stays.
async fn keep(
    work: &mut Work<'_>,
    login: Login,
    id: AccountId,
    before: Option<&[u8]>,
    arrival: &Arrival,
) -> Result<()> {
    let Some(grant) = arrival.grant.clone() else { return Ok(()) };
    let vault = work.app().vault.clone();
    let grant = match before {
        None => grant,
        Some(sealed) => {
            let text = vault.open(work.tx, slot(login, id), sealed).await?;
            grant.or(serde_json::from_slice(text.reveal())?)
        }
    };
    let now = work.now;
    let sealed = vault.seal(work.tx, now, slot(login, id), &serde_json::to_vec(&grant)?).await?;
    let scopes = grant.scope.as_deref().map(|scopes| {
        scopes.split([' ', ',']).filter(|scope| !scope.is_empty()).collect::<Vec<_>>().join(",")
    });
    sql::keep(work.tx, id, &sealed, grant.ends(), scopes.as_deref(), now).await
}

/// Where the tokens of an account lie in the vault.
pub(super) fn slot(login: Login, id: AccountId) -> Slot<'static> {
    Slot {
        purpose: "oauth",
        tenant: login.home.0,
        owner: login.user.0,
        object: id.0,
        field: "tokens",
        version: 0,
    }
}

fn not_linked() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "account_not_linked",
        "There is an account with this address: sign in to it, then link the provider.",
    )
}

pub(super) fn no_address() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "email_not_found",
        "The provider does not tell your e-mail address; allow it to, and start again.",
    )
}

fn closed() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "signup_disabled",
        "Nobody can make an account here by themselves; ask whoever runs this service.",
    )
}

fn unverified() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "email_not_verified",
        "The provider does not vouch for your e-mail address; prove it there first.",
    )
}

fn unlinkable(why: &'static str) -> Error {
    Error::new(ErrorKind::Unauthenticated, "unable_to_link_account", why)
}
