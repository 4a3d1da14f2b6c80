//! What every room stands on: the [`App`], who calls ([`Caller`]), what they may do ([`access`]),
//! and the one way to change anything ([`Work`]): one transaction that holds the change and its
//! [`events`]. Whatever reacts to a change follows the event log.

pub mod access;
mod app;
mod caller;
mod clock;
pub mod disk;
pub mod egress;
pub mod erasure;
pub mod events;
mod hub;
pub mod idempotency;
mod identities;
pub mod jobs;
mod keys;
mod limits;
pub mod mail;
pub mod ontology;
mod random;
mod range;
pub mod rates;
pub mod sealed;
mod tries;
pub mod usage;
pub mod vault;
mod work;

pub use app::{App, Parts};
pub use caller::{Again, ApiKeyScope, Caller, Found, Identity, Membership};
pub use clock::Clock;
pub use egress::{Document, Egress, Fetched};
pub use hub::Hub;
pub use identities::{AsOf, Identities};
pub use keys::Keys;
pub use limits::{Limit, Limits, Place};
pub use mail::Mail;
pub use random::Random;
pub use range::AddressRange;
pub use rates::Rates;
pub use tries::Tries;
pub use vault::Vault;
pub use work::Work;
