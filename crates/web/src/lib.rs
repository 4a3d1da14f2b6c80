//! The edge of the house: what every HTTP route shares, and nothing a room is about.
//!
//! A request comes in through [`serve`] (bounded connections, bounded heads), passes the one layer
//! [`Edge`] (request id, limits, panics, CORS, headers), is read by an extractor ([`Body`],
//! [`Params`], [`Paged`], [`Path`], [`IfMatch`]) and leaves as one of the answers ([`Reply`],
//! [`Created`], [`WithEtag`], [`Listed`]) or as a [`Failure`], which is always the same problem
//! document. Every extractor fails with a [`Failure`], so no library's plain text gets out.

mod answers;
mod auth_failure;
mod awaited;
mod caller;
mod client;
mod connection;
mod current;
mod cursor;
mod describe;
mod docs;
mod door;
mod edge;
mod etag;
mod fallback;
mod headers;
mod idempotency;
mod json;
mod json_error;
mod json_scan;
mod linger;
mod listen;
mod moving;
mod object;
mod origin;
mod patch;
mod path;
mod problem;
mod query;
mod query_de;
mod redirect;
mod refuse;
mod settings;
mod shed;
mod stall;
mod streams;
mod tls;
mod transport;
mod turn_away;
mod unfolding;

#[cfg(test)]
mod test_kit;

pub use answers::{Created, Listed, ListedAs, Reply, WithEtag};
pub use auth_failure::{AuthAnswer, AuthBody, AuthFailure, AuthOptionalBody};
pub use caller::By;
pub use client::ClientAddr;
#[doc(hidden)]
pub use client::client_of;
pub use current::{RequestId, request_id};
pub use cursor::CursorKey;
pub use describe::{complete, operations};
pub use docs::openapi_routes;
pub use door::{Door, knock};
pub use edge::{Edge, EdgeFuture, EdgeLayer, EdgeService};
pub use etag::{IfMatch, etag};
pub use fallback::with_fallbacks;
pub use idempotency::{Idempotency, once};
pub use json::{Body, BodyLimit, OptionalBody, check_encoding, parse, read_body};
pub use listen::{PeerAddr, serve};
pub use moving::{brisk, prompt, still_moving};
pub use object::object;
pub use origin::{Origins, check_origin, is_origin};
pub use patch::{Patch, patched_object, patched_objects};
pub use path::Path;
pub use problem::{Answer, ErrorCode, Failure, Problem, ProblemField, Problems, log_failure};
pub use query::{PageParams, Paged, Params};
pub use redirect::{Challenges, redirect};
pub use settings::Settings;
pub use shed::{Shed, Waited};
pub use tls::{Certificate, Certificates, Flaw, Tls};
pub use unfolding::unfolding;
