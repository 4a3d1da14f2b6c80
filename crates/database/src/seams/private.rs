//! What others may not see of a thing, wherever it is.

use types::PersonId;

use crate::{Engine, Sql};

/// Appends a condition: that the thing whose id the column `thing` holds is not private to somebody
/// else than `me`, nor was when it was removed for good. True of what is no thing. On PostgreSQL it
/// looks over the wall of row-level security: the thing may be in another tree.
pub fn not_of_others(sql: &mut Sql<'_>, engine: Engine, thing: &'static str, me: Option<PersonId>) {
    match engine {
        Engine::Sqlite => {
            sql.push("(not exists (select 1 from things t where t.id = ")
                .push(thing)
                .push(" and t.visibility = 'private' and t.owner_id is distinct from ")
                .bind(me)
                .push(") and not exists (select 1 from removed_things r where r.id = ")
                .push(thing)
                .push(" and r.owner_id is distinct from ")
                .bind(me)
                .push(" and not exists (select 1 from things t where t.id = r.id)))");
        }
        Engine::Postgres => {
            sql.push("(")
                .push(thing)
                .push(" is null or not is_private_to_others(")
                .push(thing)
                .push(", ")
                .bind(me)
                .push("))");
        }
    }
}
