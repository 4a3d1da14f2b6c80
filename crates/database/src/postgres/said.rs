//! Statements that were said and not sent yet: they go over the wire with the next one, or with the
//! commit, so that nobody waits a round trip for an answer that nobody needs by itself.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use futures_util::future::{join, try_join_all};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Statement};

use crate::Value;
use crate::watch::Watch;

/// So many at most: the next one sends them, though nobody asked.
pub(super) const MOST: usize = 12;

/// Why a statement could not be said.
pub(crate) enum Failed {
    /// One that the server was sent meanwhile failed, or this one could not be prepared.
    Statement(Error),
    /// An argument is not of the type the statement wants.
    Argument(Box<dyn StdError + Sync + Send>),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Statement(error)
    }
}

/// One of them.
pub(super) struct Said {
    /// What the server has to hear before it.
    before: Option<String>,
    statement: Statement,
    sql: Box<str>,
    args: Vec<Encoded>,
    /// It answers with a number.
    numbered: bool,
}

impl Said {
    /// With its arguments as they go over the wire: whoever says it need not keep them.
    pub(super) fn new(
        before: Option<String>,
        (statement, sql): (Statement, &str),
        args: &[Value<'_>],
        numbered: bool,
    ) -> Result<Self, Failed> {
        let args = args.iter().zip(statement.params()).map(|(arg, kind)| Encoded::new(arg, kind));
        let args = args.collect::<Result<_, _>>().map_err(Failed::Argument)?;
        Ok(Self { before, statement, sql: sql.into(), args, numbered })
    }

    /// The number it answered with, and when it did.
    async fn send(&self, client: &Client) -> Result<(Option<i64>, Instant), Error> {
        let args = self.args.iter().map(|arg| arg as &(dyn ToSql + Sync));
        let args: Vec<_> = args.collect();
        let number = if self.numbered {
            Some(client.query_one(&self.statement, &args).await?.try_get(0)?)
        } else {
            client.execute(&self.statement, &args).await?;
            None
        };
        Ok((number, Instant::now()))
    }
}

/// Sends all of them in this order, and gives back the last number that one answered with and how
/// long they took, or what failed first. Those that were slow are told.
pub(super) async fn send(
    said: &[Said],
    client: &Client,
    watch: &Watch,
) -> Result<(Option<i64>, Duration), Error> {
    let began = Instant::now();
    // They are polled in order, and so few of them at once: each is on the wire before the next.
    let all = said.iter().map(|one| with(client, one.before.as_deref(), one.send(client)));
    let (mut last, mut since) = (None, began);
    for (one, (number, at)) in said.iter().zip(try_join_all(all).await?) {
        last = number.or(last);
        // The server does one after the other.
        let took = at.saturating_duration_since(since);
        if watch.is_slow(took) {
            watch.tell(&one.sql, took);
        }
        since = at;
    }
    Ok((last, since.saturating_duration_since(began)))
}

/// Says `before` in the same round trip as the statement.
pub(super) async fn with<T>(
    client: &Client,
    before: Option<&str>,
    statement: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(before) = before else { return statement.await };
    // `join` polls in order, so this is on the wire first.
    let (before, answer) = join(client.batch_execute(before), statement).await;
    before?;
    answer
}

/// An argument as it goes over the wire; none is null.
#[derive(Debug)]
struct Encoded(Option<BytesMut>);

impl Encoded {
    fn new(value: &Value<'_>, kind: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        let mut bytes = BytesMut::new();
        Ok(Self(match value.to_sql(kind, &mut bytes)? {
            IsNull::Yes => None,
            IsNull::No => Some(bytes),
        }))
    }
}

impl ToSql for Encoded {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let Some(bytes) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
