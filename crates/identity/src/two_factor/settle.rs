//! What a right code leads to.

use kernel::Work;
use serde_json::json;
use types::{Result, Secret, SessionId};

use super::model::{Factor, Method, Shown};
use super::verify::{Standing, invalid_cookie};
use super::{devices, rules, sql};
use crate::IdentityApp;
use crate::accounts::Account;
use crate::challenges::{self, Purpose};
use crate::sessions::{self, Device, Login, Minted, NextToken};
use crate::{accounts, audit, entry};

/// Who showed which code.
pub(super) struct Case<'a> {
    pub(super) standing: &'a Standing,
    pub(super) account: Account,
    pub(super) login: Login,
    pub(super) shown: &'a Shown,
}

/// What came of it.
pub(super) struct Settled {
    pub(super) account: Account,
    /// The token of the session that began or was renewed.
    pub(super) token: Option<NextToken>,
    pub(super) session: Option<SessionId>,
    /// The challenge was taken, so its cookie has no use any more.
    pub(super) arrived: bool,
    /// The token of a device that is trusted from now on.
    pub(super) trusted: Option<Secret<String>>,
}

/// Confirms a new app, tells about a backup code, then lets in or renews.
pub(super) async fn settle(
    work: &mut Work<'_>,
    house: &IdentityApp,
    case: Case<'_>,
    first: bool,
    minted: &Minted,
    device: &Device,
) -> Result<Settled> {
    let (login, now) = (case.login, work.now);
    // A session's last proof, a taken code: bookkeeping, where nothing else is told below.
    work.silently();
    if first {
        sql::confirm(work.tx, login.user, now).await?;
        rules::switch_on(work, &case.account, login, Method::Totp).await?;
    }
    if case.shown.factor != Factor::EmailCode {
        // More than the mailbox: from now on a mailed code says something again.
        sql::note_mailed(work.tx, login.user, false).await?;
    }
    if case.shown.factor == Factor::BackupCode {
        let left = sql::count_codes(work.tx, login.user).await?;
        audit::tell(work, login, "backup_code_used", json!({ "left": left })).await?;
        rules::notice(work, &case.account, "backup_code_used").await?;
    }
    if case.shown.no_session {
        return done(work, case, Settled::nothing).await;
    }
    match case.standing {
        Standing::Pending { token, .. } => {
            sql::forget_tries(work.tx, login.user).await?;
            let purpose = Purpose::SecondFactor;
            challenges::take(work.tx, house, purpose, token.reveal(), now)
                .await?
                .ok_or_else(invalid_cookie)?;
            challenges::revoke_of(work.tx, Purpose::EmailCode, login.user).await?;
            let trusted = match case.shown.trust_device {
                true => Some(devices::trust(work, house, login.user).await?),
                false => None,
            };
            let entered = entry::complete(work, house, login.user, minted, device).await?;
            Ok(Settled {
                account: entered.account,
                token: Some(NextToken { text: entered.token, remember: Some(entered.remember) }),
                session: Some(entered.session),
                arrived: true,
                trusted,
            })
        }
        Standing::Inside { session, .. } => {
            let session = *session;
            let renewed = sessions::renew(work, house, session, minted).await?;
            done(work, case, |account| Settled {
                token: Some(renewed),
                session: Some(session),
                ..Settled::nothing(account)
            })
            .await
        }
    }
}

impl Settled {
    fn nothing(account: Account) -> Self {
        Self { account, token: None, session: None, arrived: false, trusted: None }
    }
}

/// With the account as it is now.
async fn done(
    work: &mut Work<'_>,
    case: Case<'_>,
    settled: impl FnOnce(Account) -> Settled,
) -> Result<Settled> {
    let now = accounts::view(work.tx, case.login.user).await?;
    Ok(settled(now.unwrap_or(case.account)))
}
