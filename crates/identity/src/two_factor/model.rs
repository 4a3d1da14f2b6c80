//! The shapes of second factors.

use serde::{Deserialize, Serialize};
use types::Secret;

use crate::accounts::Account;

/// How the second factor is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Method {
    /// By an authenticator app.
    #[default]
    Totp,
    /// By a code that is mailed.
    Otp,
}

/// Turning the second factor on.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "password": "analytical engine" }))]
pub(crate) struct EnableTwoFactor {
    /// The account's password. An account without one needs a session that began a short while
    /// ago instead.
    #[schema(value_type = Option<String>)]
    pub(crate) password: Option<Secret<String>>,
    /// `totp` unless said otherwise: active once `verify-totp` saw its first code. `otp` is active
    /// at once, for accounts whose address is verified.
    #[serde(default)]
    pub(crate) method: Method,
    /// What the app calls this service, 1 to 64 characters; without it, the server's name.
    #[schema(example = "Sixfold")]
    pub(crate) issuer: Option<String>,
}

/// What an authenticator app needs, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnabledTwoFactor {
    /// As asked for.
    pub(crate) method: Method,
    /// For the app; absent for `otp`.
    #[serde(rename = "totpURI", skip_serializing_if = "Option::is_none")]
    #[schema(example = "otpauth://totp/Sixfold:ada%40example.com?secret=A4DQ…&issuer=Sixfold")]
    pub(crate) totp_uri: Option<String>,
    /// Ten, each good once; absent for `otp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_codes: Option<Vec<String>>,
}

/// Proving that it is still you.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "password": "analytical engine" }))]
pub(crate) struct OwnPassword {
    /// As at `enable`.
    #[schema(value_type = Option<String>)]
    pub(crate) password: Option<Secret<String>>,
}

/// What an authenticator app needs, again.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TotpUri {
    /// For the app.
    #[serde(rename = "totpURI")]
    #[schema(example = "otpauth://totp/Sixfold:ada%40example.com?secret=A4DQ…&issuer=Sixfold")]
    pub(crate) totp_uri: String,
}

/// New backup codes, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BackupCodes {
    /// Always true.
    pub(crate) status: bool,
    /// Ten, each good once; the old ones are good for nothing now.
    pub(crate) backup_codes: Vec<String>,
}

/// Done.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TwoFactorDone)]
pub(crate) struct Status {
    /// Always true.
    pub(crate) status: bool,
}

/// A code of an app or a letter.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "code": "287082", "trustDevice": true }))]
pub(crate) struct VerifyCode {
    /// Six digits.
    #[schema(value_type = String)]
    pub(crate) code: Secret<String>,
    /// This browser needs no second factor for a while (30 days, unless the server says
    /// otherwise).
    pub(crate) trust_device: Option<bool>,
}

/// A backup code.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "code": "k3m9x-7pq2r" }))]
pub(crate) struct VerifyBackupCode {
    /// One of the ten.
    #[schema(value_type = String)]
    pub(crate) code: Secret<String>,
    /// Use the code up without signing in.
    pub(crate) disable_session: Option<bool>,
    /// As for the other codes.
    pub(crate) trust_device: Option<bool>,
}

/// Asking for a code by mail.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({}))]
pub(crate) struct SendOtp {
    /// Not used: say it when the code is verified.
    #[serde(rename = "trustDevice")]
    pub(crate) _trust_device: Option<bool>,
}

/// Signed in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SecondFactorShown {
    /// The session's new token, also in the cookie and in `set-auth-token`; an access
    /// token, without a cookie, where the session belongs to a token pair. `null` with
    /// `disableSession`.
    #[schema(example = "ses_Q0x3bXkyY2tGQ1h2b2pBd0ZqV2t3Z1h6d2R1c2p0aWs")]
    pub(crate) token: Option<String>,
    /// Who it is.
    pub(crate) user: Account,
}

/// Which kind of code was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Factor {
    Totp,
    EmailCode,
    BackupCode,
}

impl Factor {
    /// As events say it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::EmailCode => "otp",
            Self::BackupCode => "backup_code",
        }
    }
}

/// A code, and what is to come of it.
pub(crate) struct Shown {
    pub(crate) factor: Factor,
    pub(crate) code: Secret<String>,
    pub(crate) trust_device: bool,
    /// Nobody is signed in by it.
    pub(crate) no_session: bool,
}
