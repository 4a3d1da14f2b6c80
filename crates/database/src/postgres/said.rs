//! Statements that were said and not sent yet: they go over the wire with the next one, or with the
//! commit, so that nobody waits a round trip for an answer that nobody needs by itself. Inserts into
//! different tables that follow each other become one statement: what the server does around each of
//! them costs as much as a small insert itself.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use futures_util::future::{join, try_join_all};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Statement};

use crate::Value;
use crate::watch::Watch;

/// So many at most: the next one sends them, though nobody asked.
pub(super) const MOST: usize = 12;
/// How an insert begins, what stands before rows that are read from nowhere, and what else reads.
const INSERT: &str = "insert into ";
const VALUES: &str = " values ";
const READS: &str = "select ";

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

    /// Whether this may be one statement with those that were said before it.
    fn joins(&self, others: &[Self]) -> bool {
        let Some(last) = others.last() else { return true };
        let into = target(&self.sql);
        let apart = others.iter().all(|other| {
            let theirs = target(&other.sql);
            theirs.is_some() && theirs != into
        });
        // Only the last part of a statement may answer.
        apart && into.is_some() && self.before.is_none() && !last.numbered
    }

    /// All of them in one statement.
    async fn of_all(mut parts: Vec<Self>, client: &Object) -> Result<Option<Self>, Error> {
        let Some(mut last) = parts.pop() else { return Ok(None) };
        if parts.is_empty() {
            return Ok(Some(last));
        }
        let (mut sql, mut args) = (String::with_capacity(1024), Vec::with_capacity(48));
        let mut before = None;
        for (number, part) in parts.into_iter().enumerate() {
            let start = if number == 0 { "with" } else { "," };
            let _ = write!(sql, "{start} part{number} as (");
            push_from(&mut sql, &part.sql, args.len());
            sql.push(')');
            args.extend(part.args);
            before = before.or(part.before);
        }
        sql.push(' ');
        push_from(&mut sql, &last.sql, args.len());
        args.append(&mut last.args);
        let statement = client.prepare_cached(&sql).await?;
        Ok(Some(Self { before, statement, sql: sql.into(), args, numbered: last.numbered }))
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

/// The table that a statement inserts values into, where it reads nothing: then it does the same before
/// and after an insert into another table. The server does the parts of a statement in an order of its
/// own, and checks references when all are done.
fn target(sql: &str) -> Option<&str> {
    let rest = sql.strip_prefix(INSERT)?;
    let apart = rest.contains(VALUES) && !rest.contains(READS);
    apart.then(|| rest.split([' ', '(']).next()).flatten()
}

/// Adds a statement whose parameters come after `count` others.
fn push_from(sql: &mut String, text: &str, count: usize) {
    let mut parts = text.split('$');
    sql.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        match number.parse::<usize>() {
            Ok(number) => {
                let _ = write!(sql, "${}", number + count);
            }
            Err(_) => sql.push('$'),
        }
        sql.push_str(rest);
    }
}

/// The same in as few statements as they can be.
pub(super) async fn joined(said: Vec<Said>, client: &Object) -> Result<Vec<Said>, Error> {
    let (mut statements, mut open) = (Vec::new(), Vec::new());
    for one in said {
        if !one.joins(&open) {
            statements.extend(Said::of_all(std::mem::take(&mut open), client).await?);
        }
        open.push(one);
    }
    statements.extend(Said::of_all(open, client).await?);
    Ok(statements)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_is_no_part_of_another_statement() {
        assert_eq!(target("insert into a (b) values ($1)"), Some("a"));
        assert_eq!(target("insert into a(b) values ($1) on conflict do nothing"), Some("a"));
        assert_eq!(target("insert into a as x (b) values ($1), ($2) returning c"), Some("a"));
        assert_eq!(target("insert into a (b) select c from d"), None);
        assert_eq!(target("insert into a (b) values ((select max(c) from d))"), None);
        assert_eq!(target("update a set b = $1"), None);
    }

    #[test]
    fn parameters_are_counted_on() {
        let mut sql = String::new();
        push_from(&mut sql, "insert into a (b, c) values ($1, $2), ($10, 'no $ of ours')", 14);
        assert_eq!(sql, "insert into a (b, c) values ($15, $16), ($24, 'no $ of ours')");
    }
}
