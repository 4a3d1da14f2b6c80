//! Backups of the embedded store: made while it is written to, of one moment, compressed,
//! encrypted, to a folder or a bucket, by the clock or when somebody asks; and the way back.
//!
//! [`Backups`] is what the command line, the job and the routes share. `pack` makes one and `unpack`
//! reads it again, trusting nothing; `restore` puts it in place by `swap`; `keep` says which have had
//! their time. PostgreSQL has tools of its own for this, and is refused with a sentence.

mod apart;
mod archive;
mod bucket;
mod caller;
mod folder;
mod jobs;
mod keep;
mod made;
mod manifest;
pub mod model;
mod pack;
#[doc(hidden)]
pub mod parsers;
mod place;
mod restore;
pub mod routes;
pub mod rules;
mod seal;
mod settings;
mod space;
mod sql;
mod state;
mod swap;
mod unpack;

pub use jobs::jobs;
pub use made::{Backups, Made, Wanted, Whereabouts};
pub use manifest::{Encryption, Kind, Manifest};
pub use pack::{Fingerprint, KeyFile};
pub use place::{Cleared, Found, Place};
pub use restore::{Checked, KeysAfter, Restored, Restoring, restore, verify};
pub use seal::{Pair, Seal, Unlock};
pub use settings::Settings;
pub use state::{Outcome, Room, Since, State};
