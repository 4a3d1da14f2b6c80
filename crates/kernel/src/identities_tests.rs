use super::*;

const NOW: Time = Time::from_micros(1_000_000);

fn somebody(number: u128) -> Arc<Identity> {
    Arc::new(Identity {
        person: Some(PersonId(Uuid::from_u128(number))),
        session: Some(SessionId(Uuid::from_u128(number + 1))),
        ..Identity::default()
    })
}

#[test]
fn a_forgotten_person_is_looked_up_again_and_others_are_not() {
    let identities = Identities::new(Duration::from_secs(60));
    let until = NOW.after(Duration::from_secs(3600));
    let (alice, bob) = (somebody(10), somebody(20));
    identities.insert([1; 32], Arc::clone(&alice), NOW, until, identities.as_of());
    identities.insert([2; 32], Arc::clone(&alice), NOW, until, identities.as_of());
    identities.insert([3; 32], bob, NOW, until, identities.as_of());
    assert!(identities.get(&[1; 32], NOW).is_some());

    identities.forget_person(PersonId(Uuid::from_u128(10)));
    assert!(identities.get(&[1; 32], NOW).is_none());
    assert!(identities.get(&[2; 32], NOW).is_none());
    assert!(identities.get(&[3; 32], NOW).is_some());

    identities.insert([1; 32], alice, NOW, until, identities.as_of());
    assert!(identities.get(&[1; 32], NOW).is_some());
    identities.forget_session(SessionId(Uuid::from_u128(11)));
    assert!(identities.get(&[1; 32], NOW).is_none());

    identities.clear();
    assert!(identities.get(&[3; 32], NOW).is_none());
}

#[test]
fn what_was_read_before_a_change_is_not_kept_after_it() {
    let identities = Identities::new(Duration::from_secs(60));
    let as_of = identities.as_of();
    // The store is read here; meanwhile, the person loses a membership.
    identities.forget_person(PersonId(Uuid::from_u128(10)));
    identities.insert([1; 32], somebody(10), NOW, NOW.after(Duration::from_secs(5)), as_of);
    assert!(identities.get(&[1; 32], NOW).is_none());
}

#[test]
fn nothing_outlives_its_credential_or_the_trust_in_what_was_read() {
    let identities = Identities::new(Duration::from_secs(60));
    let later = |seconds| NOW.after(Duration::from_secs(seconds));
    identities.insert([1; 32], somebody(10), NOW, later(5), identities.as_of());
    identities.insert([2; 32], somebody(10), NOW, later(500), identities.as_of());
    assert!(identities.get(&[1; 32], later(4)).is_some());
    assert!(identities.get(&[1; 32], later(5)).is_none());
    assert!(identities.get(&[2; 32], later(59)).is_some());
    assert!(identities.get(&[2; 32], later(60)).is_none());
}
