//! Many writers: nothing at or above the oldest running transaction is read yet.

pub(super) fn after(columns: &str) -> String {
    format!(
        "select {columns}, xid, seq from events \
         where (xid, seq) > ($1, $2) \
         and xid < cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint) \
         order by xid, seq limit $3"
    )
}

/// Everything below the horizon counts as read; running transactions come later.
pub(super) const END: &str = "select cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint) - 1, \
     9223372036854775807";
