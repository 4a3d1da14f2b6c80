//! How large free-form data may be: it is read whole, repeated in answers and searched.

use serde::Serialize;
use types::{Checks, Json, Result};

/// Bytes of `metadata`, as JSON without blanks.
pub(crate) const METADATA: usize = 64 << 10;
/// Bytes of a thing's `properties`, as JSON without blanks.
pub(crate) const PROPERTIES: usize = 256 << 10;

/// Notes `metadata` that is too large.
///
/// # Errors
/// As [`Json::of`].
pub(crate) fn check_metadata(checks: &mut Checks, metadata: &impl Serialize) -> Result<()> {
    let fits = Json::of(metadata)?.as_str().len() <= METADATA;
    checks.that(fits, "/metadata", "too_long", "must have at most 64 KiB.");
    Ok(())
}

/// Refuses properties, as they are about to be stored, that are too large.
///
/// # Errors
/// 422 at `/properties`.
pub(crate) fn check_properties(properties: &Json) -> Result<()> {
    let fits = properties.as_str().len() <= PROPERTIES;
    Checks::new().that(fits, "/properties", "too_long", "must have at most 256 KiB.").done()
}
