//! What is done in a transaction, without its type: what runs it is then compiled once, and not
//! once for each of some hundred transactions. It costs three small allocations for each of them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use types::{Error, Result};

use crate::Tx;

/// How long a look may take.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Look {
    /// A moment; else it goes on elsewhere.
    Short,
    /// Longer, and elsewhere from the start.
    Long,
    /// So many milliseconds.
    Bounded(u32),
    /// As long as it takes.
    Endless,
}

/// A run on its way.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// What is done in a transaction. It may be run more than once; the last answer counts.
pub(crate) trait Part: Send {
    fn run<'a>(&'a self, tx: &'a mut Tx) -> Running<'a>;
}

/// Where the answer of a change will be whose type nobody knows who runs it.
#[derive(Debug)]
pub struct Answer<T>(Arc<Mutex<Option<T>>>);

impl<T> Answer<T> {
    /// Where it is put, and where it is taken from.
    #[must_use]
    pub fn new() -> (Self, Self) {
        let place = Arc::default();
        (Self(Arc::clone(&place)), Self(place))
    }

    /// Puts it there; the last one counts.
    pub fn put(&self, answer: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    /// To be asked after a run that went well.
    ///
    /// # Errors
    /// When there was none.
    pub fn take(self) -> Result<T> {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.ok_or_else(|| Error::internal("a transaction that went well has no answer"))
    }
}

/// The code of what takes a rehearsal back; nobody is shown it.
const TAKEN_BACK: &str = "taken_back";

/// A part of which nothing is kept but its answer.
struct Rehearsal(Box<dyn Part>);

impl Part for Rehearsal {
    fn run<'a>(&'a self, tx: &'a mut Tx) -> Running<'a> {
        Box::pin(async move {
            // By itself, so that what it put off is done, and may fail, before all of it is undone.
            tx.nested(async |tx| self.0.run(tx).await).await?;
            Err::<(), _>(Error::conflict(TAKEN_BACK, "Nothing was kept."))
        })
    }
}

/// The same part, of which nothing is kept: it ends as [`is_taken_back`] tells.
pub(crate) fn rehearsal(part: Box<dyn Part>) -> Box<dyn Part> {
    Box::new(Rehearsal(part))
}

/// Whether this is how a rehearsal ends that went well.
pub(crate) fn is_taken_back(error: &Error) -> bool {
    error.code() == TAKEN_BACK
}

struct Typed<T, F> {
    part: F,
    answer: Answer<T>,
}

impl<T, F> Part for Typed<T, F>
where
    T: Send,
    F: AsyncFn(&mut Tx) -> Result<T> + Send,
{
    fn run<'a>(&'a self, tx: &'a mut Tx) -> Running<'a> {
        Box::pin(async move {
            self.answer.put((self.part)(tx).await?);
            Ok(())
        })
    }
}

/// Takes the type from a closure; where its answer will be.
pub(crate) fn untyped<T, F>(part: F) -> (Box<dyn Part>, Answer<T>)
where
    T: Send + 'static,
    F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
{
    let (place, answer) = Answer::new();
    (Box::new(Typed { part, answer: place }), answer)
}
