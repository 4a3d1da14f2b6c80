//! Too much to do: a share of the requests is refused at the door, so that the others are answered
//! in time.
//!
//! What is measured is waiting, not work: a password hash takes longer than a thousand reads and is
//! no sign of anything, but where even the shortest wait of a tenth of a second is too long, there
//! is a queue that does not end (CoDel, RFC 8289). The share of requests that is refused follows
//! that wait and where it is going (PIE, RFC 8033). A limit on how many are worked on at once, as
//! Envoy and Netflix adapt it, would not do here: looks at SQLite are over in the same poll in which
//! they begin, so there are never more of them than threads, however many wait to be read.
//!
//! Requests that look and requests that change something wait for different things, so each kind has
//! a share of its own; what waits to be read at all holds up both.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use http::Method;
use tokio::net::UdpSocket;
use tokio::time::Instant;

/// Between two decisions; and how often something is sent to be read in it.
const SPAN: Duration = Duration::from_millis(100);
const PROBES: u32 = 4;
/// So long may pass from the arrival of something to its being read: who is refused waits as long.
const LAG: Duration = Duration::from_millis(10);
/// Longer is not waited for what arrived.
const LOST: Duration = Duration::from_secs(1);
/// Of all requests, in parts of 65536.
const WHOLE: f64 = 65_536.0;
/// Somebody is let in however bad it is: else nobody would notice that it got better.
const MOST: f64 = 0.98;
/// Shares below this are none.
const LEAST: f64 = 0.005;
/// How strongly the share follows the wait, and where it is going; how far it moves at once.
const BY_WAIT: f64 = 0.04;
const BY_TREND: f64 = 0.12;
const DOWN: f64 = -0.05;
const UP: f64 = 0.25;
/// So many spans in a row have to be too long before anybody is refused, unless one is as bad as
/// this: a flood fills a queue of seconds while the row is waited for.
const IN_A_ROW: u32 = 3;
const AT_ONCE: f64 = 4.0;
/// Nobody is told to wait longer.
const LONGEST_S: f64 = 10.0;

/// Who is refused. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Shed(Arc<Gates>);

#[derive(Default)]
struct Gates {
    looks: Gate,
    changes: Gate,
}

#[derive(Default)]
struct Gate {
    /// In parts of 65536.
    share: AtomicU32,
    turn: AtomicU32,
}

/// How long was waited lately.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waited {
    /// For the store, by those who only look.
    pub looks: Duration,
    /// For the store, by those who change something.
    pub changes: Duration,
}

impl Shed {
    /// Seconds after which to come back, if this request is refused.
    pub(crate) fn refuses(&self, method: &Method) -> Option<u32> {
        let gate = if method.is_safe() { &self.0.looks } else { &self.0.changes };
        let share = gate.share.load(Relaxed);
        if share == 0 {
            return None;
        }
        // Steps by the golden ratio: any few in a row are refused in the right share, and no
        // rhythm of a client's meets always the same answer.
        let turn = gate.turn.fetch_add(0x9e37_79b9, Relaxed) >> 16;
        (turn < share).then(|| after(f64::from(share) / WHOLE))
    }

    /// Decides about the shares, as long as it is polled. `waits` tells how long was waited for
    /// the store in the span since it was asked last; more than `target` is too long.
    pub async fn keep(self, target: Duration, waits: impl Fn(Duration) -> Waited) {
        let (mut looks, mut changes) = (Control::default(), Control::default());
        let mut probe = Probe::new().await.map_err(|error| unmeasured(&error)).ok();
        let mut asked = Instant::now();
        loop {
            let lag = match &mut probe {
                Some(found) => lag(found).await.unwrap_or_else(|error| {
                    unmeasured(&error);
                    probe = None;
                    Duration::ZERO
                }),
                None => {
                    tokio::time::sleep(SPAN).await;
                    Duration::ZERO
                }
            };
            let span = asked.elapsed();
            asked = Instant::now();
            let waited = waits(span);
            let behind = parts(lag, LAG);
            looks.decide(parts(waited.looks, target).max(behind));
            changes.decide(parts(waited.changes, target).max(behind));
            self.0.looks.set(looks.share, "reads");
            self.0.changes.set(changes.share, "writes");
        }
    }
}

