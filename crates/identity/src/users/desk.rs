//! The same verbs for the command line: whoever runs it on this machine is an owner.

use std::io::BufRead;

use kernel::erasure::{Contents, Export};
use kernel::{Caller, Mail};
use serde_json::Value;
use types::{Error, Limit, PersonId, Result, Secret, Time, UserId};

use super::import::{self, Options};
use super::model::{
    Ban, ImportSummary, ImportedLine, NewUser, ResetUserPassword, UserFilter, UserRecord, UserSort,
};
use super::{bans, reset, rules, sql};
use crate::IdentityApp;
use crate::accounts::normalized;
use crate::erasure::{self, Whom};

/// An account to be made at the desk.
pub struct NewAtDesk {
    /// What the person is called.
    pub name: String,
    /// Not yet used here.
    pub email: String,
    /// Without one, a link to set it is mailed.
    pub password: Option<Secret<String>>,
    /// True when it is known that the address is theirs.
    pub verified: bool,
}

/// Where the command line administers accounts. Accounts are named by address or id, and shown as
/// the API shows them.
pub struct Desk {
    house: IdentityApp,
    caller: Caller,
}

impl Desk {
    /// A desk in this house, for that task.
    #[must_use]
    pub fn new(house: IdentityApp, task: &str) -> Self {
        Self { house, caller: Caller::system(task) }
    }

    /// Whether letters reach anybody.
    #[must_use]
    pub fn can_mail(&self) -> bool {
        !matches!(self.house.mail, Mail::Nowhere)
    }

    /// Makes an account.
    ///
    /// # Errors
    /// 409 `user_already_exists`; 422 for what is wrong with name, address or password.
    pub async fn add(&self, new: NewAtDesk) -> Result<Value> {
        let new = NewUser {
            name: new.name,
            email: new.email,
            password: new.password,
            email_verified: new.verified,
            image: None,
            redirect_to: None,
        };
        shown(&rules::create(&self.house, &self.caller, new).await?)
    }

    /// Makes accounts of NDJSON.
    ///
    /// # Errors
    /// When the input cannot be read or the store cannot be written.
    pub async fn import(
        &self,
        input: impl BufRead + Send,
        dry_run: bool,
        report: impl FnMut(ImportedLine) + Send,
    ) -> Result<ImportSummary> {
        let options = Options { dry_run, ..Options::default() };
        import::import(&self.house, &self.caller, input, options, report).await
    }

