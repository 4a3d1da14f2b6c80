//! Telling somebody what is held about them: one JSON object a line, a page of rows at a time, so
//! that neither memory nor a snapshot is held while a reader is slow.

use std::sync::Arc;

use database::{Row, Tx, Value as Bound};
use serde_json::{Map, Value, json};
use types::{AnyId, Error, GroupId, Json, Kind, Result, Time};
use uuid::Uuid;

use super::model::{Arg, Subject};
use super::rooms::Rooms;
use crate::{App, Caller, Tries};

/// Rows read at a time.
const PAGE: i64 = 100;

/// How a column is told.
#[derive(Debug, Clone, Copy)]
pub enum As {
    /// A UUID, as an id of this kind.
    Id(Kind),
    /// A UUID that follows a column with its kind.
    Any,
    /// Text.
    Text,
    /// A number.
    Int,
    /// A number with a fraction.
    Real,
    /// True or false.
    Flag,
    /// Microseconds, as a moment.
    Time,
    /// JSON.
    Json,
}

/// What orders rows, so that a page goes on behind the one before.
#[derive(Debug, Clone, Copy)]
pub enum Key {
    /// A column with a UUID.
    Id(&'static str),
    /// A column with a number.
    Seq(&'static str),
    /// A column with a UUID, and one with a number.
    Both(&'static str, &'static str),
}

/// Rows that are told, of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// The `kind` of their lines.
    pub kind: &'static str,
    /// What stands behind `from`: tables, and a condition that is not the last one.
    pub from: &'static str,
    /// Its parameters.
    pub args: &'static [Arg],
    /// The members of a line, each with its column; nulls are left out. No secret is among them.
    pub columns: &'static [(&'static str, &'static str, As)],
    /// Their order.
    pub key: Key,
}

type Place = (Uuid, i64);

impl Told {
    fn statement(&self, goes_on: bool) -> String {
        let mut columns: Vec<&str> = self.columns.iter().map(|(_, column, _)| *column).collect();
        let key = match self.key {
            Key::Id(one) | Key::Seq(one) => one.to_owned(),
            Key::Both(one, other) => format!("{one}, {other}"),
        };
        columns.push(&key);
        let first = self.args.len() + 1;
        let (behind, limit) = match (goes_on, self.key) {
            (false, _) => (String::new(), first),
            (true, Key::Id(_) | Key::Seq(_)) => (format!(" and {key} > ${first}"), first + 1),
            (true, Key::Both(..)) => {
                (format!(" and ({key}) > (${first}, ${})", first + 1), first + 2)
            }
        };
        format!(
            "select {} from {}{behind} order by {key} limit ${limit}",
            columns.join(", "),
            self.from
        )
    }

    /// A page of lines, and where it ends; none behind the last.
    async fn page(
        &self,
        tx: &mut Tx,
        subject: &Subject,
        group: Option<GroupId>,
        after: Option<Place>,
    ) -> Result<(Vec<Value>, Option<Place>)> {
        let value = |arg: &Arg| arg.of(subject, group).unwrap_or(Bound::Null);
        let mut args: Vec<Bound<'_>> = self.args.iter().map(value).collect();
        if let Some((id, number)) = after {
            match self.key {
                Key::Id(_) => args.push(id.into()),
                Key::Seq(_) => args.push(number.into()),
                Key::Both(..) => args.extend([Bound::from(id), Bound::from(number)]),
            }
        }
        args.push(PAGE.into());
        let mut last = None;
        let lines = tx
            .all(&self.statement(after.is_some()), &args, |row| {
                last = Some(self.place(row)?);
                self.line(row)
            })
            .await?;
        let full = i64::try_from(lines.len())? == PAGE;
        Ok((lines, last.filter(|_| full)))
    }

    fn place(&self, row: &Row<'_>) -> Result<Place> {
        let at = self.columns.len();
        Ok(match self.key {
            Key::Id(_) => (row.get(at)?, 0),
            Key::Seq(_) => (Uuid::nil(), row.get(at)?),
            Key::Both(..) => (row.get(at)?, row.get(at + 1)?),
        })
    }

