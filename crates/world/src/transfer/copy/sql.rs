//! The statements of a copy.

use database::{Tx, args};
use types::{GroupId, ImportId, KnowledgeId, PersonId, Result};

/// The status of a group that is somewhere below another one.
pub(super) async fn status_below(
    tx: &mut Tx,
    group: GroupId,
    target: GroupId,
) -> Result<Option<String>> {
    tx.maybe(
        "select g.status from group_ancestors a join groups g on g.id = a.group_id \
         where a.group_id = $1 and a.ancestor_id = $2 and a.depth > 0 and g.status <> 'deleting'",
        args![group, target],
        |row| row.get(0),
    )
    .await
}

/// Groups above a group.
pub(super) async fn depth(tx: &mut Tx, group: GroupId) -> Result<i64> {
    tx.one(
        "select coalesce(max(depth), 0) from group_ancestors where group_id = $1",
        args![group],
        |row| row.get(0),
    )
    .await
}

/// The same person once more changes nothing.
pub(super) async fn note_person(
    tx: &mut Tx,
    import: ImportId,
    source: PersonId,
    person: PersonId,
) -> Result<()> {
    tx.run(
        "insert into import_people (import_id, source_id, person_id) values ($1, $2, $3) \
         on conflict (import_id, source_id) do nothing",
        args![import.0, source, person],
    )
    .await?;
    Ok(())
}

/// Who somebody of the bundle is here.
pub(super) async fn noted_person(
    tx: &mut Tx,
    import: ImportId,
    source: PersonId,
) -> Result<Option<PersonId>> {
    tx.maybe(
        "select person_id from import_people where import_id = $1 and source_id = $2",
        args![import.0, source],
        |row| row.get(0),
    )
    .await
}

/// The same label once more changes nothing.
pub(super) async fn note_label(
    tx: &mut Tx,
    import: ImportId,
    copied: KnowledgeId,
    label: KnowledgeId,
) -> Result<()> {
    tx.run(
        "insert into import_labels (import_id, copied_id, knowledge_id) values ($1, $2, $3) \
         on conflict (import_id, copied_id) do nothing",
        args![import.0, copied, label],
    )
    .await?;
    Ok(())
}

/// The label that was met instead of one of the bundle.
pub(super) async fn noted_label(
    tx: &mut Tx,
    import: ImportId,
    copied: KnowledgeId,
) -> Result<Option<KnowledgeId>> {
    tx.maybe(
        "select knowledge_id from import_labels where import_id = $1 and copied_id = $2",
        args![import.0, copied],
        |row| row.get(0),
    )
    .await
}

/// Whether somebody is a member of a group, and not only invited.
pub(super) async fn is_active_member(
    tx: &mut Tx,
    group: GroupId,
    person: PersonId,
) -> Result<bool> {
    let found = tx
        .maybe(
            "select 1 from memberships where group_id = $1 and person_id = $2 \
             and status = 'active'",
            args![group, person],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}
