//! The event log, sealed: what of an event is hashed, what signs the log, and what vouches for the
//! events that are taken out of it.
//!
//! The tree itself, and who lets it grow and verifies it, are operations' (`ops::audit`). What is here
//! is needed where events are deleted.

mod deleted;
mod entry;
mod note;
mod sql;

pub use deleted::{Deleted, let_go, sign_anew};
pub use entry::{Event, WIDTH, leaf};
pub use note::{Checkpoint, Hash, Signer, Verifier, hex};
pub use sql::{Deletion, Head, deletions, head, root_key};
