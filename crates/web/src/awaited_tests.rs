use super::*;

fn client(address: &str) -> Option<ClientAddr> {
    Some(ClientAddr(address.parse().unwrap()))
}

/// Of `addresses` one that does not share a counter with the first, which can happen.
fn other(awaited: &Arc<Awaited>, first: &Sender) -> Sender {
    let found = (1..255)
        .map(|n| awaited.sender(client(&format!("203.0.113.{n}"))))
        .find(|sender| sender.counter != first.counter);
    found.unwrap()
}

#[test]
fn one_client_is_waited_for_in_a_share_of_the_places() {
    let awaited = Arc::new(Awaited::new(64));
    let first = awaited.sender(client("198.51.100.7"));
    let mut waiting: Vec<Waiting> = (0..8).map(|_| first.wait_for().unwrap()).collect();
    assert!(first.wait_for().is_none());
    assert!(awaited.sender(client("198.51.100.7")).wait_for().is_none(), "it is the same one");
    let other = other(&awaited, &first);
    assert!(other.wait_for().is_some());
    waiting.pop();
    assert!(first.wait_for().is_some(), "a body has come");
}

#[test]
fn all_clients_together_are_waited_for_in_half_of_the_places() {
    let awaited = Arc::new(Awaited::new(64));
    let mut waiting = Vec::new();
    for n in 0..=255 {
        waiting.extend(awaited.sender(client(&format!("198.51.{n}.7"))).wait_for());
    }
    assert_eq!((waiting.len(), awaited.all.load(Relaxed)), (32, 32));
    drop(waiting);
    let left = awaited.by_client.iter().map(|one| one.load(Relaxed)).sum::<usize>();
    assert_eq!((left, awaited.all.load(Relaxed)), (0, 0));
}

#[test]
fn whoever_has_one_address_of_a_network_has_them_all() {
    let awaited = Arc::new(Awaited::new(64));
    let counter = |address| awaited.sender(client(address)).counter;
    assert_eq!(counter("2001:db8::1"), counter("2001:db8::ffff:1"));
    let unknown = awaited.sender(None).counter;
    assert_eq!(unknown, counter("::"));
    // However few places there are, somebody may take their time.
    assert!(Arc::new(Awaited::new(1)).sender(None).wait_for().is_some());
}
