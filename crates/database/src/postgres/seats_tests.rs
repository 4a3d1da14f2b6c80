use std::sync::Arc;

use super::Seats;
use crate::seams::gate::SLOTS;

#[test]
fn those_that_are_open_at_the_same_time_have_different_seats() {
    let seats = Arc::<Seats>::default();
    let mut all: Vec<_> = (0..SLOTS).map(|_| seats.take()).collect();
    let mut numbers: Vec<u8> = all.iter().map(super::Seat::number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..SLOTS).collect::<Vec<_>>());
    all.swap_remove(5);
    let free = all.iter().map(super::Seat::number).sum::<u8>();
    assert_eq!(seats.take().number(), (0..SLOTS).sum::<u8>() - free);
}

#[test]
fn a_process_that_does_one_thing_after_the_other_uses_all_seats_in_turn() {
    let seats = Arc::<Seats>::default();
    let numbers: Vec<u8> = (0..2 * SLOTS).map(|_| seats.take().number()).collect();
    assert_eq!(numbers, (0..SLOTS).chain(0..SLOTS).collect::<Vec<_>>());
}

#[test]
fn when_all_are_taken_they_are_shared_evenly() {
    let seats = Arc::<Seats>::default();
    let all: Vec<_> = (0..3 * SLOTS).map(|_| seats.take()).collect();
    for number in 0..SLOTS {
        assert_eq!(all.iter().filter(|seat| seat.number() == number).count(), 3);
    }
}
