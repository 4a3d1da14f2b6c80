//! What of the store is worth knowing while it is watched: looked up once for all who ask within a
//! few seconds, and given up when the store does not answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use database::seams::tail::{self, Position};
use database::{Sizes, Tx, args};
use kernel::App;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use types::{Result, Secret, Time};

use crate::Settings;
use crate::jobs::model::JobQueue;

/// What was seen is good for this long.
const FRESH: Duration = Duration::from_secs(5);
/// A look that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(2);
/// Things that wait are counted up to here.
const MOST: i64 = 10_000;
/// The follower that keeps its place in memory, one in each process.
const LIVE: &str = "live";

/// What is remembered between two looks.
pub(crate) struct Watch {
    pub(crate) started_at: Time,
    token: Option<[u8; 32]>,
    last: Mutex<Option<(Instant, Seen)>>,
}

/// What a look found.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// All of it.
    All(Arc<Sight>),
    /// The store has so much to do that the look had no turn; others had theirs.
    Busy,
    /// The store does not answer.
    Nothing,
}

impl Seen {
    /// What of the store is known.
    pub(crate) fn sight(&self) -> Option<&Sight> {
        match self {
            Self::All(sight) => Some(sight),
            Self::Busy | Self::Nothing => None,
        }
    }

    /// Whether the store answers, if not this look.
    pub(crate) const fn is_there(&self) -> bool {
        matches!(self, Self::All(_) | Self::Busy)
    }
}

/// What was seen.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) sizes: Sizes,
    pub(crate) followers: Vec<Lag>,
    pub(crate) queues: Vec<JobQueue>,
    /// Letters that wait to be sent.
    pub(crate) letters: i64,
    /// Webhooks that wait to be sent, or are being sent.
    pub(crate) deliveries: i64,
}

/// How far a follower of the log is behind.
#[derive(Debug)]
pub(crate) struct Lag {
    pub(crate) name: String,
    /// Events it has not read.
    pub(crate) events: i64,
    /// Since when it has not moved although there are some.
    pub(crate) stalled_s: f64,
}

impl Watch {
    pub(crate) fn new(settings: &Settings, started_at: Time) -> Self {
        let token = settings.metrics_token.as_ref().map(Secret::reveal);
        Self { started_at, token: token.map(|token| digest(token)), last: Mutex::default() }
    }

    /// Whether there is a token, and whether this is it. Digests are compared, so that how long it
    /// takes tells nothing.
    pub(crate) fn admits(&self, given: Option<&str>) -> Option<bool> {
        self.token.map(|token| given.is_some_and(|given| digest(given) == token))
    }

    /// What is seen of the store.
    pub(crate) async fn look(&self, app: &App) -> Seen {
        let mut last = self.last.lock().await;
        if let Some((at, seen)) = &*last
            && at.elapsed() < FRESH
        {
            return seen.clone();
        }
        let answered = app.meters().database.answered();
        let seen = match tokio::time::timeout(PATIENCE, see(app)).await {
            Ok(Ok(sight)) => Seen::All(Arc::new(sight)),
            Ok(Err(_)) | Err(_) if app.meters().database.answered() > answered => Seen::Busy,
            Ok(Err(error)) => {
                tracing::warn!(cause = error.cause(), "the store cannot be watched");
                Seen::Nothing
            }
            Err(_) => {
                tracing::warn!("the store cannot be watched: it does not answer");
                Seen::Nothing
            }
        };
        *last = Some((Instant::now(), seen.clone()));
        seen
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

async fn see(app: &App) -> Result<Sight> {
    let sizes = app.db.sizes().await?;
    let (now, at) = (app.now(), app.meters().live.at());
    app.db
        .unbound()
        .read_bounded(async move |tx| {
            let mut followers = Vec::new();
            for reader in tail::readers(tx).await? {
                let events = tail::waiting(tx, reader.at, MOST).await?;
                // It may have had nothing to do for hours before that.
                let since =
                    tail::first_waiting(tx, reader.at).await?.map(|at| at.max(reader.moved_at));
                let stalled_s = since.map_or(0.0, |at| seconds(now.micros() - at.micros()));
                followers.push(Lag { name: reader.name, events, stalled_s });
            }
            let live = Position { xid: at.0, seq: at.1 };
            let events = tail::waiting(tx, live, MOST).await?;
            followers.push(Lag { name: LIVE.to_owned(), events, stalled_s: 0.0 });
            let queues = crate::jobs::rules::all(tx, now).await?;
            let (letters, deliveries) = (letters(tx).await?, deliveries(tx).await?);
            Ok(Sight { sizes, followers, queues, letters, deliveries })
        })
        .await
}

#[expect(clippy::cast_precision_loss, reason = "an age, told to people")]
fn seconds(micros: i64) -> f64 {
    micros.max(0) as f64 / 1e6
}

/// They belong to the house, not to a group.
async fn letters(tx: &mut Tx) -> Result<i64> {
    let sql = "select count(*) from (select 1 from mails limit $1) w";
    tx.one(sql, args![MOST], |row| row.get(0)).await
}

/// Of all groups: only their number is told.
async fn deliveries(tx: &mut Tx) -> Result<i64> {
    let sql = "select count(*) from (select 1 from webhook_deliveries \
               where state in ('queued', 'sending') limit $1) w";
    tx.one(sql, args![MOST], |row| row.get(0)).await
}
