//! What was handed out of answers and is not written yet: of each, since when nothing of it was taken.
//!
//! Who leaves an answer to lie loses that one, not the connection they may share with others. While
//! there is no room for more of an answer, hyper asks nothing of its body, so that cannot break off;
//! the task that serves the request is ended instead. Then h2 resets the stream and lets go of what
//! lies there. An answer that was handed out with its end has no task any more: its connection ends.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// An answer may lie so many times as long while others of its connection are taken: a slow line has
/// many to share itself among.
const SHARES: u32 = 4;

tokio::task_local! {
    static TASK: Task;
}

/// A way to end the task that serves a request; there as soon as it was begun.
pub(super) type Task = Arc<OnceLock<AbortHandle>>;

/// The task this is asked in.
pub(super) fn task() -> Option<Task> {
    TASK.try_with(Arc::clone).ok()
}

/// Serves each request in a task that can be ended from outside.
#[derive(Clone)]
pub(crate) struct Tasks;

impl<F> Executor<F> for Tasks
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, request: F) {
        let task = Task::default();
        let begun = tokio::spawn(TASK.scope(Arc::clone(&task), request));
        let _ = task.set(begun.abort_handle());
    }
}

/// The answers of one connection of which something lies there.
#[derive(Default)]
pub(super) struct Lying(Mutex<Table>);

#[derive(Default)]
struct Table {
    /// By the number of their request.
    answers: HashMap<usize, Answer>,
    /// When something of any answer was taken last.
    taken: Option<Instant>,
}

struct Answer {
    /// Never none: else it is not in the table.
    portions: usize,
    /// When the last one was taken; before that, when the first one was handed out.
    since: Instant,
    task: Option<Task>,
    /// Who waits until nothing lies there.
    waiting: Option<Waker>,
}

impl Lying {
    pub(super) fn is_empty(&self) -> bool {
        self.table().answers.is_empty()
    }

    /// One more portion is handed out.
    pub(super) fn add(&self, answer: usize, task: Option<&Task>) {
        let mut table = self.table();
        let answer = table.answers.entry(answer).or_insert_with(|| Answer {
            portions: 0,
            since: Instant::now(),
            task: task.cloned(),
            waiting: None,
        });
        answer.portions += 1;
    }

    /// A portion was taken, or let go of with its stream.
    pub(super) fn remove(&self, answer: usize, taken: bool) {
        let mut table = self.table();
        let now = Instant::now();
        if taken {
            table.taken = Some(now);
        }
        let Entry::Occupied(mut entry) = table.answers.entry(answer) else { return };
        let answer = entry.get_mut();
        answer.portions -= 1;
        answer.since = now;
        if answer.portions > 0 {
            return;
        }
        let gone = entry.remove();
        // Nobody is woken, nor a task let go of, while all others wait for the table.
        drop(table);
        if let Some(waiting) = gone.waiting {
            waiting.wake();
        }
    }

    /// Whether something of an answer lies there. Who asks is woken when nothing does any more.
    pub(super) fn awaits(&self, answer: usize, cx: &Context<'_>) -> bool {
        let mut table = self.table();
        let Some(answer) = table.answers.get_mut(&answer) else { return false };
        answer.waiting = Some(cx.waker().clone());
        true
    }

    /// Ends the answers that lie there for too long. How many; nothing if that takes the connection.
    pub(super) fn end(&self, patience: Duration) -> Option<usize> {
        let mut table = self.table();
        let now = Instant::now();
        let others = table.taken.is_some_and(|taken| now.duration_since(taken) <= patience);
        let longest = if others { patience.saturating_mul(SHARES) } else { patience };
        let mut tasks = Vec::new();
        for answer in table.answers.values_mut() {
            if now.duration_since(answer.since) <= longest {
                continue;
            }
            let task = answer.task.as_ref().and_then(|task| task.get());
            tasks.push(task.filter(|task| !task.is_finished())?.clone());
            // It is as good as gone; should it lie on all the same, its connection is next.
            answer.since = now;
        }
        drop(table);
        tasks.iter().for_each(AbortHandle::abort);
        Some(tasks.len())
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "lying_tests.rs"]
mod tests;
