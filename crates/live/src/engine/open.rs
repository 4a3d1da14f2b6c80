//! How many WebSockets are open: whoever ends them all wants to know when the last word is written.

use std::sync::Arc;

use tokio::sync::watch;

/// The count; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Open(Arc<watch::Sender<usize>>);

/// One of them, until it is dropped.
pub(super) struct One(Open);

impl Open {
    pub(super) fn one(&self) -> One {
        self.0.send_modify(|count| *count += 1);
        One(self.clone())
    }

    /// Ready when there is none.
    pub(crate) async fn none(&self) {
        let mut count = self.0.subscribe();
        // Whoever counts is here.
        let _ = count.wait_for(|count| *count == 0).await;
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}
