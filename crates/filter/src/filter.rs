//! [`Filter`]: the door.

use std::sync::{Arc, LazyLock};

use database::{Engine, Sql};
use moka::sync::Cache;
use types::{PersonId, Result, Time};

use crate::tree::Condition;
use crate::{Row, Schema, Subject, Test, check, memory, scan, sql};

/// A filter that was parsed and checked. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Filter(Arc<Condition>);

/// What a filter is asked with.
#[derive(Debug, Clone, Copy)]
pub struct Given {
    /// Who `me` is; nobody equals nothing.
    pub me: Option<PersonId>,
    /// When `now` is.
    pub now: Time,
    /// Which engine the SQL is for.
    pub engine: Engine,
}

/// Filters that were asked for lately: a list is paged with the same text over and over, and
/// parsing costs more than asking. By schema (its address) and text, which is bounded.
static PARSED: LazyLock<Cache<(usize, String), Filter>> = LazyLock::new(|| Cache::new(1_000));

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// 422 at `filter` with a sentence that names the column of the text.
    pub fn parse(text: &str, schema: &'static Schema) -> Result<Self> {
        let key = (std::ptr::from_ref(schema).addr(), text.to_owned());
        if let Some(known) = PARSED.get(&key) {
            return Ok(known);
        }
        let filter = Self(Arc::new(check::read(text, schema)?));
        PARSED.insert(key, filter.clone());
        Ok(filter)
    }

    /// Appends ` and (…)`.
    pub fn condition<'a>(&'a self, sql: &mut Sql<'a>, given: Given) {
        sql.push(" and (");
        sql::write(&self.0, sql, given);
        sql.push(")");
    }

    /// Whether `row` is what the filter asks for: the same answer as the SQL gives.
    pub fn matches(&self, row: &dyn Row, given: Given) -> bool {
        memory::holds(&self.0, row, given)
    }

    /// The properties it looks at, each by its first key.
    pub fn json_paths(&self) -> impl Iterator<Item = &str> {
        self.0.tests().into_iter().filter_map(|test| match &test.subject {
            Subject::Json { path, .. } => path.keys().first().map(String::as_str),
            Subject::Field(_) => None,
        })
    }

    /// Refuses a filter that looks at a property nobody may read, each told by its first key.
    ///
    /// # Errors
    /// 422 `hidden_property` at `filter` with a sentence that names the column of the text.
    pub fn refuse_hidden(&self, is_hidden: impl Fn(&str) -> bool) -> Result<()> {
        let hidden = self.0.tests().into_iter().find_map(|test| match &test.subject {
            Subject::Json { path, at, .. } => {
                path.keys().first().filter(|name| is_hidden(name)).map(|name| (name, *at))
            }
            Subject::Field(_) => None,
        });
        let Some((name, at)) = hidden else { return Ok(()) };
        let message = format!("names `{name}`, a hidden property, which is never read.");
        Err(scan::wrong(at, "hidden_property", &message))
    }

    /// The comparisons that every match passes, for choosing an index: those joined by `&&` at the
    /// top. [`Filter::condition`] states them all the same.
    pub fn conjuncts(&self) -> impl Iterator<Item = &Test> {
        let all = match &*self.0 {
            Condition::All(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        all.iter().filter_map(|one| match one {
            Condition::Test(test) => Some(test),
            _ => None,
        })
    }
}
