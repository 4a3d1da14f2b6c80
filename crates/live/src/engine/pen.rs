//! Who writes what waits.
//!
//! A task for each connection would be woken for each frame, and waking costs as much as the frame.
//! Instead whoever has something for a client puts the client's pipe on a list, and a few tasks go
//! through the lists. What comes while one is at work is written with the rest, in one call, when
//! it gets there: the more there is to tell, the less a frame costs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::pipe::Pipe;

/// Pipes written to before others get a turn on the thread: about a tenth of a millisecond.
const TURN: usize = 16;
/// More would wait for each other's cores.
const MOST: usize = 8;

/// As many as there are threads to run them.
pub(super) struct Pens {
    pens: Vec<Arc<Pen>>,
    next: AtomicUsize,
}

#[derive(Default)]
pub(super) struct Pen {
    list: Mutex<List>,
    bell: Notify,
}

#[derive(Default)]
struct List {
    pipes: Vec<Arc<Pipe>>,
    ended: bool,
}

impl Pens {
    pub(super) fn start() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let pens = (0..threads.min(MOST)).map(|_| {
            let pen = Arc::new(Pen::default());
            // It yields by itself; tokio's budget would hand half of its work to other tasks.
            tokio::spawn(tokio::task::unconstrained(Arc::clone(&pen).run()));
            pen
        });
        Self { pens: pens.collect(), next: AtomicUsize::new(0) }
    }

    /// The pen of one more connection.
    pub(super) fn one(&self) -> Arc<Pen> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.pens.len().max(1);
        self.pens.get(at).cloned().unwrap_or_default()
    }
}

impl Drop for Pens {
    fn drop(&mut self) {
        for pen in &self.pens {
            let mut list = pen.lock();
            list.ended = true;
            // They know the pen.
            list.pipes = Vec::new();
            drop(list);
            pen.bell.notify_one();
        }
    }
}

impl Pen {
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has what waits in a pipe written soon.
    pub(super) fn note(&self, pipe: Arc<Pipe>) {
        let mut list = self.lock();
        if list.ended {
            return;
        }
        list.pipes.push(pipe);
        let first = list.pipes.len() == 1;
        drop(list);
        // Whoever was first has rung already.
        if first {
            self.bell.notify_one();
        }
    }

    async fn run(self: Arc<Self>) {
        let mut pipes = Vec::new();
        loop {
            self.bell.notified().await;
            loop {
                {
                    let mut list = self.lock();
                    if list.ended {
                        return;
                    }
                    // The two lists change places, so neither is made anew.
                    std::mem::swap(&mut list.pipes, &mut pipes);
                }
                if pipes.is_empty() {
                    break;
                }
                for (number, pipe) in pipes.drain(..).enumerate() {
                    pipe.write();
                    if number % TURN == TURN - 1 {
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    }
}
