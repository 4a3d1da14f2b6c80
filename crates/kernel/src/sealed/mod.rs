//! The event log, sealed: what of an event is hashed (`entry`), how the hashes make a tree (`tree`,
//! `tiles`), what signs it (`note`), and what vouches for the events that are taken out of it
//! (`deleted`).
//!
//! Who lets the tree grow, and who verifies it, are operations' (`ops::audit`). What is here is needed
//! where events are deleted, too.

mod deleted;
mod entry;
mod note;
mod sql;
pub mod tiles;
pub mod tree;

pub use deleted::{Deleted, let_go, may_go, sign_anew};
pub use entry::{Event, WIDTH, leaf};
pub use note::{Checkpoint, Hash, Signer, Verifier, hex};
pub use sql::{DELETIONS_BEGIN, Deletion, Head, deletions, head, root_key};
