//! Requests that are long because their bodies are: the time limit counts from the last bytes.

use std::cell::Cell;

thread_local! {
    /// Set while a request is polled, read when the poll is over: never of two requests at once.
    static MOVED: Cell<bool> = const { Cell::new(false) };
}

/// Says, from within a handler that reads a long body, that some more of it has come: the time
/// limit of the request starts again.
pub fn still_moving() {
    MOVED.set(true);
}

/// Whether the handler that was just polled said so.
pub(crate) fn took() -> bool {
    MOVED.take()
}
