//! Certificates without anybody's work: asked for at an authority that speaks ACME (RFC 8555), kept
//! in the data directory, and asked for again long before they end.
//!
//! The authority is convinced by HTTP-01: it asks for a word at the plain port, so nothing but the
//! two ports is needed. Serving does not wait for it: what was got before is shown meanwhile, and
//! without that the log says what is missing.

mod order;
mod place;

use std::time::Duration;

use kernel::{Clock, Egress};
use types::Time;
use web::{Certificates, Challenges};

pub(crate) use self::place::Place;
use crate::config::Settings;

/// How often it is looked whether it is time.
const LOOK: Duration = Duration::from_secs(3_600);
/// After a failure; doubled each time. An authority that is asked too often stops answering.
const AFTER_SILENCE: Duration = Duration::from_secs(10);
const AFTER_REFUSAL: Duration = Duration::from_secs(600);
const LONGEST: Duration = Duration::from_secs(12 * 3_600);

/// Why there is no certificate, in a sentence.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The authority does not answer.
    Silence(String),
    /// It does, and says no.
    Refusal(String),
    /// The data directory cannot be read or written.
    Disk(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Silence(why) => write!(f, "the certificate authority does not answer: {why}"),
            Self::Refusal(why) => write!(f, "the certificate authority refuses: {why}"),
            Self::Disk(why) => write!(f, "a certificate cannot be kept: {why}"),
        }
    }
}

/// Everything it takes to get one.
pub(crate) struct Acme {
    pub(crate) place: Place,
    domains: Vec<String>,
    directory: String,
    email: String,
    egress: Egress,
    challenges: Challenges,
}

impl Acme {
    /// None where no domains are configured.
    pub(crate) fn new(settings: &Settings, egress: &Egress, challenges: &Challenges) -> Self {
        let server = &settings.server;
        Self {
            place: Place::of(settings),
            domains: server.domains.clone(),
            directory: server.acme_directory.clone(),
            email: server.acme_email.clone(),
            egress: egress.clone(),
            challenges: challenges.clone(),
        }
    }

    /// Gets a certificate whenever it is time, and shows it. `again` is ready when somebody does not
    /// want to wait.
    pub(crate) async fn keep(&self, certificates: &Certificates, mut again: impl AsyncFnMut()) {
        let mut failures = 0;
        loop {
            let now = Clock::System.now();
            let pause = match self.look(certificates, now).await {
                Ok(()) => {
                    self.place.forget_failure();
                    failures = 0;
                    LOOK
                }
                Err(trouble) => {
                    failures += 1;
                    let pause = pause(&trouble, failures);
                    tracing::warn!(again_in_s = pause.as_secs(), "{trouble}");
                    self.place.note_failure(now, &trouble);
                    pause
                }
            };
            tokio::select! {
                () = again() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Writes what could not be written before, and gets a certificate if it is time. What cannot be
    /// written is shown all the same: an authority gives only a few of the same in a week.
    async fn look(&self, certificates: &Certificates, now: Time) -> Result<(), Trouble> {
        let written = self.place.write_rest();
        let due = certificates
            .shown()
            .is_none_or(|shown| is_due(&shown, now) || !self.is_for_all(&shown));
        if !due {
            return written;
        }
        self.place.prove()?;
        let found = order::get(self).await?;
        tracing::info!(ends = %found.ends(), "a new certificate is shown from now on");
        certificates.show(found);
        self.place.write_rest()
    }

    fn is_for_all(&self, shown: &web::Certificate) -> bool {
        self.domains.iter().all(|domain| shown.is_for(domain))
    }
}

/// With a third of its time left it is time for another.
fn is_due(shown: &web::Certificate, now: Time) -> bool {
    let (begins, ends) = (shown.begins().seconds(), shown.ends().seconds());
    now.seconds() >= ends - (ends - begins) / 3
}

fn pause(trouble: &Trouble, failures: u32) -> Duration {
    let (first, longest) = match trouble {
        Trouble::Silence(_) => (AFTER_SILENCE, LONGEST),
        Trouble::Refusal(_) => (AFTER_REFUSAL, LONGEST),
        // Nobody is asked for anything.
        Trouble::Disk(_) => (AFTER_SILENCE, LOOK),
    };
    first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_at_half_a_day() {
        let silent = Trouble::Silence(String::new());
        let refused = Trouble::Refusal(String::new());
        let full = Trouble::Disk(String::new());
        let seconds = |trouble, failures| pause(trouble, failures).as_secs();
        assert_eq!([1, 2, 3].map(|n| seconds(&silent, n)), [10, 20, 40]);
        assert_eq!([1, 2].map(|n| seconds(&refused, n)), [600, 1200]);
        assert_eq!([50, u32::MAX].map(|n| seconds(&silent, n)), [43_200; 2]);
        assert_eq!([1, u32::MAX].map(|n| seconds(&full, n)), [10, 3_600]);
    }
}
