//! The mailbox of development: letters in memory, a bounded number of them.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use types::Time;

/// Letters kept; the oldest make room.
const CAPACITY: usize = 1_000;

/// A letter as it arrived.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct Received {
    /// Its template.
    pub kind: String,
    /// Where it went.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Where it leads; empty when it leads nowhere.
    pub url: String,
    /// The token in that address.
    pub token: String,
    /// Where one can have no more of these, as the header `List-Unsubscribe` says; empty without.
    pub unsubscribe: String,
    /// A code to be typed; empty when there is none.
    pub code: String,
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
    /// When it arrived.
    pub at: Time,
}

/// Letters that went nowhere else.
#[derive(Clone, Default)]
pub struct Mailbox {
    letters: Arc<Mutex<VecDeque<Received>>>,
    aloud: bool,
}

impl Mailbox {
    /// One that also prints where each letter leads, for the person at this machine.
    #[must_use]
    pub fn aloud() -> Self {
        Self { aloud: true, ..Self::default() }
    }

    /// Takes a letter in.
    pub fn receive(&self, letter: Received) {
        if self.aloud {
            print(&letter);
        }
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        if letters.len() >= CAPACITY {
            letters.pop_front();
        }
        letters.push_back(letter);
    }

    /// All letters, oldest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Received> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Empties it.
    pub fn clear(&self) {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// One line: what it is and where it leads, not whose it is.
fn print(letter: &Received) {
    let what = if letter.url.is_empty() { &letter.code } else { &letter.url };
    let line = format!("Mail {} {what}", letter.kind);
    // Nobody may be reading; that is no reason to stop.
    let _ = writeln!(std::io::stdout().lock(), "{}", line.trim_end());
}
