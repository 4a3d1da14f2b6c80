//! What bounds an export to a group and what is below it. Everything that refers to something
//! outside is left out: it could not be imported.

use database::Sql;
use types::GroupId;

/// Of `o`, what is in no group that is being deleted.
pub(super) const LIVING: &str =
    " and o.group_id not in (select g.id from groups g where g.status = 'deleting')";

/// The same of connections, and of both ends: a thing goes with its connections.
pub(super) const LIVING_ENDS: &str = " and o.group_id not in (select g.id from groups g where g.status = 'deleting') \
     and not exists (select 1 from groups g where g.id in (o.from_id, o.to_id) \
     and g.status = 'deleting') \
     and not exists (select 1 from things t join groups g on g.id = t.group_id \
     where t.id in (o.from_id, o.to_id) and g.status = 'deleting')";

/// The same of knowledge, and of the thing it was made from.
pub(super) const LIVING_SOURCE: &str = " and o.group_id not in (select g.id from groups g where g.status = 'deleting') \
     and not exists (select 1 from things t join groups g on g.id = t.group_id \
     where t.id = o.source_thing_id and g.status = 'deleting')";

/// The same of a thing and a piece of knowledge that belong together.
pub(super) const LIVING_PAIR: &str = " and not exists (select 1 from things t join groups g on g.id = t.group_id \
     where t.id = o.thing_id and g.status = 'deleting') \
     and not exists (select 1 from knowledge k join groups g on g.id = k.group_id \
     where k.id = o.knowledge_id and g.status = 'deleting')";

/// Of the people: members, and whoever owns something below `$1`. In no order: SQLite would sort
/// them before it knows which are the same, and there may be as many as things.
pub(super) const PEOPLE: &str = "select m.person_id from group_ancestors a \
       join memberships m on m.group_id = a.group_id where a.ancestor_id = $1 \
     union \
     select t.owner_id from group_ancestors a \
       join things t on t.group_id = a.group_id where a.ancestor_id = $1 and t.owner_id is not null \
     union \
     select k.owner_id from group_ancestors a \
       join knowledge k on k.group_id = a.group_id where a.ancestor_id = $1 \
       and k.source_thing_id is null and k.owner_id is not null";

/// Of the people, those who are members below `$1`.
pub(super) const MEMBERS: &str = "select m.person_id from group_ancestors a \
       join memberships m on m.group_id = a.group_id \
       where a.ancestor_id = $1 and m.status = 'active'";

pub(super) fn by_group(sql: &mut Sql<'_>, root: GroupId) {
    sql.push(" and o.group_id in (select a.group_id from group_ancestors a where a.ancestor_id = ")
        .bind(root)
        .push(")");
}

pub(super) fn by_id(sql: &mut Sql<'_>, root: GroupId) {
    sql.push(" and o.id in (select a.group_id from group_ancestors a where a.ancestor_id = ")
        .bind(root)
        .push(")");
}

/// Of knowledge, what was made from nothing or from something inside.
pub(super) fn with_its_source(sql: &mut Sql<'_>, root: GroupId) {
    sql.push(
        " and (o.source_thing_id is null or exists (select 1 from things t \
         join group_ancestors a on a.group_id = t.group_id \
         where t.id = o.source_thing_id and a.ancestor_id = ",
    )
    .bind(root)
    .push("))");
}

/// Of connections, those between what is inside.
pub(super) fn with_both_ends(sql: &mut Sql<'_>, root: GroupId) {
    for (id, kind) in [("o.from_id", "o.from_kind"), ("o.to_id", "o.to_kind")] {
        for (word, kinds, inside) in [
            (
                " and (",
                " = 'group'",
                "(select a.group_id from group_ancestors a where a.group_id = ",
            ),
            (
                " or ",
                " = 'person'",
                "(select a.group_id from memberships m join group_ancestors a \
                 on a.group_id = m.group_id where m.status = 'active' and m.person_id = ",
            ),
            (
                " or ",
                " = 'thing'",
                "(select a.group_id from things t join group_ancestors a \
                 on a.group_id = t.group_id where t.id = ",
            ),
        ] {
            sql.push(word).push(kind).push(kinds).push(" and exists ").push(inside).push(id);
            sql.push(" and a.ancestor_id = ").bind(root).push(")");
        }
        sql.push(")");
    }
}

/// Of what belongs to things inside, what belongs to knowledge inside, too.
pub(super) fn with_its_piece(sql: &mut Sql<'_>, root: GroupId) {
    sql.push(
        " and exists (select 1 from knowledge k join group_ancestors a \
         on a.group_id = k.group_id where k.id = o.knowledge_id and a.ancestor_id = ",
    )
    .bind(root)
    .push(")");
}
