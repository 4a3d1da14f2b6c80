//! The shapes of challenges.

use types::{Json, Time, UserId};

/// What a challenge is for. A token of one purpose is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signing in by a mailed link.
    MagicLink,
    /// Proving that an address is one's own.
    EmailVerification,
    /// Setting a new password without the old one.
    PasswordReset,
    /// Proving a new address before it takes the place of the old one.
    EmailChange,
    /// Undoing a change of address, from the old one.
    EmailRevert,
    /// Deleting the account.
    AccountDeletion,
    /// The first factor was right; the second is awaited.
    SecondFactor,
    /// A second factor by mail.
    EmailCode,
    /// Proving an address by a mailed code, on the way in.
    AddressCode,
    /// On the way to a provider and back.
    OAuthState,
    /// An id token of a provider's that was used.
    IdToken,
    /// Registering a passkey.
    PasskeyRegistration,
    /// Signing in with a passkey.
    PasskeyAuthentication,
}

impl Purpose {
    /// As it is stored, and part of what is hashed.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MagicLink => "magic_link",
            Self::EmailVerification => "email_verification",
            Self::PasswordReset => "password_reset",
            Self::EmailChange => "email_change",
            Self::EmailRevert => "email_revert",
            Self::AccountDeletion => "account_deletion",
            Self::SecondFactor => "second_factor",
            Self::EmailCode => "email_code",
            Self::AddressCode => "address_code",
            Self::OAuthState => "oauth_state",
            Self::IdToken => "id_token",
            Self::PasskeyRegistration => "passkey_registration",
            Self::PasskeyAuthentication => "passkey_authentication",
        }
    }
}

/// A challenge that was taken: it is gone from the store.
pub(crate) struct Taken {
    /// Whose it is, if it is somebody's.
    pub(crate) user: Option<UserId>,
    /// What was left with it.
    pub(crate) payload: Json,
    /// When it was issued.
    pub(crate) created_at: Time,
}
