//! Who is let in.

use std::time::Duration;

use kernel::Work;
use serde_json::json;
use types::{Error, ErrorKind, Json, PersonId, Result, Secret, SessionId, UserId};

use super::sql;
use crate::accounts::{self, Account};
use crate::challenges::{self, Purpose};
use crate::sessions::{self, Device, Login, Minted};
use crate::two_factor;
use crate::{IdentityApp, audit};

/// How somebody proved who they are; also what the session and its event say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Signed up just now.
    SignUp,
    /// With a password.
    Password,
    /// With a mailed link.
    MagicLink,
    /// At a provider, by its id.
    OAuth,
    /// At a provider that vouches for the address of an account it is not linked to yet.
    OAuthAddress,
    /// With a passkey.
    Passkey,
    /// With a second factor, after one of the others.
    SecondFactor,
    /// As somebody else, by the platform owner who is named.
    Impersonation(PersonId),
    /// With the setup token.
    Setup,
}

impl Way {
    /// As it is stored.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Password => "password",
            Self::MagicLink => "magic_link",
            Self::OAuth | Self::OAuthAddress => "oauth",
            Self::Passkey => "passkey",
            Self::SecondFactor => "second_factor",
            Self::Impersonation(_) => "impersonation",
            Self::Setup => "setup",
        }
    }

    /// What will do besides. Who came by a mailed link, with a password that was set by one, or by
    /// nothing but an address, showed the mailbox already: a mailed code would be the same factor
    /// twice, so it will not do where an app is set up.
    fn second_factors(self, totp: bool, set_by_mail: bool) -> Vec<&'static str> {
        let mailed = matches!(self, Self::MagicLink | Self::OAuthAddress)
            || (self == Self::Password && set_by_mail);
        match (totp, mailed) {
            (true, true) => vec!["totp"],
            (true, false) => vec!["totp", "otp"],
            (false, _) => vec!["otp"],
        }
    }

    /// A passkey is something one has and unlocks; a provider that is linked asks for its own
    /// second factor. At one that is not, anybody with the mailbox may have an account.
    const fn wants_second_factor(self) -> bool {
        matches!(self, Self::Password | Self::MagicLink | Self::OAuthAddress)
    }
}

/// Somebody who is in.
pub(crate) struct Entered {
    pub(crate) account: Account,
    pub(crate) session: SessionId,
    /// The opaque token, or the refresh token.
    pub(crate) token: Secret<String>,
    /// False: the browser forgets the session when it closes.
    pub(crate) remember: bool,
    /// The next token of the trusted device this was; the one it showed is worth nothing now.
    pub(crate) trusted: Option<Secret<String>>,
}

/// Somebody whose first factor was right.
pub(crate) struct Pending {
    /// Names the challenge; kept in a cookie.
    pub(crate) token: Secret<String>,
    /// What will do: `totp`, `otp`.
    pub(crate) methods: Vec<&'static str>,
}

/// What came of knocking.
pub(crate) enum Entry {
    In(Box<Entered>),
    SecondFactor(Pending),
}

/// Lets in whoever has proven who they are, in the same transaction; or asks for a second factor.
///
/// # Errors
/// 403 `banned_user`; 401 when the account vanished meanwhile.
pub(crate) async fn enter(
    work: &mut Work<'_>,
    house: &IdentityApp,
    user: UserId,
    way: Way,
    minted: &Minted,
    device: &Device,
) -> Result<Entry> {
    let bars = unbarred(work, user).await?;
    if !bars.two_factor || !way.wants_second_factor() {
        return Ok(Entry::In(Box::new(begin(work, house, user, way, minted, device).await?)));
    }
    if let Some(shown) = &device.trusted
        && let Some(next) = two_factor::show_device(work, house, user, shown).await?
    {
        let entered = begin(work, house, user, way, minted, device).await?;
        return Ok(Entry::In(Box::new(Entered { trusted: Some(next), ..entered })));
    }
    let methods = way.second_factors(bars.totp, bars.set_by_mail);
    let payload =
        Json::of(&json!({ "remember": minted.remember, "way": way.name(), "methods": methods }))?;
    let life = Duration::from_secs(u64::from(house.parts.settings.two_factor_minutes) * 60);
    let token =
        challenges::issue(work, house, Purpose::SecondFactor, Some(user), &payload, life).await?;
    let account = accounts::view(work.tx, user).await?.ok_or_else(accounts::wrong)?;
    let told = json!({ "method": way.name(), "methods": methods });
    audit::tell(work, login_of(&account), "second_factor_requested", told).await?;
    Ok(Entry::SecondFactor(Pending { token, methods }))
}

/// Lets in whoever showed the second factor, too.
///
/// # Errors
/// As [`enter`]: a ban may have come in between.
pub(crate) async fn complete(
    work: &mut Work<'_>,
    house: &IdentityApp,
    user: UserId,
    minted: &Minted,
    device: &Device,
) -> Result<Entered> {
    unbarred(work, user).await?;
    begin(work, house, user, Way::SecondFactor, minted, device).await
}

async fn unbarred(work: &mut Work<'_>, user: UserId) -> Result<sql::Bars> {
    let bars = sql::bars(work.tx, user).await?.ok_or_else(accounts::wrong)?;
    if let Some((reason, until)) = &bars.banned
        && until.is_none_or(|until| until > work.now)
    {
        return Err(banned(reason.as_deref()));
    }
    Ok(bars)
}

/// Begins a session without asking further.
///
/// # Errors
/// 401 when the account vanished meanwhile.
pub(crate) async fn begin(
    work: &mut Work<'_>,
    house: &IdentityApp,
    user: UserId,
    way: Way,
    minted: &Minted,
    device: &Device,
) -> Result<Entered> {
    let account = accounts::view(work.tx, user).await?.ok_or_else(accounts::wrong)?;
    let login = login_of(&account);
    let session = sessions::open(work, house, login, way, minted, device).await?;
    let (token, remember) = (minted.token.text.clone(), minted.remember);
    Ok(Entered { account, session, token, remember, trusted: None })
}

fn login_of(account: &Account) -> Login {
    Login { user: account.id, person: account.person_id, home: account.personal_group_id }
}

fn banned(reason: Option<&str>) -> Error {
    let why = reason.map(|reason| format!(" Reason: {reason}")).unwrap_or_default();
    Error::new(
        ErrorKind::Forbidden,
        "banned_user",
        format!("This account is banned; ask whoever runs this service.{why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::Way;

    #[test]
    fn the_mailbox_is_not_asked_for_twice_where_an_app_is_set_up() {
        for (way, totp, set_by_mail, methods) in [
            (Way::Password, true, false, vec!["totp", "otp"]),
            (Way::Password, true, true, vec!["totp"]),
            (Way::Password, false, false, vec!["otp"]),
            (Way::Password, false, true, vec!["otp"]),
            (Way::MagicLink, true, false, vec!["totp"]),
            (Way::MagicLink, false, false, vec!["otp"]),
            (Way::OAuthAddress, true, false, vec!["totp"]),
            (Way::OAuthAddress, false, false, vec!["otp"]),
        ] {
            assert_eq!(way.second_factors(totp, set_by_mail), methods);
        }
    }

    #[test]
    fn a_passkey_and_a_provider_are_enough() {
        assert!(Way::Password.wants_second_factor() && Way::MagicLink.wants_second_factor());
        assert!(!Way::Passkey.wants_second_factor() && !Way::OAuth.wants_second_factor());
        assert!(Way::OAuthAddress.wants_second_factor(), "an address alone is no provider");
    }
}
