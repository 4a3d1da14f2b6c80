//! The numbers of this room.

use std::time::Duration;

use kernel::{Limit, ontology};
use serde::{Deserialize, Serialize};
use web::is_origin;

/// Settings of accounts, sessions and keys; every one has a default.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The fewest characters of a new password, 8 to 64.
    pub password_min: usize,
    /// The most characters of a new password, 64 to 1024.
    pub password_max: usize,
    /// Refuse passwords that are known to be common.
    pub password_blocklist: bool,
    /// Ask for lower and upper case, a digit and a sign. Off: length is what counts.
    pub password_composition: bool,
    /// Memory of one Argon2id hash in KiB; OWASP's least is 19456 with two passes.
    pub argon2_memory_kib: u32,
    /// Passes of one Argon2id hash.
    pub argon2_passes: u32,
    /// Passwords that may wait for a free core; one more is answered 503.
    pub hash_queue: usize,
    /// Milliseconds: whoever would be answered later than this, by what a password took lately, is
    /// answered 503 at once.
    pub hash_wait_ms: u32,
    /// Nobody signs in with a password before they proved their address.
    pub require_verified_email: bool,
    /// Whether people may make accounts by themselves.
    pub sign_up: bool,
    /// Where the app lives: letters lead to its pages `/login`, `/accept-invitation` and
    /// `/reset-password`. Empty: this server's public address.
    pub app_url: String,
    /// Wrong passwords for one account from one address before it has to wait.
    pub sign_in_failures: u32,
    /// Minutes those are counted in.
    pub sign_in_window_minutes: u32,
    /// Sign-ins, sign-ups and other guesses from one address in a minute.
    pub tries_per_minute: u32,
    /// Mails with links or codes in a minute, by address asked for and by address asking.
    pub mails_per_minute: u32,
    /// The same in an hour.
    pub mails_per_hour: u32,
    /// Minutes a magic link is good for.
    pub magic_link_minutes: u32,
    /// Minutes a link that resets a password is good for.
    pub reset_minutes: u32,
    /// Hours a link that verifies an address is good for.
    pub verification_hours: u32,
    /// Hours the old address can undo a change of address.
    pub email_revert_hours: u32,
    /// Days from the end of an account until the person is erased; 0: at once.
    pub erase_after_days: u32,
    /// Days an invitation is good for.
    pub invitation_days: u32,
    /// Who is invited proves their address before they accept. Off: whoever has the invitation's
    /// id and an account with that address may.
    pub invitation_needs_verified_email: bool,
    /// Minutes between the first factor and the second.
    pub two_factor_minutes: u32,
    /// Minutes a mailed second factor is good for.
    pub email_code_minutes: u32,
    /// Wrong second factors of all kinds, in the window of sign-ins, before one has to wait.
    pub second_factor_failures: u32,
    /// Days a trusted device needs no second factor.
    pub trusted_device_days: u32,
    /// Minutes between being sent to a provider and coming back.
    pub oauth_minutes: u32,
    /// Seconds a passkey challenge is good for.
    pub passkey_seconds: u32,
    /// The domain passkeys belong to, e.g. `example.com`; empty: the host of `app_url`. Changing
    /// it makes every passkey worthless.
    pub passkey_rp_id: String,
    /// What this service is called where people see it: in authenticator apps and when a browser
    /// asks for a passkey.
    pub service_name: String,
    /// Minutes after proving who one is in which sensitive changes are allowed; 0: always.
    pub fresh_minutes: u32,
    /// Minutes a platform owner may act as somebody else.
    pub impersonation_minutes: u32,
    /// Days until a session ends, however much it is used.
    pub session_days: u32,
    /// Days until a session ends that is not used.
    pub session_idle_days: u32,
    /// Sessions of one person at most; one more ends the one that was not used for longest.
    pub sessions_per_user: u32,
    /// Minutes an access token of the token pair is good for.
    pub access_token_minutes: u32,
    /// Days until a refresh token's family ends, however often it was exchanged.
    pub refresh_days: u32,
    /// Minutes a new signing key is published before it signs.
    pub signing_key_overlap_minutes: u32,
    /// Days a new API key is good for, unless it says otherwise.
    pub api_key_days: u32,
    /// Live API keys of one group at most.
    pub api_keys_per_group: u32,
    /// Hours a rotated API key stays good, unless the rotation says otherwise.
    pub api_key_grace_hours: u32,
    /// Whether the better-auth client may keep metadata with its API keys; off, as it is there.
    pub api_key_metadata: bool,
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
            password_blocklist: true,
            password_composition: false,
            argon2_memory_kib: 19_456,
            argon2_passes: 2,
            hash_queue: 128,
            hash_wait_ms: 600,
            require_verified_email: false,
            sign_up: true,
            app_url: String::new(),
            sign_in_failures: 5,
            sign_in_window_minutes: 15,
            tries_per_minute: 20,
            mails_per_minute: 5,
            mails_per_hour: 20,
            magic_link_minutes: 15,
            reset_minutes: 60,
            verification_hours: 24,
            email_revert_hours: 72,
            erase_after_days: 30,
            invitation_days: 7,
            invitation_needs_verified_email: true,
            two_factor_minutes: 10,
            email_code_minutes: 5,
            second_factor_failures: 5,
            trusted_device_days: 30,
            oauth_minutes: 10,
            passkey_seconds: 300,
            passkey_rp_id: String::new(),
            service_name: "Sixfold".to_owned(),
            fresh_minutes: 5,
            impersonation_minutes: 60,
            session_days: 30,
            session_idle_days: 7,
            sessions_per_user: 100,
            access_token_minutes: 15,
            refresh_days: 30,
            signing_key_overlap_minutes: 60,
            api_key_days: 365,
            api_keys_per_group: 100,
            api_key_grace_hours: 24,
            api_key_metadata: false,
            default_plan: "enterprise".to_owned(),
            callback_origins: Vec::new(),
        }
    }
}

