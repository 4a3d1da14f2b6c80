//! The statements about imports.

use database::{Row, Sql, Tx, args};
use types::{GroupId, ImportId, Json, PersonId, Result, Time};
use uuid::Uuid;

use super::model::{Import, ImportError, State};
use crate::listing::{After, Slice};

const HEAD: &str = "select o.id, o.group_id, o.person_id, o.options, o.header, o.state, \
     o.total_bytes, o.offset_bytes, o.lines, o.created, o.updated, o.unchanged, o.failed, \
     o.problem, o.created_at, o.updated_at, o.copy_id from import_runs o where 1 = 1";

fn count(row: &Row<'_>, index: usize) -> Result<u64> {
    Ok(row.get::<i64>(index)?.unsigned_abs())
}

fn import(row: &Row<'_>) -> Result<Import> {
    let header: Option<Json> = row.get(4)?;
    let total = row.get::<Option<i64>>(6)?.map(i64::unsigned_abs);
    let offset = count(row, 7)?;
    Ok(Import {
        id: ImportId(row.get::<Uuid>(0)?),
        group_id: row.get(1)?,
        copy_id: row.get(16)?,
        person_id: row.get(2)?,
        options: serde_json::from_str(row.get::<Json>(3)?.as_str())?,
        header: header.map(|header| serde_json::from_str(header.as_str())).transpose()?,
        state: State::stored(row.text(5)?)?,
        percent: total.map(|total| (offset * 100).checked_div(total).unwrap_or(100)),
        total_bytes: total,
        offset_bytes: offset,
        lines: count(row, 8)?,
        created: count(row, 9)?,
        updated: count(row, 10)?,
        unchanged: count(row, 11)?,
        failed: count(row, 12)?,
        problem: row.get(13)?,
        created_at: row.get(14)?,
        updated_at: row.get(15)?,
    })
}

/// Looks across groups: whoever asks must check what the caller may see of it.
pub(super) async fn find(tx: &mut Tx, id: ImportId) -> Result<Option<Import>> {
    let mut sql = Sql::new(HEAD);
    sql.push(" and o.id = ").bind(id.0);
    tx.maybe(sql.text(), sql.args(), import).await
}

/// Of a group, or only those of one person there.
pub(super) async fn list(
    tx: &mut Tx,
    group: GroupId,
    of: Option<PersonId>,
    slice: Slice,
) -> Result<Vec<Import>> {
    let mut sql = Sql::new(HEAD);
    sql.push(" and o.group_id = ").bind(group);
    sql.and_equals("o.person_id", of);
    slice.finish(&mut sql, "o.id");
    tx.all(sql.text(), sql.args(), import).await
}

pub(super) async fn insert(tx: &mut Tx, one: &Import) -> Result<()> {
    let options = Json::of(&one.options)?;
    tx.run(
        "insert into import_runs (id, group_id, person_id, options, state, total_bytes, \
         offset_bytes, lines, created, updated, unchanged, failed, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, 0, 0, $7, $7)",
        args![
            one.id.0,
            one.group_id,
            one.person_id,
            &options,
            one.state.name(),
            one.total_bytes.map(u64::cast_signed),
            one.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Moves an import on from where it was; false when it is no longer there.
pub(super) async fn advance(tx: &mut Tx, from: u64, to: &Import, now: Time) -> Result<bool> {
    let header = to.header.as_ref().map(Json::of).transpose()?;
    let rows = tx
        .run(
            "update import_runs set header = $3, state = $4, total_bytes = $5, \
             offset_bytes = $6, lines = $7, created = $8, updated = $9, unchanged = $10, \
             failed = $11, problem = $12, updated_at = $13, copy_id = $14 \
             where id = $1 and offset_bytes = $2 and state = 'open'",
            args![
                to.id.0,
                from.cast_signed(),
                &header,
                to.state.name(),
                to.total_bytes.map(u64::cast_signed),
                to.offset_bytes.cast_signed(),
                to.lines.cast_signed(),
                to.created.cast_signed(),
                to.updated.cast_signed(),
                to.unchanged.cast_signed(),
                to.failed.cast_signed(),
                &to.problem,
                now,
                to.copy_id
            ],
        )
        .await?;
    Ok(rows == 1)
}

pub(super) async fn insert_error(tx: &mut Tx, id: ImportId, one: &ImportError) -> Result<()> {
    tx.run(
        "insert into import_errors (import_id, line, errors) values ($1, $2, $3)",
        args![id.0, one.line.cast_signed(), &one.errors],
    )
    .await?;
    Ok(())
}

pub(super) async fn errors(tx: &mut Tx, id: ImportId, slice: Slice) -> Result<Vec<ImportError>> {
    let after = match slice.after {
        Some(After::Seq(line)) => line,
        _ => 0,
    };
    tx.all(
        "select line, errors from import_errors where import_id = $1 and line > $2 \
         order by line limit $3",
        args![id.0, after, slice.limit.probe()],
        |row| Ok(ImportError { line: row.get::<i64>(0)?.unsigned_abs(), errors: row.get(1)? }),
    )
    .await
}

/// Deletes imports, of any group, that last moved before a moment, with their errors; how many.
pub(super) async fn delete_before(tx: &mut Tx, before: Time, most: i64) -> Result<u64> {
    tx.run(
        "delete from import_runs where id in (select id from import_runs where updated_at < $1 \
         order by updated_at limit $2)",
        args![before, most],
    )
    .await
}
