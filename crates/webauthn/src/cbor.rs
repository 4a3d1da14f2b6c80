//! Reading CBOR (RFC 8949) that a stranger wrote: bounded depth, no key twice.

use ciborium::Value;

use crate::Refusal;

/// Attestation statements are three deep; nothing real is deeper than this.
const DEPTH: usize = 8;
/// Keys and attestation objects have a handful; finding doubles costs the square of this.
const MEMBERS: usize = 32;

/// A map whose keys are all different.
pub(crate) struct Map(Vec<(Value, Value)>);

/// The item at the start of `bytes`, and what follows it. Memory is bounded by the input: a
/// length that promises more than is there is not believed.
fn item(bytes: &[u8]) -> Result<(Value, &[u8]), Refusal> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH)
        .map_err(|_| Refusal::Cbor)?;
    Ok((value, rest))
}

/// The map at the start of `bytes`, and what follows it.
pub(crate) fn map(bytes: &[u8]) -> Result<(Map, &[u8]), Refusal> {
    let (value, rest) = item(bytes)?;
    let Value::Map(entries) = value else { return Err(Refusal::Cbor) };
    if entries.len() > MEMBERS {
        return Err(Refusal::Cbor);
    }
    for (at, (key, _)) in entries.iter().enumerate() {
        if entries.iter().skip(at + 1).any(|(other, _)| other == key) {
            return Err(Refusal::Cbor);
        }
    }
    Ok((Map(entries), rest))
}

impl Map {
    fn get(&self, key: &Value) -> Option<&Value> {
        self.0.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    /// What stands at a text key.
    pub(crate) fn named(&self, key: &str) -> Option<&Value> {
        self.get(&Value::Text(key.to_owned()))
    }

    /// A number at a numbered key.
    pub(crate) fn number(&self, key: i64) -> Option<i64> {
        let value = self.get(&Value::Integer(key.into()))?;
        value.as_integer().and_then(|number| i64::try_from(number).ok())
    }

    /// Bytes at a numbered key.
    pub(crate) fn bytes(&self, key: i64) -> Option<&[u8]> {
        self.get(&Value::Integer(key.into()))?.as_bytes().map(Vec::as_slice)
    }
}
