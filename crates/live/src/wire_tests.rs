use http::HeaderMap;
use kernel::access::Sight;
use types::GroupId;
use uuid::Uuid;

use super::*;
use crate::listener::Sink;
use crate::outlet::Outlet;
use crate::topic::View;

fn shared() -> Shared {
    Shared::new("test".into(), Credentials::shown(&HeaderMap::new()))
}

#[test]
fn one_answers_what_was_said_in_its_order() {
    let shared = shared();
    assert_eq!(shared.put("a".into()), Put::Begin);
    assert_eq!(shared.put("b".into()), Put::Waits);
    assert_eq!(shared.next().as_deref(), Some("a"));
    assert_eq!(shared.put("c".into()), Put::Waits);
    assert!(shared.next().is_some() && shared.next().is_some());
    assert_eq!(shared.next(), None);
    assert_eq!(shared.put("d".into()), Put::Begin, "nobody was answering any more");
}

#[test]
fn so_much_waits_to_be_answered_and_no_more() {
    let many = shared();
    for number in 0..INBOX {
        assert_ne!(many.put("a".into()), Put::Flood, "{number}");
    }
    assert_eq!(many.put("a".into()), Put::Flood);
    // Large ones hold as much memory as many small ones do.
    let large = shared();
    let half: Box<str> = "x".repeat(INBOX_BYTES / 2).into();
    assert_eq!(large.put(half.clone()), Put::Begin);
    assert_eq!(large.put(half.clone()), Put::Waits);
    assert_eq!(large.put("a".into()), Put::Flood);
    assert!(large.next().is_some());
    assert_eq!(large.put(half), Put::Waits);
    // One alone may be as large as frames are.
    let one = shared();
    assert_eq!(one.put("x".repeat(2 * INBOX_BYTES).into()), Put::Begin);
    assert_eq!(one.put("a".into()), Put::Flood);
}

#[test]
fn of_a_connection_that_is_over_nothing_is_kept() {
    let shared = shared();
    shared.lock().closed = true;
    assert_eq!(shared.put("a".into()), Put::Waits);
    assert!(shared.lock().inbox.is_empty());
    assert_eq!(shared.next(), None);
}

fn listener(topic: Topic) -> Arc<Listener> {
    let caller = Caller::nobody("test".into());
    let credentials = Credentials::shown(&HeaderMap::new());
    let (outlet, _) = Outlet::new();
    let sink = Sink::Stream { outlet, guest: Arc::new(Guest { caller, credentials }) };
    let view = View { group: GroupId(Uuid::from_u128(1)), sight: Sight::All };
    Arc::new(Listener::new((topic, Style::Messages), view, None, sink, None))
}

/// Who looks again at what listeners may see has found them before: one may be replaced meanwhile.
#[test]
fn who_is_ended_after_being_replaced_does_not_take_the_new_one_along() {
    let shared = shared();
    let topic = Topic::Room(ThingId(Uuid::from_u128(2)));
    let (first, second) = (listener(topic), listener(topic));
    let mut state = shared.lock();
    for one in [&first, &second] {
        state.listening.insert((topic, Style::Messages), Arc::clone(one));
    }
    assert!(!state.forget(&first));
    assert_eq!(state.rooms().len(), 1);
    assert!(state.forget(&second) && !state.forget(&second));
    assert!(state.listening.is_empty());
}
