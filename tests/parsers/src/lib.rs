//! What must hold for whatever somebody sends: a function of bytes for each parser.
//!
//! `fuzz/` gives them bytes that a fuzzer has grown (`just fuzz`); the test of this crate gives them
//! the corpora that are kept there, so that what was found once is looked at in every run.

#![expect(clippy::expect_used, reason = "in a fuzz target a failure is the report")]

mod address;
mod audit;
mod backup;
mod cursor;
mod definition;
mod filter;
mod headers;
mod house;
mod import_line;
mod json_body;
mod live;
mod passkey;
mod password_hash;
mod query;
mod search_query;
mod token;
mod typeid;
mod website;

pub use crate::address::address;
pub use crate::audit::audit;
pub use crate::backup::backup;
pub use crate::cursor::cursor;
pub use crate::definition::definition;
pub use crate::filter::filter;
pub use crate::headers::headers;
pub use crate::import_line::import_line;
pub use crate::json_body::json_body;
pub use crate::live::live;
pub use crate::passkey::passkey;
pub use crate::password_hash::password_hash;
pub use crate::query::query;
pub use crate::search_query::search_query;
pub use crate::token::token;
pub use crate::typeid::typeid;
pub use crate::website::website;

/// Takes whatever there is, and fails where something does not hold.
pub type Target = fn(&[u8]);

/// All of them, by the names of their corpora.
pub const TARGETS: [(&str, Target); 17] = [
    ("address", address),
    ("audit", audit),
    ("backup", backup),
    ("cursor", cursor),
    ("definition", definition),
    ("filter", filter),
    ("headers", headers),
    ("import_line", import_line),
    ("json_body", json_body),
    ("live", live),
    ("passkey", passkey),
    ("password_hash", password_hash),
    ("query", query),
    ("search_query", search_query),
    ("token", token),
    ("typeid", typeid),
    ("website", website),
];
