use super::*;

/// A store that answers `capacity` requests a second, and `offered` that come: the share in the
/// end, and the longest wait of the second half, in seconds.
fn run(offered: f64, capacity: f64, target: f64) -> (f64, f64) {
    let (mut control, mut queue, mut longest) = (Control::default(), 0.0_f64, 0.0_f64);
    for tick in 0..600 {
        let came = offered * 0.1 * (1.0 - control.share);
        queue = (queue + came - capacity * 0.1).max(0.0);
        let wait = queue / capacity;
        if tick >= 30 {
            longest = longest.max(wait);
        }
        control.decide(wait / target);
    }
    (control.share, longest)
}

#[test]
fn nobody_is_refused_while_there_is_room() {
    for load in [0.1, 0.5, 0.9, 1.0] {
        assert_eq!(run(load * 10_000.0, 10_000.0, 0.05), (0.0, 0.0), "{load}");
    }
}

#[test]
fn what_is_too_much_is_refused_and_the_others_wait_little() {
    for (capacity, load) in [(10_000.0, 1.5), (10_000.0, 3.0), (50.0, 3.0), (10_000.0, 10.0)] {
        let (share, longest) = run(load * capacity, capacity, 0.05);
        let needed = 1.0 - 1.0 / load;
        assert!((share - needed).abs() < 0.15, "{load}: {share}, and {needed} is needed");
        assert!(longest < 1.0, "{load}: somebody waited {longest} s");
    }
}

#[test]
fn a_moment_is_no_overload() {
    let mut control = Control::default();
    for wait in [3.0, 3.0, 0.1].repeat(20) {
        control.decide(wait);
        assert!(control.share == 0.0, "two bad spans in a row are none yet");
    }
}

#[test]
fn it_ends_with_its_cause() {
    let mut control = Control::default();
    for _ in 0..20 {
        control.decide(10.0);
    }
    assert!(control.share > 0.9);
    let ticks = (0..100).take_while(|_| {
        control.decide(0.0);
        control.share > 0.0
    });
    assert!(ticks.count() <= 30, "three seconds are enough");
}

#[test]
fn the_share_is_kept_evenly_and_each_kind_has_its_own() {
    let shed = Shed::default();
    assert!((0..1000).all(|_| shed.refuses(&Method::GET).is_none()));
    shed.0.looks.set(0.75, "reads");
    for _ in 0..10 {
        let refused = (0..100).filter(|_| shed.refuses(&Method::GET).is_some()).count();
        assert!((70..=80).contains(&refused), "{refused}");
    }
    assert_eq!(shed.refuses(&Method::POST), None);
    assert_eq!((after(0.01), after(0.5), after(0.75), after(0.98)), (2, 2, 4, 10));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_stays_too_long_is_noticed() {
    let shed = Shed::default();
    let waits = |_| Waited { looks: Duration::ZERO, changes: Duration::from_secs(1) };
    let kept = tokio::spawn(shed.clone().keep(Duration::from_millis(50), waits));
    while shed.refuses(&Method::POST).is_none() {
        tokio::time::sleep(SPAN).await;
    }
    assert_eq!(shed.refuses(&Method::GET), None);
    kept.abort();
}

#[tokio::test]
async fn what_arrives_is_read_in_its_turn() {
    let mut probe = Probe::new().await.unwrap();
    for _ in 0..3 {
        assert!(probe.wait().await.unwrap() > Duration::ZERO);
    }
    // One that was given up before it came does not stand for the next.
    probe.socket.send(&probe.sent.to_le_bytes()).await.unwrap();
    let held = Duration::from_millis(50);
    let (wait, ()) = tokio::join!(probe.wait(), async { std::thread::sleep(held) });
    assert!(wait.unwrap() >= held, "whatever keeps the thread busy is waited for");
}
