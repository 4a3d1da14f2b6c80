//! One line of an import: read, checked, and its password hashed if it brings a plain one.

use serde::Deserialize;
use types::{Checks, Error, ErrorKind, Result, Secret, Time, UserId};

use super::make::{Fresh, Linked};
use crate::IdentityApp;

/// Accounts elsewhere that one login may bring.
const ACCOUNTS_MAX: usize = 16;
const PROVIDER_MAX: usize = 64;
const ACCOUNT_MAX: usize = 255;

/// A line as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    email: String,
    name: String,
    #[serde(default)]
    email_verified: bool,
    image: Option<String>,
    password_hash: Option<String>,
    password: Option<Secret<String>>,
    created_at: Option<Time>,
    id: Option<UserId>,
    #[serde(default)]
    accounts: Vec<Account>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Account {
    provider: String,
    #[serde(default)]
    issuer: String,
    account_id: String,
}

/// A line that may be stored once its plain password, if it has one, is hashed.
pub(super) struct Checked {
    pub(super) fresh: Fresh,
    pub(super) password: Option<Secret<String>>,
}

/// Reads and checks a line.
///
/// # Errors
/// 400 `malformed_line`; 422 naming what is wrong.
pub(super) fn check(house: &IdentityApp, bytes: &[u8]) -> Result<Checked> {
    let line: Line = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    let mut fresh = Fresh::checked(&line.name, &line.email, line.image)?;
    fresh.id = line.id;
    fresh.email_verified = line.email_verified;
    fresh.created_at = line.created_at;
    fresh.accounts = accounts(house, line.accounts)?;
    let now = house.now();
    let mut checks = Checks::new();
    checks
        .that(
            line.created_at.is_none_or(|at| at <= now && at.micros() >= 0),
            "/createdAt",
            "out_of_range",
            "must be a moment between 1970 and now.",
        )
        .that(
            line.password.is_none() || line.password_hash.is_none(),
            "/password",
            "ambiguous",
            "must be absent when there is a `passwordHash`.",
        );
    checks.done()?;
    if let Some(hash) = &line.password_hash {
        house.parts.passwords.check_stored(hash)?;
    }
    if let Some(password) = &line.password {
        house.parts.passwords.check_new(password, &[&fresh.name, &fresh.email])?;
    }
    fresh.hash = line.password_hash;
    Ok(Checked { fresh, password: line.password })
}

/// The accounts as a sign-in will look for them.
fn accounts(house: &IdentityApp, mut given: Vec<Account>) -> Result<Vec<Linked>> {
    let mut checks = Checks::new();
    checks.that(
        given.len() <= ACCOUNTS_MAX,
        "/accounts",
        "too_many",
        format!("must be at most {ACCOUNTS_MAX}."),
    );
    for (at, one) in given.iter_mut().enumerate() {
        let place = |field: &str| format!("/accounts/{at}/{field}");
        checks
            .text(&place("provider"), &one.provider, 1, PROVIDER_MAX)
            .text(&place("issuer"), &one.issuer, 0, ACCOUNT_MAX)
            .text(&place("accountId"), &one.account_id, 1, ACCOUNT_MAX)
            .that(
                !matches!(one.provider.as_str(), "password" | "credential"),
                &place("provider"),
                "unknown_value",
                "must name a provider elsewhere; a password is given as `passwordHash`.",
            );
        let known = house.providers.issuer_of(&one.provider);
        if one.issuer.is_empty() {
            let message = "must be the `iss` of this provider's tokens: accounts are kept by it.";
            checks.that(known.is_some(), &place("issuer"), "missing_field", message);
            one.issuer = known.unwrap_or_default();
        } else {
            let message = "is not this provider's: leave it out, and it is filled in.";
            let fits = known.is_none_or(|issuer| issuer == one.issuer);
            checks.that(fits, &place("issuer"), "wrong_issuer", message);
        }
    }
    checks.done()?;
    let linked = |one: Account| Linked {
        provider: one.provider,
        issuer: one.issuer,
        account: one.account_id,
    };
    Ok(given.into_iter().map(linked).collect())
}

/// The parser's words name fields, places and kinds of values; what it quotes of a value — an
/// address, a name — is left out.
fn malformed(error: &serde_json::Error) -> Error {
    let said = error.to_string();
    let field = ["unknown field", "missing field", "duplicate field"];
    let why = if field.iter().any(|start| said.starts_with(start)) {
        said.split(", expected").next().unwrap_or_default().to_owned()
    } else {
        format!("it cannot be read at column {}", error.column())
    };
    let message = format!("This line is not an account as JSON: {why}.");
    Error::new(ErrorKind::Malformed, "malformed_line", message)
}