    fn line(&self, row: &Row<'_>) -> Result<Value> {
        let mut line = Map::new();
        line.insert("kind".to_owned(), self.kind.into());
        for (at, (name, _, how)) in self.columns.iter().enumerate() {
            let value = how.read(row, at)?;
            if !value.is_null() && !name.is_empty() {
                line.insert((*name).to_owned(), value);
            }
        }
        Ok(line.into())
    }
}

impl As {
    fn read(self, row: &Row<'_>, at: usize) -> Result<Value> {
        Ok(match self {
            Self::Id(kind) => id(row.get(at)?, Some(kind)),
            Self::Any => {
                let kind: Option<String> = row.get(at - 1)?;
                id(row.get(at)?, kind.as_deref().and_then(Kind::from_prefix))
            }
            Self::Text => row.get::<Option<String>>(at)?.into(),
            Self::Int => row.get::<Option<i64>>(at)?.into(),
            Self::Real => row.get::<Option<f64>>(at)?.into(),
            Self::Flag => row.get::<Option<bool>>(at)?.into(),
            Self::Time => serde_json::to_value(row.get::<Option<Time>>(at)?)?,
            Self::Json => match row.get::<Option<Json>>(at)? {
                Some(json) => serde_json::from_str(json.as_str())?,
                None => Value::Null,
            },
        })
    }
}

fn id(uuid: Option<Uuid>, kind: Option<Kind>) -> Value {
    match (uuid, kind) {
        (Some(uuid), Some(kind)) => AnyId { kind, uuid }.to_string().into(),
        (Some(uuid), None) => uuid.to_string().into(),
        (None, _) => Value::Null,
    }
}

/// What is held about somebody, as lines: the first says whom they are about, the last how many
/// there are, so that no part looks whole.
pub struct Export {
    app: App,
    rooms: Rooms,
    subject: Arc<Subject>,
    /// Who is told.
    caller: Caller,
    begun: bool,
    /// Which of what rooms tell is next, for which group, and where it goes on.
    next: (usize, usize, Option<Place>),
    rows: u64,
    over: bool,
}

impl Export {
    /// Of somebody, for themselves or for an owner of the platform.
    #[must_use]
    pub fn new(app: &App, rooms: &Rooms, subject: Subject, caller: &Caller) -> Self {
        Self {
            app: app.clone(),
            rooms: rooms.clone(),
            subject: Arc::new(subject),
            caller: caller.clone(),
            begun: false,
            next: (0, 0, None),
            rows: 0,
            over: false,
        }
    }

    /// How many rows were told so far.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The next lines; none behind the end.
    ///
    /// # Errors
    /// 401 and 403 for who is not told any more: a reader may take as long as they please; as the
    /// store.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut out = Vec::new();
        if !self.begun {
            self.begun = true;
            let Subject { person, user, .. } = &*self.subject;
            let head = json!({
                "kind": "export", "version": 1, "personId": person, "userId": user,
                "exportedAt": self.app.now(),
            });
            push(&mut out, &head)?;
        }
        while out.is_empty() && !self.over {
            for line in self.page().await? {
                push(&mut out, &line)?;
                self.rows += 1;
            }
            if self.over {
                push(&mut out, &json!({ "kind": "end", "rows": self.rows }))?;
            }
        }
        Ok(if out.is_empty() { None } else { Some(out) })
    }

    /// A page; of a store that has no room for it just now it is asked for again.
    async fn page(&mut self) -> Result<Vec<Value>> {
        let mut tries = Tries::default();
        loop {
            match self.lines().await {
                Err(error) => tries.after(error).await?,
                lines => return lines,
            }
        }
    }

    async fn lines(&mut self) -> Result<Vec<Value>> {
        self.caller = self.caller.again().await?;
        if self.caller.person() != Some(self.subject.person)
            && !self.caller.identity().platform_owner
        {
            return Err(Error::forbidden(
                "Only an owner of the platform is told of somebody else.",
            ));
        }
        let (at, round, after) = self.next;
        let Some(told) = self.rooms.registered().told.get(at).copied() else {
            self.over = true;
            return Ok(Vec::new());
        };
        let Some(group) = Arg::rounds(told.args, &self.subject).get(round).copied() else {
            self.next = (at + 1, 0, None);
            return Ok(Vec::new());
        };
        let subject = Arc::clone(&self.subject);
        let (lines, last) = self
            .app
            .db
            .unbound()
            .read_long(async move |tx| told.page(tx, &subject, group, after).await)
            .await?;
        self.next = if last.is_some() { (at, round, last) } else { (at, round + 1, None) };
        Ok(lines)
    }
}

fn push(out: &mut Vec<u8>, line: &Value) -> Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.push(b'\n');
    Ok(())
}
