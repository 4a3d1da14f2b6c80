//! What every room stands on: the [`App`], who calls ([`Caller`]), what they may do ([`access`]),
//! and the one way to change anything ([`Work`]): one transaction that holds the change and its
//! [`events`]. Whatever reacts to a change follows the event log.

pub mod access;
mod app;
mod caller;
mod clock;
pub mod events;
mod hub;
mod identities;
pub mod jobs;
mod keys;
pub mod ontology;
mod random;
mod work;

pub use app::{App, Parts};
pub use caller::{ApiKeyScope, Caller, Identity, Membership};
pub use clock::Clock;
pub use hub::Hub;
pub use identities::{AsOf, Identities};
pub use keys::Keys;
pub use random::Random;
pub use work::Work;
