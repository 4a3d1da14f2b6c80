//! The verbs of whoever shows a code: pending between the two factors, or signed in.

use std::time::Duration;

use kernel::mail::Letter;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Error, ErrorKind, Json, Result, Secret, SessionId, Time, UserId};

use super::model::{Factor, Shown};
use super::rules::{account, refused, slot, totp_not_enabled};
use super::settle::{self, Settled};
use super::{codes, sql};
use crate::IdentityApp;
use crate::accounts::{self, Account};
use crate::audit;
use crate::challenges::{self, Purpose, Taken};
use crate::entry::Pending;
use crate::sessions::{Device, Login, Minted, Surface, not_impersonating, present};
use crate::tries;

/// Who shows a code.
#[derive(Clone)]
pub(super) enum Standing {
    /// The first factor was right; this challenge waits for the second.
    Pending { token: Secret<String>, user: UserId, remember: bool, mailed_codes: bool, pair: bool },
    /// Signed in.
    Inside { user: UserId, session: SessionId },
}

impl Standing {
    pub(super) const fn user(&self) -> UserId {
        match self {
            Self::Pending { user, .. } | Self::Inside { user, .. } => *user,
        }
    }

    /// What a mailed code is bound to: it is worth nothing to another challenge or session.
    fn binding(&self, code: &str) -> String {
        match self {
            // A pair keeps no challenge: its password is shown again with the code.
            Self::Pending { user, pair: true, .. } => format!("pair:{user}:{code}"),
            Self::Pending { token, .. } => format!("{}:{code}", token.reveal()),
            Self::Inside { session, .. } => format!("{session}:{code}"),
        }
    }

    /// Guesses of somebody who is signed in do not lock the door for somebody who is not.
    const fn limit(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "second_factor",
            Self::Inside { .. } => "second_factor_inside",
        }
    }
}

/// Who it is: the challenge that waits comes first, since a browser may be signed in as somebody
/// else.
async fn standing(
    house: &IdentityApp,
    caller: &Caller,
    cookie: Option<&str>,
    surface: Surface,
) -> Result<Standing> {
    let pending = match cookie {
        None => None,
        Some(cookie) => {
            let (inside, token, now) = (house.clone(), cookie.to_owned(), house.now());
            house
                .db
                .unbound()
                .read(async move |tx| waiting(tx, &inside, &token, surface, now).await)
                .await?
        }
    };
    if let Some(pending) = pending {
        return Ok(pending);
    }
    let who = present(caller).map_err(|_| invalid_cookie())?;
    not_impersonating(caller)?;
    Ok(Standing::Inside { user: who.user, session: who.session })
}

async fn waiting(
    tx: &mut database::Tx,
    house: &IdentityApp,
    token: &str,
    surface: Surface,
    now: Time,
) -> Result<Option<Standing>> {
    let found = challenges::look(tx, house, Purpose::SecondFactor, token, now).await?;
    let Some(Taken { user: Some(user), payload, .. }) = found else { return Ok(None) };
    let payload: serde_json::Value = serde_json::from_str(payload.as_str())?;
    Ok(Some(Standing::Pending {
        token: Secret::new(token.to_owned()),
        user,
        remember: payload["remember"].as_bool().unwrap_or(false),
        mailed_codes: payload["methods"].as_array().is_some_and(|all| all.contains(&json!("otp"))),
        pair: surface == Surface::Pair,
    }))
}

/// Mails a code, bound to the challenge or session it was asked from.
///
/// # Errors
/// 401 `invalid_two_factor_cookie`; 400 `otp_not_enabled`; 429 after too many letters.
pub(super) async fn send(
    house: &IdentityApp,
    caller: &Caller,
    cookie: Option<&str>,
    device: &Device,
) -> Result<()> {
    let standing = standing(house, caller, cookie, Surface::Opaque).await?;
    mail(house, caller, standing, device).await
}

/// Mails a code to whoever signs in for a token pair and has no other second factor.
///
/// # Errors
/// 429 after too many letters.
pub(crate) async fn mail_to_pair(
    house: &IdentityApp,
    caller: &Caller,
    pending: &Pending,
    device: &Device,
) -> Result<()> {
    if pending.methods != ["otp"] {
        return Ok(());
    }
    let cookie = Some(pending.token.reveal().as_str());
    let standing = standing(house, caller, cookie, Surface::Pair).await?;
    mail(house, caller, standing, device).await
}

