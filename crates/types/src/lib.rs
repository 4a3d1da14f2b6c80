//! Words the whole house speaks: errors, ids, time, pages, secrets, raw JSON.
//!
//! No I/O lives here; every other room imports this one and this one imports none.

mod checks;
mod error;
mod id;
mod json;
mod page;
mod schema;
mod secret;
mod shortage;
mod time;

pub use checks::Checks;
pub use error::{Error, Field, Kind as ErrorKind, Result};
pub use id::{
    AccountId, AnyId, ApiKeyId, ConnectionId, DeliveryId, EventId, GroupId, IdError, ImportId,
    InvitationId, JobId, JoinRequestId, Kind, KnowledgeId, MemberId, PasskeyId, PersonId,
    ReceiverId, SessionId, ThingId, UserId, WebhookId,
};
pub use json::{Json, JsonMap};
pub use page::{DEFAULT_LIMIT, Limit, MAX_LIMIT, Page};
pub use secret::Secret;
pub use shortage::Shortage;
pub use time::Time;
