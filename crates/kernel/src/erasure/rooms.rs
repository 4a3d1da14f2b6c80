//! What rooms register: what they tell of a person, and how they remove it.

use std::pin::Pin;
use std::sync::Arc;

use database::Tx;
use types::Result;
use uuid::Uuid;

use super::model::{Arg, Subject};
use super::telling::Told;
use crate::{App, Work};

/// A statement that removes rows. Its parameters are what `args` names, and behind them how many
/// rows at most; it is run until it finds none.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    /// Of this table.
    pub table: &'static str,
    /// A `delete` with a limit.
    pub sql: &'static str,
    /// Its first parameters.
    pub args: &'static [Arg],
}

/// A removal on its way: how many rows it removed.
pub type Removing<'a> = Pin<Box<dyn Future<Output = Result<i64>> + 'a>>;
/// Removes so many rows at most of what is left, in the transaction it is given; 0 when there are
/// none.
pub type Remove = for<'a, 'w> fn(&'a mut Work<'w>, &'a Subject, i64) -> Removing<'a>;
/// Rows on their way.
pub type Finding<'a> = Pin<Box<dyn Future<Output = Result<Vec<Uuid>>> + 'a>>;
/// Finds so many ids at most of rows that are to go, beside the writer: for what takes a look
/// through a whole table.
pub type Find = for<'a> fn(&'a mut Tx, &'a Subject, i64) -> Finding<'a>;
/// Removes these rows, as far as they are there, or part of what belongs to them; how many rows.
pub type Named = for<'a, 'w> fn(&'a mut Work<'w>, &'a Subject, &'a [Uuid]) -> Removing<'a>;

/// One thing to be removed.
#[derive(Clone, Copy)]
pub enum Step {
    /// By a statement.
    Sql(Statement),
    /// By code.
    Code(Remove),
    /// By code that is told what it is about.
    Rows(Find, Named),
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

    /// Removes by a statement.
    #[must_use]
    pub fn sql(self, statement: Statement) -> Self {
        self.with(|all| all.steps.push(Step::Sql(statement)))
    }

    /// Removes by code.
    #[must_use]
    pub fn code(self, remove: Remove) -> Self {
        self.with(|all| all.steps.push(Step::Code(remove)))
    }

    /// Removes by code what is looked for beside the writer.
    #[must_use]
    pub fn rows(self, find: Find, remove: Named) -> Self {
        self.with(|all| all.steps.push(Step::Rows(find, remove)))
    }

    /// Removes files, after all else.
    #[must_use]
    pub fn files(self, remove: Files) -> Self {
        self.with(|all| all.files.push(remove))
    }
}

impl Statement {
    /// Removes some; how many.
    pub(super) async fn remove(
        &self,
        work: &mut Work<'_>,
        subject: &Subject,
        most: i64,
    ) -> Result<i64> {
        for group in Arg::rounds(self.args, subject) {
            let mut args: Vec<_> = self.args.iter().map(|arg| arg.of(subject, group)).collect();
            args.push(most.into());
            let removed = i64::try_from(work.tx.run(self.sql, &args).await?)?;
            if removed > 0 {
                return Ok(removed);
            }
        }
        Ok(0)
    }
}