impl Settings {
    /// Every mistake as (key, sentence), so that boot can report them together.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = self.numbers_out_of_range();
        let plans = &ontology::built_in().plans;
        if !plans.contains_key(&self.default_plan) {
            let sentence = "must be a plan of the ontology: starter, pro or enterprise";
            found.push(("default_plan", sentence.to_owned()));
        }
        if !self.app_url.is_empty() && !is_web_address(&self.app_url) {
            let sentence = "must be an address without a path, like `https://app.example.com`";
            found.push(("app_url", sentence.to_owned()));
        }
        if !self.passkey_rp_id.is_empty() && !is_domain(&self.passkey_rp_id) {
            let sentence = "must be a domain in lower case without scheme and port, like \
                            `example.com`";
            found.push(("passkey_rp_id", sentence.to_owned()));
        }
        let name = self.service_name.trim();
        if name.is_empty() || name.chars().count() > 64 || name.contains(':') {
            let sentence = "must have 1 to 64 characters and no colon";
            found.push(("service_name", sentence.to_owned()));
        }
        for origin in self.callback_origins.iter().filter(|origin| !is_origin(origin)) {
            found.push((
                "callback_origins",
                format!("`{origin}` is not an origin; write it like `https://app.example.com`"),
            ));
        }
        found
    }

    fn numbers_out_of_range(&self) -> Vec<(&'static str, String)> {
        const YEAR: u32 = 366;
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        [
            ("password_min", number(self.password_min), 8, 64),
            ("password_max", number(self.password_max), 64, 1_024),
            ("argon2_memory_kib", self.argon2_memory_kib, 8, 4_194_304),
            ("argon2_passes", self.argon2_passes, 1, 100),
            ("hash_queue", number(self.hash_queue), 0, 100_000),
            ("hash_wait_ms", self.hash_wait_ms, 1, 600_000),
            ("sign_in_failures", self.sign_in_failures, 1, 10_000),
            ("sign_in_window_minutes", self.sign_in_window_minutes, 1, 1_440),
            ("tries_per_minute", self.tries_per_minute, 1, 1_000_000),
            ("mails_per_minute", self.mails_per_minute, 1, 1_000_000),
            ("mails_per_hour", self.mails_per_hour, 1, 1_000_000),
            ("magic_link_minutes", self.magic_link_minutes, 1, 1_440),
            ("reset_minutes", self.reset_minutes, 1, 1_440),
            ("verification_hours", self.verification_hours, 1, 720),
            ("email_revert_hours", self.email_revert_hours, 1, 720),
            ("erase_after_days", self.erase_after_days, 0, 3_650),
            ("invitation_days", self.invitation_days, 1, YEAR),
            ("two_factor_minutes", self.two_factor_minutes, 1, 60),
            ("email_code_minutes", self.email_code_minutes, 1, 60),
            ("second_factor_failures", self.second_factor_failures, 1, 100),
            ("trusted_device_days", self.trusted_device_days, 1, YEAR),
            ("oauth_minutes", self.oauth_minutes, 1, 60),
            ("passkey_seconds", self.passkey_seconds, 30, 3_600),
            ("fresh_minutes", self.fresh_minutes, 0, 525_600),
            ("impersonation_minutes", self.impersonation_minutes, 1, 1_440),
            ("session_days", self.session_days, 1, 36_500),
            ("session_idle_days", self.session_idle_days, 1, 36_500),
            ("sessions_per_user", self.sessions_per_user, 1, 10_000),
            ("access_token_minutes", self.access_token_minutes, 1, 1_440),
            ("refresh_days", self.refresh_days, 1, 36_500),
            ("signing_key_overlap_minutes", self.signing_key_overlap_minutes, 0, 43_200),
            ("api_key_days", self.api_key_days, 1, 36_500),
            ("api_keys_per_group", self.api_keys_per_group, 1, 1_000_000),
            ("api_key_grace_hours", self.api_key_grace_hours, 0, 8_760),
        ]
        .into_iter()
        .filter(|(_, value, least, most)| value < least || value > most)
        .map(|(key, _, least, most)| (key, format!("must be {least} to {most}")))
        .collect()
    }

    /// Wrong passwords, per account and address.
    pub(crate) const fn failures(&self) -> Limit {
        Limit::per_minutes(self.sign_in_failures, self.sign_in_window_minutes)
    }

    /// Wrong second factors of all kinds together, per account.
    pub(crate) const fn second_factors(&self) -> Limit {
        Limit::per_minutes(self.second_factor_failures, self.sign_in_window_minutes)
    }

    /// Until a password is hashed or compared.
    pub(crate) const fn hash_wait(&self) -> Duration {
        Duration::from_millis(self.hash_wait_ms as u64)
    }

    /// Guesses of any kind, per address.
    pub(crate) const fn tries(&self) -> Limit {
        Limit::per_minutes(self.tries_per_minute, 1)
    }

    /// Mails with links or codes, by address asked for and by address asking.
    pub(crate) const fn mails(&self) -> [Limit; 2] {
        [Limit::per_minutes(self.mails_per_minute, 1), Limit::per_minutes(self.mails_per_hour, 60)]
    }

    /// How long ago somebody may have proven who they are for a sensitive change; none: any time.
    #[must_use]
    pub const fn fresh(&self) -> Option<Duration> {
        match self.fresh_minutes {
            0 => None,
            minutes => Some(Duration::from_secs(minutes as u64 * 60)),
        }
    }
}

fn is_domain(text: &str) -> bool {
    let safe =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    text.len() <= 253 && text.bytes().all(safe) && !text.starts_with('.') && !text.ends_with('.')
}

fn is_web_address(text: &str) -> bool {
    is_origin(text) && (text.starts_with("https://") || text.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn what_would_be_dropped_silently_is_a_mistake() {
        for bad in [
            "https://App.example.com",
            "https://*.example.com",
            "https://ada@app.example.com",
            "https://app.example.com?x",
            "https://app.example.com/",
        ] {
            let settings = Settings {
                app_url: bad.to_owned(),
                callback_origins: vec![bad.to_owned()],
                ..Settings::default()
            };
            assert_eq!(settings.mistakes().len(), 2, "{bad}");
        }
    }
}
