//! News between nodes on one server, by `LISTEN`/`NOTIFY`.
//!
//! Only a hint: whoever misses one looks again within a second. It is sent outside of
//! transactions and coalesced, because a `NOTIFY` inside one takes a lock that puts all commits
//! of the database in a row. Signals between nodes go the same way, each with its text.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::{Mutex, Notify, broadcast, mpsc, watch};
use tokio_postgres::{AsyncMessage, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

const CHANNEL: &str = "sixfold_events";
const SIGNALS: &str = "sixfold_signals";
/// The server carries less than 8 000 bytes.
const MAX_SIGNAL: usize = 7_900;
/// Signals waiting to be sent, and to be heard by one listener; more are lost.
const WAITING: usize = 4_096;
/// Announcements within this time are one.
const COALESCE: Duration = Duration::from_millis(5);
const RECONNECT: Duration = Duration::from_secs(1);

pub(super) struct News {
    shared: Arc<Shared>,
}

struct Shared {
    outgoing: Notify,
    incoming: watch::Sender<u64>,
    say: mpsc::Sender<String>,
    said: Mutex<mpsc::Receiver<String>>,
    heard: broadcast::Sender<String>,
    stop: AtomicBool,
}

impl News {
    pub(super) fn start(config: Config, tls: MakeRustlsConnect) -> Self {
        let (say, said) = mpsc::channel(WAITING);
        let shared = Arc::new(Shared {
            outgoing: Notify::new(),
            incoming: watch::Sender::new(0),
            say,
            said: Mutex::new(said),
            heard: broadcast::Sender::new(WAITING),
            stop: AtomicBool::new(false),
        });
        let task = Arc::clone(&shared);
        tokio::spawn(async move {
            while !task.stop.load(Ordering::Acquire) {
                if let Err(error) = connected(&task, &config, &tls).await {
                    tracing::warn!(%error, "no news from other nodes: connecting again");
                }
                tokio::time::sleep(RECONNECT).await;
            }
        });
        Self { shared }
    }

    pub(super) fn announce(&self) {
        self.shared.outgoing.notify_one();
    }

    pub(super) async fn announced(&self, patience: Duration) {
        let mut incoming = self.shared.incoming.subscribe();
        let _ = tokio::time::timeout(patience, incoming.changed()).await;
    }

    /// Sends a text to every node, this one too; lost when too many wait or it is too long.
    pub(super) fn signal(&self, text: String) {
        if text.len() <= MAX_SIGNAL {
            let _ = self.shared.say.try_send(text);
        }
    }

    pub(super) fn signals(&self) -> broadcast::Receiver<String> {
        self.shared.heard.subscribe()
    }

    pub(super) fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.outgoing.notify_one();
    }
}

async fn connected(
    shared: &Shared,
    config: &Config,
    tls: &MakeRustlsConnect,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(tls.clone()).await?;
    let messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
    let receive = async {
        let mut messages = std::pin::pin!(messages);
        while let Some(message) = messages.next().await {
            if let AsyncMessage::Notification(news) = message? {
                if news.channel() == SIGNALS {
                    let _ = shared.heard.send(news.payload().to_owned());
                } else {
                    shared.incoming.send_modify(|count| *count += 1);
                }
            }
        }
        Ok(())
    };
    let send = async {
        client.batch_execute(&format!("listen {CHANNEL}; listen {SIGNALS}")).await?;
        let mut said = shared.said.lock().await;
        while !shared.stop.load(Ordering::Acquire) {
            tokio::select! {
                () = shared.outgoing.notified() => {
                    tokio::time::sleep(COALESCE).await;
                    client.batch_execute(&format!("notify {CHANNEL}")).await?;
                }
                Some(text) = said.recv() => {
                    client.execute("select pg_notify($1, $2)", &[&SIGNALS, &text]).await?;
                }
            }
        }
        Ok(())
    };
    tokio::select! { done = receive => done, done = send => done }
}
