//! When to stop: the first signal closes the door and lets those inside finish, the second does
//! not wait. And when to read the certificate again.

use std::io;
#[cfg(unix)]
use std::io::IsTerminal as _;

use tokio::sync::watch;

/// Hears SIGTERM and SIGINT from the moment it is made; SIGHUP ends nothing from then on, unless it
/// tells that the terminal the server was started in is gone.
pub(super) struct Signals(watch::Receiver<bool>);

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        let mut ears = Ears::new()?;
        let (teller, told) = watch::channel(false);
        tokio::spawn(async move {
            ears.hear(true).await;
            tracing::info!("stopping: finishing what is in flight; a second signal stops at once");
            teller.send_replace(true);
            // A terminal that goes says so more than once.
            ears.hear(false).await;
            leave();
        });
        Ok(Self(told))
    }

    /// Ready from the first signal on. A second one ends the process at once.
    pub(super) async fn first(&self) {
        let mut told = self.0.clone();
        // Whoever tells is there for as long as the runtime is.
        let _ = told.wait_for(|told| *told).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "somebody asked twice and does not want to wait")]
fn leave() {
    std::process::exit(130);
}

#[cfg(unix)]
struct Ears {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    in_terminal: bool,
}

#[cfg(unix)]
impl Ears {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            in_terminal: io::stdin().is_terminal(),
        })
    }

    async fn hear(&mut self, hangups: bool) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                // Without a certificate there is nothing to read again: it is reloaded all the same.
                _ = self.hangup.recv() => if hangups && self.in_terminal && !io::stdin().is_terminal() {
                    return;
                },
            }
        }
    }
}

#[cfg(not(unix))]
struct Ears;

#[cfg(not(unix))]
impl Ears {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn hear(&mut self, _hangups: bool) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Hears SIGHUP from the moment it is made.
pub(super) struct Again(#[cfg(unix)] tokio::signal::unix::Signal);

impl Again {
    #[cfg(unix)]
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(signal(SignalKind::hangup())?))
    }

    #[cfg(not(unix))]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self())
    }

    /// Ready when somebody asks; never where there is no such signal.
    pub(super) async fn asked(&mut self) {
        #[cfg(unix)]
        let heard = self.0.recv().await.is_some();
        #[cfg(not(unix))]
        let heard = false;
        if !heard {
            std::future::pending::<()>().await;
        }
    }
}
