//! Whether row-level security stands, and binds the role this process connects as.

use types::Result;

use crate::Tx;

/// Why not; none when it does, or when there is no schema yet that has it.
pub(crate) async fn gap(tx: &mut Tx) -> Result<Option<String>> {
    // The server's own word for it: it knows of superusers, owners and tables without a wall.
    let sql = "select r.rolname::text, r.rolsuper, r.rolbypassrls, \
               row_security_active(to_regclass('things')::oid), to_regproc('wall_around') is not null \
               from pg_roles r where r.rolname = current_user";
    let unbound = tx.one(sql, &[], |row| {
        let active: Option<bool> = row.get(3)?;
        if active.unwrap_or(true) {
            return Ok(None);
        }
        let role = row.text(0)?;
        Ok(Some(if row.get(1)? {
            format!("the role `{role}` is a superuser, which it does not bind")
        } else if row.get(2)? {
            format!("the role `{role}` has BYPASSRLS, so it does not bind it")
        } else if row.get(4)? {
            format!("it is switched off for the role `{role}` or its tables")
        } else {
            // The step that raises it is pending.
            return Ok(None);
        }))
    });
    if let Some(unbound) = unbound.await? {
        return Ok(Some(unbound));
    }
    // A table that was made beside the steps of the schema, or whose wall somebody took down. Jobs
    // are the house's, whomever they are for.
    let open = "select c.relname::text from pg_class c \
                join pg_attribute a on a.attrelid = c.oid and a.attname = 'group_id' \
                where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' \
                and c.relname <> 'jobs' and not a.attisdropped and not row_security_active(c.oid) \
                and to_regproc('wall_around') is not null order by 1 limit 1";
    let open = tx.maybe(open, &[], |row| row.get::<String>(0)).await?;
    Ok(open.map(|table| format!("the table `{table}` has none")))
}
