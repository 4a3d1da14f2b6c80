//! Reading what a browser's authenticator answered: JSON with bytes in base64url.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use webauthn::Refusal;

/// No part of an answer is longer: 64 KiB as base64url.
const MAX_TEXT: usize = 88 * 1024;
/// Kinds of transports are a handful; what is kept of them is short.
const TRANSPORTS: usize = 8;

/// Of a registration, section 5.1.8.1: as much as is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    id: String,
    r#type: String,
    response: Attestation,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attestation {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
    #[serde(default)]
    transports: Vec<String>,
}

/// Of a sign-in, section 5.1.8.2.
#[derive(Deserialize)]
struct Authentication {
    id: String,
    r#type: String,
    response: Signed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

/// A registration, in bytes.
pub(super) struct NewPasskey {
    pub(super) id: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) attestation: Vec<u8>,
    pub(super) transports: String,
}

/// A sign-in, in bytes.
pub(super) struct SignIn {
    pub(super) id: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) authenticator_data: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) user_handle: Option<Vec<u8>>,
}

fn shaped<T: DeserializeOwned>(answer: Value) -> Result<T, Refusal> {
    serde_json::from_value(answer).map_err(|_| Refusal::Credential)
}

fn bytes(text: &str) -> Result<Vec<u8>, Refusal> {
    if text.len() > MAX_TEXT {
        return Err(Refusal::TooLong);
    }
    // Some libraries pad.
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| Refusal::Credential)
}

/// Reads a registration.
pub(super) fn registration(answer: Value) -> Result<NewPasskey, Refusal> {
    let Registration { id, r#type, response } = shaped(answer)?;
    if r#type != "public-key" {
        return Err(Refusal::Credential);
    }
    let known = |text: &&String| {
        (1..=32).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"-0123456789".contains(&byte))
    };
    let transports: Vec<&str> =
        response.transports.iter().filter(known).take(TRANSPORTS).map(String::as_str).collect();
    Ok(NewPasskey {
        id: bytes(&id)?,
        client_data: bytes(&response.client_data)?,
        attestation: bytes(&response.attestation_object)?,
        transports: transports.join(","),
    })
}

/// Reads a sign-in.
pub(super) fn sign_in(answer: Value) -> Result<SignIn, Refusal> {
    let Authentication { id, r#type, response } = shaped(answer)?;
    if r#type != "public-key" {
        return Err(Refusal::Credential);
    }
    Ok(SignIn {
        id: bytes(&id)?,
        client_data: bytes(&response.client_data)?,
        authenticator_data: bytes(&response.authenticator_data)?,
        signature: bytes(&response.signature)?,
        user_handle: response.user_handle.as_deref().map(bytes).transpose()?,
    })
}
