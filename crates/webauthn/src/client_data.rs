//! What the browser adds, section 5.8.1: which ceremony, which challenge, which page.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::{Expected, Refusal};

/// Keys that are not known yet are skipped, as section 5.8.1.2 asks; one that comes twice is
/// refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// Steps 5 to 12 of section 7.1, and the same of 7.2.
pub(crate) fn check(json: &[u8], kind: &str, expected: &Expected<'_>) -> Result<(), Refusal> {
    let data: ClientData = serde_json::from_slice(json).map_err(|_| Refusal::ClientData)?;
    if data.r#type != kind {
        return Err(Refusal::Type);
    }
    let challenge = URL_SAFE_NO_PAD.decode(&data.challenge).map_err(|_| Refusal::Challenge)?;
    verify_slices_are_equal(&challenge, expected.challenge).map_err(|_| Refusal::Challenge)?;
    if data.cross_origin || data.top_origin.is_some() || !(expected.origin)(&data.origin) {
        return Err(Refusal::Origin);
    }
    Ok(())
}
