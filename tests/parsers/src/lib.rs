//! What must hold for whatever somebody sends: a function of bytes for each parser.
//!
//! `fuzz/` gives them bytes that a fuzzer has grown (`just fuzz`); the test of this crate gives them
//! the corpora that are kept there, so that what was found once is looked at in every run.

#![expect(clippy::expect_used, reason = "in a fuzz target a failure is the report")]

mod cursor;
mod filter;
mod house;
mod import_line;
mod json_body;
mod passkey;
mod token;
mod typeid;

pub use crate::filter::filter;
pub use cursor::cursor;
pub use import_line::import_line;
pub use json_body::json_body;
pub use passkey::passkey;
pub use token::token;
pub use typeid::typeid;

/// Takes whatever there is, and fails where something does not hold.
pub type Target = fn(&[u8]);

/// All of them, by the names of their corpora.
pub const TARGETS: [(&str, Target); 7] = [
    ("cursor", cursor),
    ("filter", filter),
    ("import_line", import_line),
    ("json_body", json_body),
    ("passkey", passkey),
    ("token", token),
    ("typeid", typeid),
];
