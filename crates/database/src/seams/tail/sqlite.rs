//! One writer: `seq` is the commit order.

pub(super) fn after(columns: &str) -> String {
    // $1, the transaction id, is always 0 here.
    format!("select {columns}, 0, seq from events where seq > $2 order by seq limit $3")
}

pub(super) const END: &str = "select 0, coalesce(max(seq), 0) from events";
