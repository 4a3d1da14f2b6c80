//! The shapes of administration.

use serde::{Deserialize, Serialize};
use types::{GroupId, PersonId, Secret, Time, UserId};

use crate::accounts::Account;
use crate::sessions::Login;

/// An account, as owners of the platform see it.
#[derive(Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserRecord {
    /// Its id.
    pub(crate) id: UserId,
    /// What the person is called.
    #[schema(example = "Ada Lovelace")]
    pub(crate) name: String,
    /// Where mail reaches them; also what they sign in with.
    #[schema(example = "ada@example.com")]
    pub(crate) email: String,
    /// Whether they proved that the address is theirs.
    pub(crate) email_verified: bool,
    /// A picture.
    pub(crate) image: Option<String>,
    /// When the account was made.
    pub(crate) created_at: Time,
    /// When it last changed.
    pub(crate) updated_at: Time,
    /// Whether signing in takes a second factor.
    pub(crate) two_factor_enabled: bool,
    /// Whether it can sign in with a password.
    pub(crate) has_password: bool,
    /// Whether it owns the platform.
    pub(crate) platform_owner: bool,
    /// Whether it is banned now.
    pub(crate) banned: bool,
    /// Why.
    pub(crate) ban_reason: Option<String>,
    /// Until when; absent: until somebody lifts it.
    pub(crate) ban_expires_at: Option<Time>,
    /// The person it speaks for.
    pub(crate) person_id: PersonId,
    /// The person's private group.
    pub(crate) personal_group_id: GroupId,
}

impl UserRecord {
    /// Whose it is.
    pub(crate) const fn login(&self) -> Login {
        Login { user: self.id, person: self.person_id, home: self.personal_group_id }
    }
}

/// The order of the list: ids follow the moment of creation, imported ids keep their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, utoipa::ToSchema)]
pub(crate) enum UserSort {
    /// Newest first.
    #[default]
    #[serde(rename = "-createdAt")]
    Newest,
    /// Oldest first.
    #[serde(rename = "createdAt")]
    Oldest,
}

/// Which accounts to list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UserFilter {
    /// What name or address begin with, capitals or not.
    pub(crate) q: Option<String>,
    /// Only the banned ones, or only the others.
    pub(crate) banned: Option<bool>,
    /// `-createdAt` (newest first) or `createdAt`.
    #[serde(default)]
    #[param(inline, required = false)]
    pub(crate) sort: UserSort,
}

/// An account to be made for somebody.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Ada Lovelace", "email": "ada@example.com" }))]
pub(crate) struct NewUser {
    /// What the person is called, 1 to 100 characters.
    pub(crate) name: String,
    /// Not yet used here.
    pub(crate) email: String,
    /// Without one, a letter with a link to set it goes to the address.
    #[schema(value_type = Option<String>)]
    pub(crate) password: Option<Secret<String>>,
    /// True when it is known that the address is theirs.
    #[serde(default)]
    #[schema(required = false)]
    pub(crate) email_verified: bool,
    /// An address of a picture.
    pub(crate) image: Option<String>,
    /// Where that link leads to in the end; the app's `/reset-password`, if absent.
    pub(crate) redirect_to: Option<String>,
}

/// What to change of an account; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Ada King" }))]
pub(crate) struct UserChange {
    /// What the person is called, 1 to 100 characters.
    pub(crate) name: Option<String>,
    /// Whether the address is known to be theirs.
    pub(crate) email_verified: Option<bool>,
}

/// How somebody gets a new password.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({}))]
pub(crate) struct ResetUserPassword {
    /// The new password; it ends all sessions. Without one, a letter with a link goes out.
    #[schema(value_type = Option<String>)]
    pub(crate) password: Option<Secret<String>>,
    /// Where that link leads to in the end; the app's `/reset-password`, if absent.
    pub(crate) redirect_to: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResetOutcome {
    /// A letter is on its way.
    Mailed,
    /// The new password is set and all sessions have ended.
    PasswordSet,
}

/// A password was reset.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PasswordReset {
    /// `mailed` or `password_set`.
    pub(crate) status: ResetOutcome,
}

/// Sessions were ended.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SessionsRevoked {
    /// How many there were.
    pub(crate) revoked: u64,
}

/// Keeping somebody out.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "reason": "spam", "expiresAt": "2027-01-01T00:00:00Z" }))]
pub(crate) struct Ban {
    /// They are told, up to 500 characters.
    pub(crate) reason: Option<String>,
    /// When it ends by itself; without it, when somebody lifts it.
    pub(crate) expires_at: Option<Time>,
}

/// Acting as somebody else.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Impersonation {
    /// Send it as `Authorization: Bearer …`; also in the cookie and in `set-auth-token`.
    #[schema(example = "ses_Q0x3bXkyY2tGQ1h2b2pBd0ZqV2t3Z1h6d2R1c2p0aWs")]
    pub(crate) token: String,
    /// When it ends at the latest.
    pub(crate) expires_at: Time,
    /// Who acts.
    pub(crate) impersonated_by: PersonId,
    /// As whom.
    pub(crate) user: Account,
}

/// Being oneself again.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ImpersonationEnded {
    /// Always true.
    pub(crate) success: bool,
    /// Whether the browser has its own session back; if not, sign in again or use the token you
    /// had before.
    pub(crate) restored: bool,
}

/// How to read an import.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ImportParams {
    /// True: check every line and store nothing.
    #[serde(default)]
    #[param(inline, required = false)]
    pub(crate) dry_run: bool,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LineStatus {
    /// The account is made.
    Created,
    /// There is an account with this address; it stays as it is.
    Exists,
    /// It is wrong; nothing was made of it.
    Refused,
}

/// What became of one line.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ImportedLine {
    /// Its number, from 1.
    pub line: u64,
    /// `created`, `exists` or `refused`.
    pub(crate) status: LineStatus,
    /// The account that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<UserId>,
    /// Why it was refused, for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it was refused, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How an import went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportSummary {
    /// Lines read, empty ones left out.
    pub lines: u64,
    /// Accounts made.
    pub created: u64,
    /// Lines whose address has an account already.
    pub exists: u64,
    /// Lines that are wrong.
    pub refused: u64,
}

impl std::fmt::Display for ImportSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { lines, created, exists, refused } = self;
        write!(f, "{lines} lines: {created} created, {exists} exist, {refused} refused")
    }
}

/// An import, line by line.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ImportReport {
    /// How many.
    pub(crate) summary: ImportSummary,
    /// Each line, in order.
    pub(crate) results: Vec<ImportedLine>,
}
