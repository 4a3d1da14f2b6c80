//! A small number for each open transaction of this process, so that those that are open at the
//! same time write to different places.

use std::sync::{Arc, Mutex, PoisonError};

use crate::seams::gate::SLOTS;

/// How many transactions hold each seat.
#[derive(Default)]
pub(super) struct Seats(Mutex<State>);

#[derive(Default)]
struct State {
    taken: [usize; SLOTS as usize],
    next: usize,
}

impl Seats {
    /// A seat nobody has; when all are taken, one that few have. They are given in turn: what is
    /// counted by seats then grows evenly, and other processes seldom sit at the same.
    pub(super) fn take(self: &Arc<Self>) -> Seat {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { taken, next } = &mut *state;
        let turns = (0..taken.len()).map(|turn| (*next + turn) % taken.len());
        let number = turns.min_by_key(|number| taken.get(*number)).unwrap_or_default();
        *next = number + 1;
        if let Some(count) = taken.get_mut(number) {
            *count += 1;
        }
        drop(state);
        Seat { seats: Arc::clone(self), number }
    }
}

/// A seat; it is free again when this is dropped, after the transaction has ended.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    number: usize,
}

impl Seat {
    pub(crate) fn number(&self) -> u8 {
        u8::try_from(self.number).unwrap_or_default()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = state.taken.get_mut(self.number) {
            *count -= 1;
        }
    }
}

#[cfg(test)]
#[path = "seats_tests.rs"]
mod tests;
