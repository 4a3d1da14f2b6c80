//! Query parameters: known, sent once, readable — or refused by name.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use types::{Error, Limit, MAX_LIMIT, Result};
use utoipa::IntoParams;

use crate::problem::Failure;
use crate::query_de::{self, Pair};

/// The query string, read into `T`. A parameter `T` does not have is refused.
///
/// `T` spells out its fields. With `#[serde(flatten)]` it must deny unknown fields itself, and
/// only text reaches the flattened fields.
#[derive(Debug, Clone)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let pairs = pairs(parts.uri.query())?;
        Ok(Self(query_de::from_pairs(pairs, &[])?))
    }
}

/// The query string of a list: a page, and everything else read into `T` as by [`Params`].
#[derive(Debug, Clone)]
pub struct Paged<T> {
    /// The parameters of the list's own.
    pub filter: T,
    /// `limit`, within bounds.
    pub limit: Limit,
    /// `cursor`, still sealed.
    pub cursor: Option<String>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Paged<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let mut pairs = pairs(parts.uri.query())?;
        let mut take = |name: &str| {
            let at = pairs.iter().position(|(found, _)| found == name)?;
            Some(pairs.swap_remove(at).1.into_owned())
        };
        let page = PageParams { limit: take("limit"), cursor: take("cursor") };
        let limit = page.limit()?;
        let filter = query_de::from_pairs(pairs, &["limit", "cursor"])?;
        Ok(Self { filter, limit, cursor: page.cursor })
    }
}

/// The two parameters of every list, as text; [`Paged`] reads them, and documents name them with
/// `params(PageParams)`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct PageParams {
    /// Rows of a page.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<String>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
}

impl PageParams {
    /// The rows of the page.
    ///
    /// # Errors
    /// 422 `out_of_range`.
    pub fn limit(&self) -> Result<Limit> {
        let Some(text) = &self.limit else { return Ok(Limit::default()) };
        text.parse().ok().and_then(Limit::new).ok_or_else(|| {
            Error::invalid(
                "limit",
                "out_of_range",
                format!("A page has 1 to {MAX_LIMIT} rows; send a whole number in that range."),
            )
        })
    }
}

/// Refuses every parameter.
pub(crate) fn none(query: Option<&str>) -> Result<()> {
    query_de::from_pairs(pairs(query)?, &[])
}

/// The decoded parameters; each may be sent once.
fn pairs(query: Option<&str>) -> Result<Vec<Pair<'_>>> {
    let Some(query) = query else { return Ok(Vec::new()) };
    if let Some(broken) = query.split('&').find(|part| !is_text(part)) {
        // The decoder below would put U+FFFD in the place of what it cannot read.
        let name = broken.split('=').next().filter(|name| is_text(name)).unwrap_or_default();
        let message = "This parameter is not UTF-8 text.";
        return Err(Error::invalid(name, "invalid_character", message));
    }
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if pairs.len() == MAX_PARAMETERS {
            return Err(Error::invalid(
                "",
                "too_many_parameters",
                format!("A query has at most {MAX_PARAMETERS} parameters."),
            ));
        }
        if value.contains('\0') || name.contains('\0') {
            return Err(Error::invalid(
                name,
                "invalid_character",
                "The character U+0000 cannot be stored; leave it out.",
            ));
        }
        if pairs.iter().any(|(seen, _): &(Cow<'_, str>, _)| *seen == name) {
            return Err(Error::invalid(
                name,
                "repeated_parameter",
                "This parameter is there more than once; send it once.",
            ));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Whether what stands there in percent-encoding is UTF-8.
fn is_text(encoded: &str) -> bool {
    if !encoded.contains('%') {
        return true;
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let [first, behind @ ..] = rest {
        let escaped = behind.get(..2).filter(|_| *first == b'%').and_then(|hex| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(hex[0])? * 16 + digit(hex[1])?).ok()
        });
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// Looking for repetitions compares all with all, so their number is bounded.
const MAX_PARAMETERS: usize = 64;

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