impl Gate {
    fn set(&self, share: f64, kind: &'static str) {
        let share = (share * WHOLE) as u32;
        let before = self.share.swap(share, Relaxed);
        match (before == 0, share == 0) {
            (true, false) => tracing::warn!(kind, "too much to do: some requests are refused"),
            (false, true) => tracing::info!(kind, "no request is refused any more"),
            _ => {}
        }
    }
}

/// When it is worth trying again: after as many tries as it takes on average, one a second.
fn after(share: f64) -> u32 {
    (1.0 / (1.0 - share)).ceil().clamp(1.0, LONGEST_S) as u32
}

fn parts(wait: Duration, target: Duration) -> f64 {
    wait.as_secs_f64() / target.as_secs_f64().max(0.001)
}

/// A socket to itself: what is sent there waits as requests do, to be noticed and then for its turn.
/// A task that is only spawned overtakes most of them, since each thread has a short queue of its own.
struct Probe {
    socket: UdpSocket,
    sent: u64,
}

impl Probe {
    /// One that works: where a firewall keeps what is sent from coming, nobody is to be refused for it.
    async fn new() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        socket.connect(socket.local_addr()?).await?;
        let mut probe = Self { socket, sent: 0 };
        tokio::time::timeout(LOST, probe.wait()).await??;
        Ok(probe)
    }

    /// How long it takes to read what was sent. A clock that tests stop does not tell.
    async fn wait(&mut self) -> io::Result<Duration> {
        let mut read = [0; 8];
        // Only a socket that was found empty is waited for.
        while self.socket.try_recv(&mut read).is_ok() {}
        self.sent = self.sent.wrapping_add(1);
        let began = std::time::Instant::now();
        self.socket.send(&self.sent.to_le_bytes()).await?;
        // One that was given up may come first.
        while u64::from_le_bytes(read) != self.sent {
            self.socket.recv(&mut read).await?;
        }
        Ok(began.elapsed())
    }
}

fn unmeasured(error: &io::Error) {
    tracing::warn!(%error, "how long requests wait to be read cannot be measured");
}

/// How long what came in a span waited to be read, on average: what comes just as a thread looks
/// waits for nobody, however many waited until then.
async fn lag(probe: &mut Probe) -> io::Result<Duration> {
    let mut waited = Duration::ZERO;
    for _ in 0..PROBES {
        tokio::time::sleep(SPAN / PROBES).await;
        waited += tokio::time::timeout(LOST, probe.wait()).await.unwrap_or(Ok(LOST))?;
    }
    Ok(waited / PROBES)
}

/// One share, and what it was decided by last.
#[derive(Default)]
struct Control {
    share: f64,
    before: f64,
    late: u32,
}

impl Control {
    /// `wait` in parts of what is bearable.
    fn decide(&mut self, wait: f64) {
        let trend = (wait - self.before).clamp(-2.0, 2.0);
        self.before = wait;
        self.late = if wait > 1.0 { self.late.saturating_add(1) } else { 0 };
        let step = BY_WAIT * (wait - 1.0).clamp(-1.0, 4.0) + BY_TREND * trend;
        // Only a wait that stays too long begins it, or one that is far too long.
        if self.share > 0.0 || self.late >= IN_A_ROW || wait >= AT_ONCE {
            self.share = (self.share + step.clamp(DOWN, UP)).clamp(0.0, MOST);
        }
        if self.share < LEAST && wait <= 1.0 {
            self.share = 0.0;
        }
    }
}

#[cfg(test)]
#[path = "shed_tests.rs"]
mod tests;
