//! News between nodes on one server, by `LISTEN`/`NOTIFY`.
//!
//! Only a hint: whoever misses one looks again within a second. It is sent outside of
//! transactions and coalesced, because a `NOTIFY` inside one takes a lock that puts all commits
//! of the database in a row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::{Notify, watch};
use tokio_postgres::{AsyncMessage, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

const CHANNEL: &str = "sixfold_events";
/// Announcements within this time are one.
const COALESCE: Duration = Duration::from_millis(5);
const RECONNECT: Duration = Duration::from_secs(1);

pub(super) struct News {
    shared: Arc<Shared>,
}

struct Shared {
    outgoing: Notify,
    incoming: watch::Sender<u64>,
    stop: AtomicBool,
}

impl News {
    pub(super) fn start(config: Config, tls: MakeRustlsConnect) -> Self {
        let shared = Arc::new(Shared {
            outgoing: Notify::new(),
            incoming: watch::Sender::new(0),
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
            if let AsyncMessage::Notification(_) = message? {
                shared.incoming.send_modify(|count| *count += 1);
            }
        }
        Ok(())
    };
    let send = async {
        client.batch_execute(&format!("listen {CHANNEL}")).await?;
        while !shared.stop.load(Ordering::Acquire) {
            shared.outgoing.notified().await;
            tokio::time::sleep(COALESCE).await;
            client.batch_execute(&format!("notify {CHANNEL}")).await?;
        }
        Ok(())
    };
    tokio::select! { done = receive => done, done = send => done }
}
