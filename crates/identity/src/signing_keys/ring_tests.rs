use super::*;

const DAY: u64 = 86_400;
const LIFE: Duration = Duration::from_secs(900);

fn at(seconds: u64) -> Time {
    Time::from_micros(1_800_000_000_000_000).after(Duration::from_secs(seconds))
}

fn key(seed: u8, signs_from: Time, retired_at: Option<Time>) -> Key {
    let times = Times { created_at: Some(at(0)), signs_from: Some(signs_from), retired_at };
    Key::new(&[seed; 32], times).unwrap()
}

fn ring() -> Ring {
    Ring::new(&[1; 32], LIFE).unwrap()
}

fn states(ring: &Ring, now: Time) -> Vec<State> {
    ring.view(now).into_iter().map(|key| key.state).collect()
}

#[test]
fn a_new_key_waits_signs_and_the_old_one_verifies_until_its_last_token_is_over() {
    let ring = ring();
    assert_eq!(states(&ring, at(0)), [State::Signing]);
    ring.replace(vec![key(2, at(3600), None)], None);
    let signer = |now| ring.signer(now).kid().to_owned();
    let (first, second) = (signer(at(0)), signer(at(3600)));
    assert_ne!(first, second);
    for (now, expected) in [
        (at(0), [State::Signing, State::Waiting]),
        (at(3599), [State::Signing, State::Waiting]),
        (at(3600), [State::Verifying, State::Signing]),
        (at(3600 + 899), [State::Verifying, State::Signing]),
        (at(3600 + 900), [State::Over, State::Signing]),
    ] {
        assert_eq!(states(&ring, now), expected, "{now}");
        let published = expected.iter().filter(|state| **state != State::Over).count();
        assert_eq!(ring.published(now).len(), published);
    }
    assert_eq!(ring.view(at(0))[0].ends_at, Some(at(4500)));
    assert!(ring.verifier(&first, at(4499)).is_some() && ring.verifier(&first, at(4500)).is_none());
    for trick in ["", "../signing.key", "0", &"a".repeat(100_000), &second.to_uppercase()] {
        if trick != second {
            assert!(ring.verifier(trick, at(0)).is_none(), "{trick:.20}");
        }
    }
}

#[test]
fn a_retired_key_is_gone_at_once() {
    let ring = ring();
    ring.replace(vec![key(2, at(0), None), key(3, at(10), None)], Some(at(5)));
    assert_eq!(states(&ring, at(4)), [State::Verifying, State::Signing, State::Waiting]);
    assert_eq!(states(&ring, at(5)), [State::Over, State::Signing, State::Waiting]);
    // One that never signed ends nobody's time.
    ring.replace(vec![key(2, at(0), None), key(3, at(10), Some(at(5)))], None);
    assert_eq!(states(&ring, at(DAY)), [State::Over, State::Signing, State::Over]);
    assert_eq!(ring.view(at(0))[1].ends_at, None);
}

#[test]
fn one_of_many_is_told_to_read_the_store() {
    let ring = ring();
    let second = Duration::from_secs(1);
    assert!(ring.is_due(at(0), second) && !ring.is_due(at(0), second));
    assert!(ring.is_due(at(1), second) && !ring.is_due(at(1), second));
    ring.expire();
    assert!(ring.is_due(at(1), second));
}