    /// Tells every account that `q` and `banned` let through, oldest first, a page at a time.
    ///
    /// # Errors
    /// 422 for a search that is too long; what `report` answers.
    pub async fn list(
        &self,
        q: Option<String>,
        banned: Option<bool>,
        mut report: impl FnMut(Value) -> Result<()>,
    ) -> Result<()> {
        let filter = UserFilter { q, banned, sort: UserSort::Oldest };
        let (mut after, limit) = (None, Limit::default());
        loop {
            let mut page =
                rules::list(&self.house, &self.caller, filter.clone(), after, limit).await?;
            let more = page.len() > limit.rows();
            page.truncate(limit.rows());
            after = page.last().map(|last| last.id.0);
            for record in &page {
                report(shown(record)?)?;
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Says that an address is known to be theirs.
    ///
    /// # Errors
    /// 404 `unknown_user`.
    pub async fn verify(&self, who: &str) -> Result<Value> {
        let id = self.find(who).await?;
        shown(&rules::verify(&self.house, &self.caller, id).await?)
    }

    /// Sets a password, which ends all sessions.
    ///
    /// # Errors
    /// 404 `unknown_user`; 422 for a password that will not do.
    pub async fn set_password(&self, who: &str, password: Secret<String>) -> Result<()> {
        let form = ResetUserPassword { password: Some(password), redirect_to: None };
        self.reset(who, form).await
    }

    /// Mails a link to set a password.
    ///
    /// # Errors
    /// 404 `unknown_user`.
    pub async fn mail_reset(&self, who: &str) -> Result<()> {
        self.reset(who, ResetUserPassword::default()).await
    }

    async fn reset(&self, who: &str, form: ResetUserPassword) -> Result<()> {
        let id = self.find(who).await?;
        reset::reset(&self.house, &self.caller, id, form).await.map(|_| ())
    }

    /// A link to set a password, good for one use: it is the only one who sees it.
    ///
    /// # Errors
    /// 404 `unknown_user`.
    pub async fn reset_link(&self, who: &str) -> Result<Secret<String>> {
        let id = self.find(who).await?;
        reset::printed_link(&self.house, &self.caller, id).await
    }

    /// Ends every session; how many there were.
    ///
    /// # Errors
    /// 404 `unknown_user`.
    pub async fn revoke_sessions(&self, who: &str) -> Result<u64> {
        let id = self.find(who).await?;
        rules::revoke_sessions(&self.house, &self.caller, id).await
    }

    /// Keeps somebody out.
    ///
    /// # Errors
    /// 404 `unknown_user`; 422.
    pub async fn ban(
        &self,
        who: &str,
        reason: Option<String>,
        expires_at: Option<Time>,
    ) -> Result<Value> {
        let id = self.find(who).await?;
        shown(&bans::ban(&self.house, &self.caller, id, Ban { reason, expires_at }).await?)
    }

    /// Lets somebody in again.
    ///
    /// # Errors
    /// 404 `unknown_user`.
    pub async fn unban(&self, who: &str) -> Result<Value> {
        let id = self.find(who).await?;
        shown(&bans::unban(&self.house, &self.caller, id).await?)
    }

    /// Deletes an account.
    ///
    /// # Errors
    /// 404 `unknown_user`; what deleting refuses.
    pub async fn delete(&self, who: &str) -> Result<()> {
        let id = self.find(who).await?;
        rules::delete(&self.house, &self.caller, id).await
    }

    /// What is held about somebody: with an account, or whose account has ended and who is still
    /// to be erased.
    ///
    /// # Errors
    /// 404 `unknown_user`.
    pub async fn export(&self, who: &str) -> Result<Export> {
        let whom = self.look_for(who).await?;
        erasure::tell_somebody(&self.house, &self.caller, whom).await
    }

    /// Refuses who cannot be erased; nothing is changed.
    ///
    /// # Errors
    /// 404 `unknown_user`; 409 `only_owner`.
    pub async fn may_erase(&self, who: &str) -> Result<()> {
        erasure::may_be_erased(&self.house, &self.look_for(who).await?).await
    }

    /// Ends an account, if it has not ended, and leaves what erases its person.
    ///
    /// # Errors
    /// As [`Desk::may_erase`].
    pub async fn erase(&self, who: &str, contents: Contents) -> Result<PersonId> {
        let whom = self.look_for(who).await?;
        erasure::erase_somebody(&self.house, &self.caller, whom, contents).await
    }

    async fn look_for(&self, who: &str) -> Result<Whom> {
        let sought = who.to_owned();
        let db = self.house.db.unbound();
        let found = db.read(async move |tx| erasure::look_for(tx, &sought).await).await?;
        found.ok_or_else(unknown)
    }

    /// The account of an address or an id.
    async fn find(&self, who: &str) -> Result<UserId> {
        let now = self.house.now();
        let found = if who.contains('@') {
            let email = normalized(who);
            self.house
                .db
                .unbound()
                .read(async move |tx| sql::by_email(tx, &email, now).await)
                .await?
        } else {
            let Ok(id) = who.parse::<UserId>() else { return Err(unknown()) };
            self.house.db.unbound().read(async move |tx| sql::find(tx, id, now).await).await?
        };
        found.map(|record| record.id).ok_or_else(unknown)
    }
}

fn shown(record: &UserRecord) -> Result<Value> {
    Ok(serde_json::to_value(record)?)
}

fn unknown() -> Error {
    Error::new(
        types::ErrorKind::NotFound,
        "unknown_user",
        "There is no such account: name it by its e-mail address or its id.",
    )
}
