//! Threads of their own for handlers: one that never yields holds up neither requests nor the signs
//! of life of others.

use tokio::runtime::{Builder, Handle, Runtime};
use types::Result;

/// Beyond the places of one kind, so that a kind whose every run is stuck leaves some.
const SPARE: usize = 2;

pub(super) struct Threads(Option<Runtime>);

impl Threads {
    pub(super) fn start(places: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(places + SPARE)
            .thread_name("jobs")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    pub(super) fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for Threads {
    /// Does not wait: what runs is dropped at its next await.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
