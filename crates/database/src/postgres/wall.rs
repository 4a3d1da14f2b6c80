//! Whether row-level security binds the role this process connects as.

use types::Result;

use crate::Tx;

/// Why it does not; none when it does, or when there are no tables yet.
pub(crate) async fn gap(tx: &mut Tx) -> Result<Option<String>> {
    // The server's own word for it: it knows of superusers, owners and tables without a wall.
    let sql = "select r.rolname::text, r.rolsuper, r.rolbypassrls, \
               row_security_active(to_regclass('things')::oid) \
               from pg_roles r where r.rolname = current_user";
    tx.one(sql, &[], |row| {
        let active: Option<bool> = row.get(3)?;
        if active.unwrap_or(true) {
            return Ok(None);
        }
        let role = row.text(0)?;
        Ok(Some(if row.get(1)? {
            format!("the role `{role}` is a superuser, which it does not bind")
        } else if row.get(2)? {
            format!("the role `{role}` has BYPASSRLS, so it does not bind it")
        } else {
            format!("it is switched off for the role `{role}` or its tables")
        }))
    })
    .await
}
