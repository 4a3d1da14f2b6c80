//! What newcomers are told while every place is taken: to come back in a second. Left in the kernel's
//! queue they would wait without an answer for as long as somebody keeps the places.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::io::{self, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use types::Error;

use crate::problem::Problem;

/// So many are turned away at the same time; others wait in the kernel's queue, for a moment.
const SPARE: usize = 256;
/// Between two lines of the log that say so.
const PAUSE: Duration = Duration::from_secs(60);
/// For the first bytes of a request, and for the client to close: an answer that nobody has asked for
/// yet is none, and one that a reset overtakes neither.
const MOMENT: Duration = Duration::from_secs(1);
/// So much of a request is thrown away.
const SURPLUS: u64 = 1024 * 1024;
/// Whoever asks this way decides whether to kill the process, and being full is no reason.
const HEALTH: [&[u8]; 2] = [b"GET /v1/health ", b"GET /api/health "];
const ALIVE: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\
     cache-control: no-store\r\nconnection: close\r\n\r\n{\"status\":\"ok\"}";

/// The spare places.
pub(crate) struct Spare {
    places: Arc<Semaphore>,
    answer: Arc<str>,
    told: Option<Instant>,
}

impl Spare {
    pub(crate) fn new() -> Self {
        let answer = answer().into();
        Self { places: Arc::new(Semaphore::new(SPARE)), answer, told: None }
    }

    /// A place for whoever comes next, should there be no other.
    pub(crate) async fn place(&self) -> io::Result<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)
    }

    /// Tells them; whoever came for TLS has to find out by themselves.
    pub(crate) fn turn_away(&mut self, stream: TcpStream, tls: bool, place: OwnedSemaphorePermit) {
        if self.told.is_none_or(|told| told.elapsed() >= PAUSE) {
            self.told = Some(Instant::now());
            tracing::warn!("every place of `web.max_connections` is taken: others are turned away");
        }
        if tls {
            return;
        }
        let answer = Arc::clone(&self.answer);
        tokio::spawn(async move {
            // Whoever is gone by then has needed no answer.
            let _ = tell(stream, &answer).await;
            drop(place);
        });
    }
}

async fn tell(mut stream: TcpStream, answer: &str) -> io::Result<()> {
    let mut head = [0; 16];
    let asked = tokio::time::timeout(MOMENT, stream.peek(&mut head)).await;
    let alive = HEALTH.iter().any(|ask| head.starts_with(ask));
    let answer = if alive { ALIVE } else { answer };
    let leave = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        if asked.is_err() {
            // Who has said nothing loses nothing to a reset, and others wait for the place.
            return Ok(0);
        }
        io::copy(&mut (&mut stream).take(SURPLUS), &mut io::sink()).await
    };
    tokio::time::timeout(MOMENT, leave).await??;
    Ok(())
}

fn answer() -> String {
    let error = Error::overloaded("Too many connections are open; try again in a moment.");
    let body = serde_json::to_string(&Problem::of(&error, "")).unwrap_or_default();
    let (status, length) = (StatusCode::SERVICE_UNAVAILABLE, body.len());
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {length}\r\n\
         retry-after: 1\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{body}"
    )
}