async fn mail(
    house: &IdentityApp,
    caller: &Caller,
    standing: Standing,
    device: &Device,
) -> Result<()> {
    let user = standing.user();
    let owner = house.db.unbound().read(async move |tx| accounts::view(tx, user).await).await?;
    // By the mailbox, like every other letter that goes there.
    let to = owner.ok_or_else(invalid_cookie)?.email;
    tries::count_letter(house, device, &to)?;
    let (inside, code) = (house.clone(), Secret::new(codes::email_code(&house.random)));
    let life = Duration::from_secs(u64::from(house.parts.settings.email_code_minutes) * 60);
    house
        .change_unbound(caller, async move |work| {
            let (account, login) = account(work, standing.user()).await?;
            may_use_mail(work, &standing, &account).await?;
            challenges::revoke_of(work.tx, Purpose::EmailCode, login.user).await?;
            let token = standing.binding(code.reveal());
            let (purpose, nothing) = (Purpose::EmailCode, Json::empty());
            let user = Some(login.user);
            challenges::issue_as(work, &inside, purpose, &token, user, &nothing, life).await?;
            let letter = Letter::new("email_code", &account.email).name(&account.name);
            work.post(&letter.code(code.reveal())).await?;
            audit::tell(work, login, "second_factor_sent", json!({ "method": "otp" })).await
        })
        .await
}

async fn may_use_mail(work: &mut Work<'_>, standing: &Standing, account: &Account) -> Result<()> {
    let allowed = match standing {
        Standing::Pending { mailed_codes, .. } => *mailed_codes,
        Standing::Inside { .. } => true,
    };
    let allowed = allowed && account.two_factor_enabled;
    if allowed && !sql::mail_says_nothing(work.tx, account.id).await? {
        return Ok(());
    }
    Err(refused("otp_not_enabled", "A mailed code will not do here; use another second factor."))
}

/// Checks a code, and lets in who waited.
///
/// Every try is counted before it is checked: in this process, so that a flood stops here, and, of
/// somebody who signs in, in the store, so that a restart forgives nothing. Who is signed in showed
/// both factors before; their tries are this process's alone.
///
/// # Errors
/// 401 `invalid_two_factor_cookie`, `invalid_code`, `invalid_backup_code`; 400
/// `totp_not_enabled`, `otp_not_enabled`, `otp_has_expired`, `backup_codes_not_enabled`; 429
/// `account_temporarily_locked`; 403 `banned_user`.
pub(super) async fn verify(
    house: &IdentityApp,
    caller: &Caller,
    cookie: Option<&str>,
    shown: Shown,
    surface: Surface,
    device: Device,
) -> Result<Settled> {
    let standing = standing(house, caller, cookie, surface).await?;
    let remember = match &standing {
        Standing::Pending { remember, .. } => *remember,
        Standing::Inside { .. } => true,
    };
    let (key, user) = (standing.limit(), standing.user().to_string());
    let limit = house.parts.settings.second_factors();
    let place =
        house.limits.take(key, &[&user], limit, house.now()).map_err(|error| locked(&error))?;
    let (inside, minted) = (house.clone(), Minted::new(house, surface, remember));
    let done = house
        .change_unbound(caller, async move |work| {
            let (account, login) = recheck(work, &inside, &standing).await?;
            match check(work, &inside, &standing, &account, login, &shown).await? {
                Right::No(error) => {
                    let told = json!({ "method": shown.factor.name() });
                    audit::tell(work, login, "second_factor_failed", told).await?;
                    // Committed: a try that is undone would not be counted.
                    Ok(Err(error))
                }
                Right::Yes { first } => {
                    let case = settle::Case { standing: &standing, account, login, shown: &shown };
                    settle::settle(work, &inside, case, first, &minted, &device).await.map(Ok)
                }
            }
        })
        .await;
    match done {
        Ok(Ok(settled)) => {
            house.limits.clear(key, &[&user]);
            Ok(settled)
        }
        Ok(Err(wrong)) => Err(wrong),
        Err(error) => {
            place.give_back();
            Err(error)
        }
    }
}

/// In the transaction: the challenge still waits, and there are tries left.
async fn recheck(
    work: &mut Work<'_>,
    house: &IdentityApp,
    standing: &Standing,
) -> Result<(Account, Login)> {
    let (account, login) = account(work, standing.user()).await?;
    let Standing::Pending { token, .. } = standing else { return Ok((account, login)) };
    let now = work.now;
    let found =
        challenges::look(work.tx, house, Purpose::SecondFactor, token.reveal(), now).await?;
    if found.is_none() || !account.two_factor_enabled {
        return Err(invalid_cookie());
    }
    let limit = house.parts.settings.second_factors();
    let from = now.before(limit.per);
    if sql::count_try(work.tx, login.user, limit.most, from, now).await? {
        return Ok((account, login));
    }
    let since = sql::counted_since(work.tx, login.user).await?.unwrap_or(now);
    let seconds = (since.after(limit.per).micros() - now.micros()).max(0) / 1_000_000 + 1;
    let wait = u32::try_from(seconds).unwrap_or(u32::MAX);
    Err(locked(&Error::new(ErrorKind::TooFast, "rate_limited", "").retry_after(wait)))
}

