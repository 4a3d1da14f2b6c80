//! What the outcome of a request means: for the delivery, and for its webhook.

use std::time::Duration;

use kernel::egress::{CallFailure, Called};
use types::Time;

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// The pauses after the requests that fail; after the last one a delivery is given up. With the
/// first request at once that is ten of them in about 75 hours.
const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    minutes(5),
    minutes(30),
    minutes(2 * 60),
    minutes(5 * 60),
    minutes(10 * 60),
    minutes(14 * 60),
    minutes(20 * 60),
    minutes(24 * 60),
];
/// However long a server asks to be left alone.
const LONGEST: Duration = minutes(24 * 60);

/// What a delivery comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It was taken.
    Delivered,
    /// It is sent again after that long.
    Again(Duration),
    /// It is given up.
    GivenUp,
}

/// What is wrong with an answer, or with there being none; nothing, when it is one of success.
pub(super) fn wrong(outcome: &Result<Called, CallFailure>) -> Option<&'static str> {
    match outcome {
        Err(CallFailure::Refused) => Some("refused_address"),
        Err(CallFailure::Unreachable) => Some("unreachable"),
        Err(CallFailure::TimedOut) => Some("timed_out"),
        Err(CallFailure::Busy) => Some("busy"),
        Ok(called) => match called.status {
            200..=299 => None,
            300..=399 => Some("redirected"),
            410 => Some("gone"),
            _ => Some("bad_status"),
        },
    }
}

/// What comes next after the `step`th request (counted from 1) since a delivery was queued. `dice`
/// (0 to 255) makes pauses up to a tenth longer, so that those that failed together do not come
/// back together.
pub(super) fn next(step: i64, outcome: &Result<Called, CallFailure>, dice: u8) -> Next {
    let Some(wrong) = wrong(outcome) else { return Next::Delivered };
    if wrong == "gone" {
        return Next::GivenUp;
    }
    let before = step.checked_sub(1).and_then(|before| usize::try_from(before).ok());
    let pause = before.and_then(|index| PAUSES.get(index));
    let Some(pause) = pause else { return Next::GivenUp };
    let asked = outcome.as_ref().ok().and_then(|called| called.retry_after_s);
    let asked = Duration::from_secs(asked.unwrap_or(0)).min(LONGEST);
    let pause = *pause + *pause * u32::from(dice) / 2560;
    Next::Again(pause.max(asked))
}

/// Why a webhook is to be switched off, if it is. `failing_since` is as before this request.
pub(super) fn disabling(
    outcome: &Result<Called, CallFailure>,
    failing_since: Option<Time>,
    now: Time,
    patience: Duration,
) -> Option<&'static str> {
    match wrong(outcome)? {
        "gone" => Some("gone"),
        _ if failing_since.is_some_and(|since| since <= now.before(patience)) => Some("failing"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after_s: Option<u64>) -> Result<Called, CallFailure> {
        Ok(Called { status, retry_after_s, beginning: Vec::new() })
    }

    #[test]
    fn ten_requests_are_spread_over_about_75_hours() {
        let failed = Err(CallFailure::TimedOut);
        for (dice, hours) in [(0, 75..76), (255, 80..84)] {
            let mut total = Duration::ZERO;
            for step in 1..=9 {
                let Next::Again(pause) = next(step, &failed, dice) else { panic!("given up") };
                total += pause;
            }
            assert!(hours.contains(&(total.as_secs() / 3600)), "{total:?}");
        }
        for step in [10, 11, i64::MAX, 0, i64::MIN] {
            assert_eq!(next(step, &failed, 0), Next::GivenUp);
        }
    }

    #[test]
    fn a_server_that_asks_for_a_longer_pause_gets_it_within_a_day() {
        let pause = |asked| next(1, &answer(503, asked), 0);
        assert_eq!(pause(Some(2)), Next::Again(Duration::from_secs(5)));
        assert_eq!(pause(Some(60)), Next::Again(Duration::from_secs(60)));
        assert_eq!(pause(Some(u64::MAX)), Next::Again(LONGEST));
    }

    #[test]
    fn success_is_any_2xx_and_a_redirect_is_none() {
        assert_eq!(next(1, &answer(204, None), 0), Next::Delivered);
        for (status, said) in [(302, "redirected"), (404, "bad_status"), (500, "bad_status")] {
            assert_eq!(wrong(&answer(status, None)), Some(said));
            assert!(matches!(next(1, &answer(status, None), 0), Next::Again(_)));
        }
        assert_eq!(next(1, &answer(410, None), 0), Next::GivenUp);
    }

    #[test]
    fn a_webhook_is_switched_off_when_it_is_gone_or_failed_for_days() {
        let (now, patience) = (Time::from_micros(1_000_000_000_000_000), minutes(5 * 24 * 60));
        let since = |days: u64| Some(now.before(minutes(days * 24 * 60)));
        assert_eq!(disabling(&answer(410, None), None, now, patience), Some("gone"));
        assert_eq!(disabling(&answer(500, None), since(4), now, patience), None);
        assert_eq!(disabling(&answer(500, None), since(5), now, patience), Some("failing"));
        assert_eq!(disabling(&answer(200, None), since(9), now, patience), None);
        assert_eq!(disabling(&Err(CallFailure::Unreachable), None, now, patience), None);
    }
}
