//! The statements that find people by what they are called.

use database::{Sql, Tx, args};
use filter::Given;
use types::{PersonId, Result};

use super::model::{Person, PersonFilter};
use super::sql::{Reach, columns, person};
use crate::listing::{Ask, Found, Names};

const LOOK_UP: &str = concat!("select ", columns!(), " from people p where 1 = 1");

/// People with a membership within reach, by what they are called.
pub(super) async fn look_up(
    tx: &mut Tx,
    reach: &Reach,
    given: Given,
    filter: &PersonFilter,
    ask: &Ask,
) -> Result<Found<Person>> {
    let pattern = filter.q.as_deref().map(Pattern::of);
    ask.of(
        tx,
        (given, Names::Table),
        |sql| {
            sql.push(LOOK_UP);
            called(sql, filter, pattern.as_ref());
            if !reach.all {
                sql.push(" and p.id in (select m.person_id from memberships m ");
                sql.push("where m.status = 'active'");
                reach.condition(sql);
                sql.push(")");
            }
        },
        person,
    )
    .await
}

/// What `like` looks for: at the start of a text, and at the start of a later word.
pub(super) struct Pattern {
    start: String,
    word: String,
}

impl Pattern {
    pub(super) fn of(text: &str) -> Self {
        let escaped = text.trim().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        Self { start: format!("{escaped}%"), word: format!("% {escaped}%") }
    }
}

/// Appends the conditions on the record, as alias `p`.
pub(super) fn called<'a>(
    sql: &mut Sql<'a>,
    filter: &'a PersonFilter,
    pattern: Option<&'a Pattern>,
) {
    sql.and_equals("p.username", filter.username.as_deref())
        .and_equals("p.email", filter.email.as_deref());
    if let Some(pattern) = pattern {
        sql.push(" and (lower(p.username) like lower(").bind(pattern.start.as_str());
        sql.push(") escape '\\' or lower(p.display_name) like lower(").bind(pattern.start.as_str());
        sql.push(") escape '\\' or lower(p.display_name) like lower(").bind(pattern.word.as_str());
        sql.push(") escape '\\')");
    }
}

/// Whose username it is.
pub(super) async fn of_username(tx: &mut Tx, username: &str) -> Result<Option<PersonId>> {
    tx.maybe("select id from people where username = $1", args![username], |row| row.get(0)).await
}