enum Right {
    /// `first`: of an app that was not confirmed yet.
    Yes {
        first: bool,
    },
    No(Error),
}

async fn check(
    work: &mut Work<'_>,
    house: &IdentityApp,
    standing: &Standing,
    account: &Account,
    login: Login,
    shown: &Shown,
) -> Result<Right> {
    let (now, user) = (work.now, login.user);
    let right = match shown.factor {
        Factor::Totp => return check_totp(work, house, standing, login, &shown.code).await,
        Factor::EmailCode => {
            may_use_mail(work, standing, account).await?;
            let purpose = Purpose::EmailCode;
            if !challenges::has_live(work.tx, purpose, user, now).await? {
                return Err(refused(
                    "otp_has_expired",
                    "No mailed code is waiting, or it has expired; ask for another one.",
                ));
            }
            let token = standing.binding(&codes::typed(shown.code.reveal()));
            challenges::take(work.tx, house, purpose, &token, now).await?.is_some()
        }
        Factor::BackupCode => {
            if sql::count_codes(work.tx, user).await? == 0 {
                return Err(refused(
                    "backup_codes_not_enabled",
                    "This account has no backup codes left; use another second factor.",
                ));
            }
            let hash = codes::backup_hash(&house.keys, user, shown.code.reveal());
            sql::take_code(work.tx, user, &hash).await?
        }
    };
    Ok(if right { Right::Yes { first: false } } else { Right::No(wrong(shown.factor)) })
}

async fn check_totp(
    work: &mut Work<'_>,
    house: &IdentityApp,
    standing: &Standing,
    login: Login,
    code: &Secret<String>,
) -> Result<Right> {
    let stored = sql::find(work.tx, login.user).await?.ok_or_else(totp_not_enabled)?;
    let first = stored.confirmed_at.is_none();
    if first && matches!(standing, Standing::Pending { .. }) {
        return Err(totp_not_enabled());
    }
    let seed = house.vault.open(work.tx, slot(login), &stored.secret).await?;
    let right = match codes::matching_step(seed.reveal(), code.reveal(), work.now)? {
        None => false,
        Some(step) => sql::use_step(work.tx, login.user, step).await?,
    };
    Ok(if right { Right::Yes { first } } else { Right::No(wrong(Factor::Totp)) })
}

/// Finishes a sign-in for a token pair: six digits are an app's, or a letter's where there is no
/// app; everything else is a backup code.
///
/// # Errors
/// As [`verify`].
pub(crate) async fn finish_pair(
    house: &IdentityApp,
    caller: &Caller,
    pending: &Pending,
    code: Secret<String>,
    device: Device,
) -> Result<(Account, SessionId, Secret<String>)> {
    let digits = code.reveal().chars().filter(char::is_ascii_digit).count();
    let letters = code.reveal().chars().any(char::is_alphabetic);
    let factor = match digits == 6 && !letters {
        true if pending.methods == ["otp"] => Factor::EmailCode,
        true => Factor::Totp,
        false => Factor::BackupCode,
    };
    let shown = Shown { factor, code, trust_device: false, no_session: false };
    let cookie = Some(pending.token.reveal().as_str());
    let settled = verify(house, caller, cookie, shown, Surface::Pair, device).await?;
    let (token, session) = settled.token.zip(settled.session).ok_or_else(invalid_cookie)?;
    Ok((settled.account, session, token.text))
}

fn wrong(factor: Factor) -> Error {
    let (code, sentence) = match factor {
        Factor::Totp | Factor::EmailCode => {
            ("invalid_code", "The code is wrong, has expired or was used already.")
        }
        Factor::BackupCode => {
            ("invalid_backup_code", "The backup code is wrong or was used already.")
        }
    };
    Error::new(ErrorKind::Unauthenticated, code, sentence)
}

pub(super) fn invalid_cookie() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_two_factor_cookie",
        "No sign-in is waiting for a second factor, or it waited too long; sign in again.",
    )
}

/// The same wait, in the words of this surface.
fn locked(limited: &Error) -> Error {
    let wait = limited.retry_after_s().unwrap_or(1);
    Error::new(
        ErrorKind::TooFast,
        "account_temporarily_locked",
        "Too many wrong codes; wait a while, then try again. Whoever is signed in stays so.",
    )
    .retry_after(wait)
}
