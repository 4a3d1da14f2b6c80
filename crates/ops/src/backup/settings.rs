//! What an operator says about backups.

use serde::Deserialize;
use types::{Error, Result, Secret, Time};

use super::keep::Keep;
use super::manifest::Encryption;
use super::place::Place;
use super::seal::Seal;

/// Backups of each kind of period that are kept at most.
const MOST: u16 = 1000;
/// Seconds of a call at most.
const LONGEST_CALL: u16 = 600;

/// The section `backup`.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A folder, or `s3://BUCKET/PREFIX`; empty: nowhere.
    pub to: String,
    /// When, as a cron expression of five fields in UTC; empty: only when somebody asks.
    pub every: String,
    /// Public keys (`age1…`) of who may read backups.
    pub recipients: Vec<String>,
    /// Instead of them.
    pub passphrase: Option<Secret<String>>,
    /// Whether they may lie there for anybody to read.
    pub unencrypted: bool,
    /// Whether the keys of the installation are in them.
    pub include_keys: bool,
    /// The newest ones of the schedule that are kept.
    pub keep_last: u16,
    /// The newest of so many days.
    pub keep_daily: u16,
    /// The newest of so many weeks.
    pub keep_weekly: u16,
    /// The newest of so many months.
    pub keep_monthly: u16,
    /// The address of an S3 that is not Amazon's.
    pub s3_endpoint: String,
    /// Its region.
    pub s3_region: String,
    /// Who we are there.
    pub s3_access_key: Option<Secret<String>>,
    /// The proof.
    pub s3_secret_key: Option<Secret<String>>,
    /// The rest of the proof, where that is for a while only.
    pub s3_session_token: Option<Secret<String>>,
    /// Whether what is sent has a checksum with it.
    pub s3_checksums: bool,
    /// Seconds a call there may take.
    pub s3_timeout_s: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            to: String::new(),
            every: String::new(),
            recipients: Vec::new(),
            passphrase: None,
            unencrypted: false,
            include_keys: false,
            keep_last: 3,
            keep_daily: 7,
            keep_weekly: 5,
            keep_monthly: 12,
            s3_endpoint: String::new(),
            s3_region: "us-east-1".to_owned(),
            s3_access_key: None,
            s3_secret_key: None,
            s3_session_token: None,
            s3_checksums: true,
            s3_timeout_s: 60,
        }
    }
}

impl Settings {
    /// Every mistake as (key, sentence), so that boot can report them together.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut said = |key, text: &str| found.push((key, text.to_owned()));
        if !self.every.is_empty() && self.to.is_empty() {
            said("every", "needs `to`: a folder, or s3://BUCKET");
        }
        let ticks = kernel::jobs::tick_after(&self.every, Time::from_micros(0)).is_some();
        if !self.every.is_empty() && !ticks {
            said("every", "must be five fields of cron, e.g. `15 3 * * *`: each day at 3:15 UTC");
        }
        if let Err(error) = Seal::of(&self.recipients, None) {
            said("recipients", sentence(&error));
        }
        let ways = [!self.recipients.is_empty(), self.passphrase.is_some(), self.unencrypted];
        match ways.into_iter().filter(|way| *way).count() {
            0 if !self.to.is_empty() => {
                said(
                    "recipients",
                    "name public keys (`sixfold backup new-key` makes a pair), or \
                    give a passphrase, or say that backups may be read by anybody: `unencrypted`",
                );
            }
            0 | 1 => {}
            _ => said("recipients", "choose one of `recipients`, `passphrase` and `unencrypted`"),
        }
        if self.include_keys && self.unencrypted {
            said("include_keys", "keys are only put into backups that are encrypted");
        }
        if let Err(error) = Seal::of(&[], self.passphrase.clone()) {
            said("passphrase", sentence(&error));
        }
        for (key, value, least) in [
            ("keep_last", self.keep_last, 1),
            ("keep_daily", self.keep_daily, 0),
            ("keep_weekly", self.keep_weekly, 0),
            ("keep_monthly", self.keep_monthly, 0),
        ] {
            if !(least..=MOST).contains(&value) {
                said(key, &format!("must be {least} to {MOST}"));
            }
        }
        self.mistakes_of_place(&mut found);
        found
    }

    fn mistakes_of_place(&self, found: &mut Vec<(&'static str, String)>) {
        let mut said = |key, text: &str| found.push((key, text.to_owned()));
        if !(1..=LONGEST_CALL).contains(&self.s3_timeout_s) {
            said("s3_timeout_s", &format!("must be 1 to {LONGEST_CALL}"));
        }
        if !is_safe(&self.s3_endpoint) {
            said(
                "s3_endpoint",
                "must begin with https://, or name this machine: http://127.0.0.1:9000",
            );
        }
        if let Err(error) = self.place() {
            let about = error.field_errors().first().map_or("", |field| field.pointer.as_str());
            let of_bucket = about == "backup.s3_access_key";
            said(if of_bucket { "s3_access_key" } else { "to" }, sentence(&error));
        }
    }

    /// Where backups go; none, if nowhere.
    ///
    /// # Errors
    /// 422, when it cannot be told.
    pub fn place(&self) -> Result<Option<Place>> {
        if self.to.is_empty() { Ok(None) } else { Place::parse(&self.to, self).map(Some) }
    }

    /// How they are closed.
    ///
    /// # Errors
    /// 422, for what is no public key.
    pub(super) fn seal(&self) -> Result<Seal> {
        Seal::of(&self.recipients, self.passphrase.clone())
    }

    /// Which kind of lock that is.
    #[must_use]
    pub fn encryption(&self) -> Encryption {
        match (self.recipients.is_empty(), &self.passphrase) {
            (false, _) => Encryption::Recipients,
            (true, Some(_)) => Encryption::Passphrase,
            (true, None) => Encryption::None,
        }
    }

    pub(super) fn keep(&self) -> Keep {
        Keep {
            last: self.keep_last.into(),
            daily: self.keep_daily.into(),
            weekly: self.keep_weekly.into(),
            monthly: self.keep_monthly.into(),
        }
    }
}

/// Whether nobody on the way can read or change what goes there.
fn is_safe(endpoint: &str) -> bool {
    if endpoint.is_empty() {
        return true;
    }
    let Ok(address) = endpoint.parse::<http::Uri>() else { return false };
    let host = address.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match address.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => {
            host == "localhost"
                || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        _ => false,
    }
}

/// What is wrong, without the key it is wrong with.
fn sentence(error: &Error) -> &str {
    error.field_errors().first().map_or_else(|| error.message(), |one| one.message.as_str())
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
