//! The numbers of this room.

use kernel::ontology;
use serde::{Deserialize, Serialize};

/// Settings of accounts, sessions and keys; every one has a default.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The fewest characters of a new password, 8 to 64.
    pub password_min: usize,
    /// The most characters of a new password, 64 to 1024.
    pub password_max: usize,
    /// Memory of one Argon2id hash in KiB; OWASP's least is 19456 with two passes.
    pub argon2_memory_kib: u32,
    /// Passes of one Argon2id hash.
    pub argon2_passes: u32,
    /// Passwords that may wait for a free core; one more is answered 503.
    pub hash_queue: usize,
    /// Days until a session ends, however much it is used.
    pub session_days: u32,
    /// Days until a session ends that is not used.
    pub session_idle_days: u32,
    /// Minutes an access token of the token pair is good for.
    pub access_token_minutes: u32,
    /// Days until a refresh token's family ends, however often it was exchanged.
    pub refresh_days: u32,
    /// Days a new API key is good for, unless it says otherwise.
    pub api_key_days: u32,
    /// Live API keys of one group at most.
    pub api_keys_per_group: u32,
    /// The plan of the personal group every new account gets.
    pub default_plan: String,
    /// Origins a `callbackURL` may point at, besides this server and the allowed origins of the
    /// web, e.g. `https://app.example.com`.
    pub callback_origins: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            password_min: 12,
            password_max: 128,
            argon2_memory_kib: 19_456,
            argon2_passes: 2,
            hash_queue: 64,
            session_days: 30,
            session_idle_days: 7,
            access_token_minutes: 15,
            refresh_days: 30,
            api_key_days: 365,
            api_keys_per_group: 100,
            default_plan: "enterprise".to_owned(),
            callback_origins: Vec::new(),
        }
    }
}

impl Settings {
    /// Every mistake as (key, sentence), so that boot can report them together.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut check = |good: bool, key: &'static str, sentence: &str| {
            if !good {
                found.push((key, sentence.to_owned()));
            }
        };
        check((8..=64).contains(&self.password_min), "password_min", "must be 8 to 64");
        check((64..=1024).contains(&self.password_max), "password_max", "must be 64 to 1024");
        check(
            (8..=4_194_304).contains(&self.argon2_memory_kib),
            "argon2_memory_kib",
            "must be 8 to 4194304",
        );
        check((1..=100).contains(&self.argon2_passes), "argon2_passes", "must be 1 to 100");
        check(self.hash_queue <= 100_000, "hash_queue", "must be at most 100000");
        for (key, days) in [
            ("session_days", self.session_days),
            ("session_idle_days", self.session_idle_days),
            ("refresh_days", self.refresh_days),
            ("api_key_days", self.api_key_days),
        ] {
            check((1..=36_500).contains(&days), key, "must be 1 to 36500 days");
        }
        check(
            (1..=1_440).contains(&self.access_token_minutes),
            "access_token_minutes",
            "must be 1 to 1440",
        );
        check(self.api_keys_per_group >= 1, "api_keys_per_group", "must be at least 1");
        check(
            ontology::built_in().plans.contains_key(&self.default_plan),
            "default_plan",
            "must be a plan of the ontology: starter, pro or enterprise",
        );
        for origin in &self.callback_origins {
            if origin
                .split_once("://")
                .is_none_or(|(_, rest)| rest.is_empty() || rest.contains('/'))
            {
                found.push((
                    "callback_origins",
                    format!("`{origin}` is not an origin; write it like `https://app.example.com`"),
                ));
            }
        }
        found
    }
}
