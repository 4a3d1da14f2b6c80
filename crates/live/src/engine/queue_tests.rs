use super::*;

fn frame(length: usize) -> Frame {
    Frame::from("x".repeat(length))
}

fn fill(places: usize, length: usize) -> Queue {
    let mut queue = Queue::default();
    while queue.has_room(places) {
        queue.push(frame(length));
    }
    queue
}

#[test]
fn short_frames_are_counted_and_long_ones_are_measured() {
    assert_eq!(fill(100, 10).len(), 100);
    assert_eq!(fill(100, 2 * PLACE).len(), 50);
    // One alone is taken, however long it is.
    assert_eq!(fill(1, 3 * PLACE).len(), 1);
}

#[test]
fn what_holds_a_connection_together_finds_a_place_behind_any_frame() {
    let mut queue = fill(10, 7 * PLACE);
    queue.push(frame(100 * PLACE));
    assert!(!queue.has_room(100) && queue.has_place(10));
    let full = fill(10, 1);
    assert!(!full.has_place(10) && full.has_place(11));
}

#[test]
fn what_was_taken_out_makes_room_again() {
    let mut queue = fill(10, 4 * PLACE);
    assert!(!queue.has_room(10));
    assert!(queue.pop().is_some() && queue.has_room(10));
    let mut both = Queue::default();
    both.append(queue);
    both.append(fill(10, 4 * PLACE));
    assert!(!both.has_room(10));
    while both.pop().is_some() {}
    assert_eq!((both.bytes, both.first().is_none(), both.is_empty()), (0, true, true));
    both.shrink();
    assert!(both.has_room(1));
}
