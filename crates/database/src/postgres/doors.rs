//! Where transactions of this process wait for their turn behind a door, without a connection:
//! one of them at a time then waits among all processes.

use tokio::sync::{Mutex, MutexGuard};

/// Queues; doors that share one only wait longer than they had to.
const QUEUES: usize = 64;

pub(super) struct Doors([Mutex<()>; QUEUES]);

impl Default for Doors {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Doors {
    /// A turn behind no door.
    pub(super) fn turn(&self) -> Turn<'_> {
        Turn { doors: self, behind: Vec::new(), held: Vec::new() }
    }

    fn queue(door: i64) -> usize {
        usize::try_from(door.rem_euclid(QUEUES as i64)).unwrap_or(0)
    }
}

/// Doors that one transaction may be behind, over all its runs.
pub(super) struct Turn<'a> {
    doors: &'a Doors,
    behind: Vec<i64>,
    held: Vec<MutexGuard<'a, ()>>,
}

impl Turn<'_> {
    /// In order.
    pub(super) fn behind(&self) -> &[i64] {
        &self.behind
    }

    /// Waits for one more. Whoever waits holds nothing that comes later in the order, so all that
    /// is held is given back first.
    pub(super) async fn also(mut self, door: i64) -> Self {
        self.held.clear();
        self.behind.push(door);
        self.behind.sort_unstable();
        self.behind.dedup();
        let mut queues: Vec<usize> = self.behind.iter().copied().map(Doors::queue).collect();
        queues.sort_unstable();
        queues.dedup();
        for queue in queues {
            if let Some(queue) = self.doors.0.get(queue) {
                self.held.push(queue.lock().await);
            }
        }
        self
    }
}
