//! The shapes of a session.

use serde::Serialize;
use types::{GroupId, PersonId, SessionId, Time, UserId};

use crate::IdentityApp;
use crate::token::{REFRESH, SESSION, Token};

/// A signed-in device, as the better-auth client knows it.
#[derive(Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    /// Its id.
    pub(crate) id: SessionId,
    /// Whose it is.
    pub(crate) user_id: UserId,
    /// A handle that names the session and opens nothing: its id.
    pub(crate) token: String,
    /// When it ends, unless it is used before.
    pub(crate) expires_at: Time,
    /// When it began.
    pub(crate) created_at: Time,
    /// When it was last used, give or take an hour.
    pub(crate) updated_at: Time,
    /// Where it began.
    pub(crate) ip_address: Option<String>,
    /// What it began with.
    pub(crate) user_agent: Option<String>,
    /// Always null until organizations come.
    pub(crate) active_organization_id: Option<GroupId>,
}

/// Which tokens a new session gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// One opaque token.
    Opaque,
    /// An access token and a refresh token.
    Pair,
}

/// The token of a session about to begin; made before its transaction.
pub(crate) struct Minted {
    pub(crate) surface: Surface,
    /// The opaque token, or the refresh token.
    pub(crate) token: Token,
    /// Never told to anybody when the surface is [`Surface::Pair`].
    pub(crate) token_hash: [u8; 32],
}

impl Minted {
    pub(crate) fn new(house: &IdentityApp, surface: Surface) -> Self {
        match surface {
            Surface::Opaque => {
                let token = Token::mint(&house.random, SESSION);
                Self { surface, token_hash: token.hash, token }
            }
            Surface::Pair => Self {
                surface,
                token: Token::mint(&house.random, REFRESH),
                token_hash: house.random.bytes(),
            },
        }
    }
}

/// Somebody with a login.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Login {
    pub(crate) user: UserId,
    pub(crate) person: PersonId,
    pub(crate) home: GroupId,
}

/// A stored session, as much as is needed to know whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) person: PersonId,
    pub(super) created_at: Time,
    pub(super) updated_at: Time,
    pub(super) expires_at: Time,
    /// Of the token pair: however often it was exchanged, it ends then.
    pub(super) refresh_expires_at: Option<Time>,
}
