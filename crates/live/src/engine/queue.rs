//! What waits for a client: so many frames, and so many bytes of them.

use std::collections::VecDeque;

use super::frame::Frame;

/// Bytes that may wait for each place of a queue. Most frames are far shorter; as many of the longest
/// as there are places would be more memory than whoever set their number thought of.
pub(crate) const PLACE: usize = 8 * 1024;
/// A queue that was longer than this gives its memory back when it is empty.
const USUAL: usize = 64;

/// Frames that wait, in their order.
#[derive(Default)]
pub(super) struct Queue {
    frames: VecDeque<Frame>,
    bytes: usize,
}

impl Queue {
    /// Whether another frame finds a place, of so many. One may be longer than all of them, if it
    /// finds the queue empty: what is to be told at all is told.
    pub(super) fn has_room(&self, places: usize) -> bool {
        self.has_place(places) && self.bytes < places.saturating_mul(PLACE)
    }

    /// The same for what holds a connection together: it is short, so it is only counted. However
    /// long the last frame is, whoever does not take it is asked whether they are there.
    pub(super) fn has_place(&self, places: usize) -> bool {
        self.frames.len() < places
    }

    pub(super) fn push(&mut self, frame: Frame) {
        self.bytes += frame.on_the_wire().len();
        self.frames.push_back(frame);
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.bytes += other.bytes;
        self.frames.append(&mut other.frames);
    }

    pub(super) fn pop(&mut self) -> Option<Frame> {
        let first = self.frames.pop_front()?;
        self.bytes -= first.on_the_wire().len();
        Some(first)
    }

    pub(super) fn first(&self) -> Option<&Frame> {
        self.frames.front()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Gives back the memory of an empty queue that was long.
    pub(super) fn shrink(&mut self) {
        if self.frames.is_empty() && self.frames.capacity() > USUAL {
            self.frames = VecDeque::new();
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
