//! Many writers: nothing at or above the oldest running transaction is read yet.

pub(super) fn after(columns: &str, condition: &str) -> String {
    format!(
        "select {columns}, o.xid, o.seq from events o \
         where (o.xid, o.seq) > ($1, $2){condition} \
         and o.xid < cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint) \
         order by o.xid, o.seq limit $3"
    )
}

/// What there is after a position, readable or not.
pub(super) fn there(columns: &str) -> String {
    format!(
        "select {columns} from events o where (o.xid, o.seq) > ($1, $2) \
         order by o.xid, o.seq limit $3"
    )
}

/// Everything below the horizon counts as read; running transactions come later.
pub(super) const END: &str = "select cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint) - 1, \
     9223372036854775807";

pub(super) const LAST: &str = "select xid, seq from events order by xid desc, seq desc limit 1";

/// A database that was restored into another server may hold transaction ids from that one's
/// future: nothing would ever be read again. Such events become the oldest there are, in the order
/// of their numbers, and every reader keeps its place among them. That order is another than that of
/// transactions: a reader goes back to before the first event it has not read, and reads some twice.
pub(super) const ADOPT: &str = "do $$ begin \
     if exists (select 1 from events where xid >= \
         cast(cast(pg_snapshot_xmax(pg_current_snapshot()) as text) as bigint)) then \
       update cursors c set xid = 0, seq = least(c.seq, (select min(e.seq) - 1 from events e \
         where (e.xid, e.seq) > (c.xid, c.seq))); \
       update events set xid = 0; \
     end if; end $$";
