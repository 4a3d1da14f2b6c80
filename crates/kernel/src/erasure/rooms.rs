//! What rooms register: what they tell of a person, and how they remove it.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use database::{Tx, Value};
use types::Result;
use uuid::Uuid;

use super::model::{Arg, Subject};
use super::telling::Told;
use crate::{App, Work};

/// A statement about somebody. Its parameters are what `args` names, and behind them how many rows at
/// most.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    sql: Cow<'static, str>,
    args: &'static [Arg],
}

/// A removal on its way: how many rows it removed.
pub type Removing<'a> = Pin<Box<dyn Future<Output = Result<i64>> + 'a>>;
/// Removes so many rows at most of what is left, in the transaction it is given; 0 when there are
/// none.
pub type Remove = for<'a, 'w> fn(&'a mut Work<'w>, &'a Subject, i64) -> Removing<'a>;
/// Removes these rows, as far as they are there, or part of what belongs to them; how many rows.
pub type Named = for<'a, 'w> fn(&'a mut Work<'w>, &'a Subject, &'a [Uuid]) -> Removing<'a>;

/// One thing to be removed.
#[derive(Clone)]
pub(super) enum Step {
    /// By a statement, which is run until it finds nothing.
    Sql(Statement),
    /// By code.
    Code(Remove),
    /// By code that is given the ids that a query finds.
    Rows(Statement, Named),
}

/// Removes files of this node.
type Files = fn(&App, &Subject) -> Result<()>;

/// What rooms hold about people. Cheap to clone.
#[derive(Clone, Default)]
pub struct Rooms(Arc<Registered>);

#[derive(Clone, Default)]
pub(super) struct Registered {
    pub(super) told: Vec<Told>,
    pub(super) first: Vec<Step>,
    pub(super) steps: Vec<Step>,
    pub(super) files: Vec<Files>,
}

impl Rooms {
    fn with(mut self, add: impl FnOnce(&mut Registered)) -> Self {
        add(Arc::make_mut(&mut self.0));
        self
    }

    pub(super) fn registered(&self) -> &Registered {
        &self.0
    }

    /// What is told of a person.
    #[must_use]
    pub fn told(self, told: impl IntoIterator<Item = Told>) -> Self {
        self.with(|all| all.told.extend(told))
    }

    /// Before anything is removed: takes groups out of everybody's sight.
    #[must_use]
    pub fn first(self, remove: Remove) -> Self {
        self.with(|all| all.first.push(Step::Code(remove)))
    }

    /// Removes the rows of a table that meet a condition; `key` is its key, `a` or `a, b`.
    #[must_use]
    pub fn delete(self, table: &str, key: &str, condition: &str, args: &'static [Arg]) -> Self {
        let most = args.len() + 1;
        let sql = format!(
            "delete from {table} where ({key}) in \
             (select {key} from {table} where {condition} limit ${most})"
        );
        self.sql(sql, args)
    }

    /// Removes by a statement: a `delete` with a limit, which is its last parameter.
    #[must_use]
    pub fn sql(self, sql: impl Into<Cow<'static, str>>, args: &'static [Arg]) -> Self {
        let statement = Statement { sql: sql.into(), args };
        self.with(|all| all.steps.push(Step::Sql(statement)))
    }

    /// Removes by code.
    #[must_use]
    pub fn code(self, remove: Remove) -> Self {
        self.with(|all| all.steps.push(Step::Code(remove)))
    }

    /// Removes by code the rows whose ids a query with a limit finds. It runs beside the writer, as
    /// it may look through a whole table.
    #[must_use]
    pub fn rows(self, query: &'static str, args: &'static [Arg], remove: Named) -> Self {
        let query = Statement { sql: query.into(), args };
        self.with(|all| all.steps.push(Step::Rows(query, remove)))
    }

    /// Removes files, after all else.
    #[must_use]
    pub fn files(self, remove: Files) -> Self {
        self.with(|all| all.files.push(remove))
    }
}

impl Statement {
    /// Removes some; how many.
    pub(super) async fn remove(&self, tx: &mut Tx, subject: &Subject, most: i64) -> Result<i64> {
        for args in self.rounds(subject, most) {
            let removed = tx.run(&self.sql, &args).await?;
            if removed > 0 {
                return Ok(i64::try_from(removed)?);
            }
        }
        Ok(0)
    }

    /// Finds some.
    pub(super) async fn find(
        &self,
        tx: &mut Tx,
        subject: &Subject,
        most: i64,
    ) -> Result<Vec<Uuid>> {
        for args in self.rounds(subject, most) {
            let found = tx.all(&self.sql, &args, |row| row.get(0)).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// Its parameters, each time it is to be run: not where there is nothing that one stands for.
    fn rounds<'a>(&self, subject: &'a Subject, most: i64) -> Vec<Vec<Value<'a>>> {
        let args = |group| {
            let args = self.args.iter().map(|arg| arg.of(subject, group));
            args.chain([Some(most.into())]).collect()
        };
        Arg::rounds(self.args, subject).into_iter().filter_map(args).collect()
    }
}
