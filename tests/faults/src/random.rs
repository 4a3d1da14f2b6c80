//! Chance that can be had again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use anyhow::{Context as _, Result};

use crate::machine;

/// SplitMix64: small, and good enough to choose a moment.
#[derive(Debug)]
pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// From `SIXFOLD_FAULTS_SEED`, or anew in each run.
    ///
    /// # Errors
    /// When the variable is no number.
    pub fn new() -> Result<Self> {
        let seed = match machine::variable("SIXFOLD_FAULTS_SEED") {
            Some(text) => text.parse().context("SIXFOLD_FAULTS_SEED is a number")?,
            // The keys of the standard library's hashes are drawn anew.
            None => RandomState::new().build_hasher().finish(),
        };
        Ok(Self { seed, state: seed })
    }

    /// What gives the same choices again.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// One of `from` to `to`, both among them.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        from + (mixed ^ (mixed >> 31)) % (to - from + 1)
    }
}
