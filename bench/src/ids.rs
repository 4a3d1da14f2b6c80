//! Ids and the small deterministic randomness of the generator.

/// Crockford's base 32, lower case, as TypeIDs use it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 2025-01-01T00:00:00Z in Unix milliseconds: the moment imported things claim to be born.
pub(crate) const EPOCH_MS: u64 = 1_735_689_600_000;

/// Writes a 128-bit id as `prefix_` and 26 base-32 characters.
pub(crate) fn type_id(prefix: &str, id: u128) -> String {
    let mut text = String::with_capacity(prefix.len() + 27);
    text.push_str(prefix);
    text.push('_');
    for position in (0..26).rev() {
        let digit = (id >> (position * 5)) & 31;
        text.push(char::from(ALPHABET[digit as usize]));
    }
    text
}

/// The id of imported thing number `index`: UUIDv7 layout, ascending, the same on every run.
pub(crate) fn thing_id(index: u64) -> String {
    numbered("thing", index)
}

/// The same for another kind of object.
pub(crate) fn numbered(prefix: &str, index: u64) -> String {
    let random = mix(index);
    let more = mix(random);
    let id = (u128::from(EPOCH_MS + index) << 80)
        | (0x7 << 76)
        | (u128::from(random & 0xfff) << 64)
        | (0b10 << 62)
        | u128::from(more >> 2);
    type_id(prefix, id)
}

/// SplitMix64: one step of a good 64-bit mixer.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A cheap random number generator, one per connection.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The next number below `bound` (`bound` ≥ 1). The bias of the multiply-shift is far below
    /// what matters here.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ((u128::from(mix(self.0)) * bound as u128) >> 64) as usize
    }
}

/// Ids of equal length in one flat buffer, to be copied into requests.
#[derive(Clone, Default)]
pub(crate) struct IdPool {
    bytes: Vec<u8>,
    width: usize,
}

impl IdPool {
    /// Adds an id; one of another length than the first is left out, because requests have a fixed
    /// gap for it.
    pub(crate) fn push(&mut self, id: &[u8]) {
        if self.width == 0 {
            self.width = id.len();
        }
        if id.len() == self.width {
            self.bytes.extend_from_slice(id);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len().checked_div(self.width).unwrap_or(0)
    }

    pub(crate) fn get(&self, index: usize) -> &[u8] {
        &self.bytes[index * self.width..(index + 1) * self.width]
    }
}

#[cfg(test)]
#[path = "ids_tests.rs"]
mod tests;
