use super::*;

fn told(length: usize) -> Told {
    ("cursor".to_owned(), "x".repeat(length))
}

#[tokio::test]
async fn so_many_events_wait_for_a_stream_or_so_many_bytes() {
    for (length, most) in [(10, QUEUE), (4 * PLACE, QUEUE / 4)] {
        let (outlet, mut inlet) = Outlet::new();
        let (mut said, mut ahead) = (0, 0);
        loop {
            ahead += usize::from(outlet.has_room());
            if outlet.tell(told(length)).is_err() {
                break;
            }
            said += 1;
        }
        assert_eq!((said, ahead), (most, most / 4), "{length}");
        // Who reads on is told of what comes then.
        assert_eq!(inlet.next().await, Some(told(length)));
        assert!(outlet.tell(told(length)).is_ok() && !outlet.has_room());
        for _ in 0..most {
            assert_eq!(inlet.next().await, Some(told(length)));
        }
        assert!(outlet.has_room());
        drop(outlet);
        assert_eq!(inlet.next().await, None);
    }
}

#[test]
fn who_has_gone_is_told_nothing() {
    let (outlet, inlet) = Outlet::new();
    assert!(!outlet.is_closed());
    drop(inlet);
    assert!(outlet.is_closed() && outlet.tell(told(1)).is_err());
    assert_eq!(outlet.bytes.load(Ordering::Relaxed), 0);
}
