//! What is sensible about a person, without a look into the store.

use types::{Checks, Json, Result};

use super::model::Person;
use crate::sizes;

/// Characters of a display name.
pub const MAX_NAME: usize = 100;
/// Characters about somebody.
const MAX_BIO: usize = 500;
/// Characters of a picture's address.
const MAX_AVATAR: usize = 2048;

/// Usernames that would be taken for the house, or for a page of it.
const RESERVED: [&str; 36] = [
    "about",
    "abuse",
    "account",
    "admin",
    "administrator",
    "anonymous",
    "api",
    "auth",
    "billing",
    "contact",
    "everyone",
    "group",
    "groups",
    "help",
    "hostmaster",
    "info",
    "login",
    "logout",
    "mail",
    "moderator",
    "nobody",
    "null",
    "official",
    "owner",
    "people",
    "platform",
    "postmaster",
    "root",
    "security",
    "settings",
    "signup",
    "support",
    "system",
    "undefined",
    "username",
    "webmaster",
];

/// Checks a person as they are about to be stored.
pub(super) fn check(person: &Person) -> Result<()> {
    check_record(&Record {
        display_name: &person.display_name,
        email: person.email.as_deref(),
        username: person.username.as_deref(),
        bio: person.bio.as_deref(),
        avatar: person.avatar.as_deref(),
        metadata: &person.metadata,
    })
}

/// What anybody may write about a person, whether it comes in a request or is imported.
pub(crate) struct Record<'a> {
    pub(crate) display_name: &'a str,
    pub(crate) email: Option<&'a str>,
    pub(crate) username: Option<&'a str>,
    pub(crate) bio: Option<&'a str>,
    pub(crate) avatar: Option<&'a str>,
    pub(crate) metadata: &'a Json,
}

/// Checks what is written about a person.
pub(crate) fn check_record(person: &Record<'_>) -> Result<()> {
    let mut checks = Checks::new();
    checks.text("/displayName", person.display_name, 1, MAX_NAME);
    if let Some(email) = person.email {
        checks.email("/email", email);
    }
    if let Some(username) = person.username {
        checks.that(
            is_username(username),
            "/username",
            "invalid_username",
            "must be 3 to 20 of a-z, 0-9 and `_`.",
        );
        checks.that(
            !RESERVED.contains(&username),
            "/username",
            "reserved_username",
            "is kept for the installation itself; choose another one.",
        );
    }
    checks.text("/bio", person.bio.unwrap_or_default(), 0, MAX_BIO);
    if let Some(avatar) = person.avatar {
        checks.text("/avatar", avatar, 1, MAX_AVATAR).that(
            is_picture(avatar),
            "/avatar",
            "invalid_address",
            "must be the address of a picture: https://… or a path.",
        );
    }
    checks.that(fits(person.metadata), "/metadata", "too_long", "must have at most 64 KiB.").done()
}

/// The form an e-mail address is stored and looked up in.
pub(super) fn email(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// Whether somebody could be called so.
#[must_use]
pub fn is_username(text: &str) -> bool {
    (3..=20).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Nothing a page would run when it shows it: `javascript:` and the like are refused.
fn is_picture(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let known = ["https://", "http://", "data:image/"];
    known.iter().any(|start| lower.starts_with(start)) || !lower.contains(':')
}

fn fits(metadata: &Json) -> bool {
    metadata.as_str().len() <= sizes::METADATA
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
