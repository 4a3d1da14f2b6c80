//! What the door needs to know of a login.

use database::{Tx, args};
use types::{Result, Time, UserId};

/// What stands between a login and a session.
pub(super) struct Bars {
    /// Why, and until when: null is for good.
    pub(super) banned: Option<(Option<String>, Option<Time>)>,
    pub(super) two_factor: bool,
    /// An authenticator app is set up.
    pub(super) totp: bool,
    /// The password was set by a mailed link, and no app or backup code was shown since.
    pub(super) set_by_mail: bool,
}

pub(super) async fn bars(tx: &mut Tx, user: UserId) -> Result<Option<Bars>> {
    tx.maybe(
        "select u.banned_at, u.ban_reason, u.ban_expires_at, u.two_factor_enabled, f.confirmed_at, \
         c.set_by_mail from users u left join two_factors f on f.user_id = u.id \
         left join credentials c on c.user_id = u.id and c.provider = 'password' \
         where u.id = $1",
        args![user],
        |row| {
            let banned_at: Option<Time> = row.get(0)?;
            let (reason, until) = (row.get(1)?, row.get(2)?);
            let confirmed_at: Option<Time> = row.get(4)?;
            Ok(Bars {
                banned: banned_at.map(|_| (reason, until)),
                two_factor: row.get(3)?,
                totp: confirmed_at.is_some(),
                set_by_mail: row.get::<Option<bool>>(5)?.unwrap_or(false),
            })
        },
    )
    .await
}
