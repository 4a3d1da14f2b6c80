//! The shapes of a session.

use std::sync::Arc;

use serde::Serialize;
use types::{GroupId, PersonId, Secret, SessionId, Time, UserId};

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
    /// How its owner proved who they are.
    #[schema(example = "password")]
    pub(crate) method: String,
    /// The organization its owner works in just now.
    pub(crate) active_organization_id: Option<GroupId>,
    /// The team its owner works in just now.
    pub(crate) active_team_id: Option<GroupId>,
    /// The platform owner who acts as this user.
    pub(crate) impersonated_by: Option<PersonId>,
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
    /// False: the browser forgets the session when it closes.
    pub(crate) remember: bool,
    /// The provider that says who it is, for the event.
    pub(crate) provider: Option<Arc<str>>,
}

impl Minted {
    pub(crate) fn new(house: &IdentityApp, surface: Surface, remember: bool) -> Self {
        match surface {
            Surface::Opaque => {
                let token = Token::mint(&house.random, SESSION);
                Self { surface, token_hash: token.hash, token, remember, provider: None }
            }
            Surface::Pair => Self {
                surface,
                token: Token::mint(&house.random, REFRESH),
                token_hash: house.random.bytes(),
                remember,
                provider: None,
            },
        }
    }
}

/// The token somebody goes on with who proved again who they are.
pub(crate) struct NextToken {
    pub(crate) text: Secret<String>,
    /// Whether a browser keeps the cookie when it closes; none where it is an access token of a
    /// pair, which no cookie holds.
    pub(crate) remember: Option<bool>,
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
    /// When its owner last proved who they are.
    pub(super) authenticated_at: Option<Time>,
    pub(super) impersonator: Option<PersonId>,
    /// Of the token pair: however often it was exchanged, it ends then.
    pub(super) refresh_expires_at: Option<Time>,
}
