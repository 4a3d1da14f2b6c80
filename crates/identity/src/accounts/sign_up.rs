//! The two ways a sign-up goes.

use kernel::mail::Letter;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Error, GroupId, PersonId, Result, UserId};

use super::model::Account;
use super::rules::{Arrival, Prepared, create};
use super::{sql, verification};
use crate::entry::{self, Entered, Way};
use crate::sessions::{Login, Minted};
use crate::tries;
use crate::{IdentityApp, audit};

/// Where nobody has to prove an address first: the account is made and signed in, or it is told
/// that the address is taken.
///
/// # Errors
/// 409 `user_already_exists`.
pub(super) async fn seen(
    house: &IdentityApp,
    caller: &Caller,
    new: Prepared,
    arrival: Arrival,
) -> Result<Entered> {
    let Arrival { device, surface, remember, callback } = arrival;
    let write = tries::may_send(house, &new.email);
    let (inside, minted) = (house.clone(), Minted::new(house, surface, remember));
    house
        .change_unbound(caller, async move |work| {
            let login = create(work, &inside, &new).await?;
            if write {
                verification::post(work, &inside, login.user, callback.as_deref()).await?;
            }
            entry::begin(work, &inside, login.user, Way::SignUp, &minted, &device).await
        })
        .await
}

/// Where addresses are proven first: whether the address is taken is told to its owner only, by
/// letter. For a taken one the same account is made under an address that nobody has, and undone:
/// the same statements run, in the same order, whoever asks.
///
/// # Errors
/// As the store.
pub(super) async fn unseen(
    house: &IdentityApp,
    caller: &Caller,
    new: Prepared,
    callback: Option<String>,
) -> Result<Account> {
    let write = tries::may_send(house, &new.email);
    let inside = house.clone();
    house
        .change_unbound(caller, async move |work| {
            let owner = sql::by_email(work.tx, &new.email).await?.map(|found| found.login);
            let made = match owner {
                None => {
                    let made = work
                        .nested(async |work| make(work, &inside, &new, callback.as_deref()).await);
                    Some(made.await?)
                }
                Some(_) => {
                    let nobodys = format!("{}@decoy.invalid", work.id());
                    let decoy = Prepared { email: nobodys, ..new.clone() };
                    let undone: Result<(Account, Letter)> = work
                        .nested(async |work| {
                            make(work, &inside, &decoy, callback.as_deref()).await?;
                            Err(Error::conflict("undone", "This is made to be undone."))
                        })
                        .await;
                    match undone {
                        Err(error) if error.code() == "undone" => None,
                        other => Some(other?),
                    }
                }
            };
            let (account, letter) = match made {
                Some(made) => made,
                None => (made_up(work, &new), exists(&inside, &new)),
            };
            if write {
                work.post(&letter).await?;
            }
            match owner {
                Some(owner) => audit::tell(work, owner, "sign_up_repeated", json!({})).await?,
                None => {
                    let login = account.login();
                    audit::tell(work, login, "email_verification_sent", json!({})).await?;
                }
            }
            Ok(account)
        })
        .await
}

async fn make(
    work: &mut Work<'_>,
    house: &IdentityApp,
    new: &Prepared,
    callback: Option<&str>,
) -> Result<(Account, Letter)> {
    let Login { user, .. } = create(work, house, new).await?;
    verification::write(work, house, user, callback).await
}

/// What is told of an account that is not made: as whoever made one would be told.
fn made_up(work: &Work<'_>, new: &Prepared) -> Account {
    Account {
        id: UserId(work.id()),
        name: new.name.clone(),
        email: new.email.clone(),
        email_verified: false,
        image: new.image.clone(),
        created_at: work.now,
        updated_at: work.now,
        two_factor_enabled: false,
        person_id: PersonId(work.id()),
        personal_group_id: GroupId(work.id()),
    }
}

/// Tells the owner of an address that somebody signed up with it.
fn exists(house: &IdentityApp, new: &Prepared) -> Letter {
    Letter::new("account_exists", &new.email).link(house.app_url().to_owned(), "")
}
