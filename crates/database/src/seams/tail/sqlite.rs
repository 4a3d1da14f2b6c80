//! One writer: `seq` is the commit order.

pub(super) fn after(columns: &str, condition: &str) -> String {
    // $1, the transaction id, is always 0 here.
    format!(
        "select {columns}, 0, o.seq from events o where o.seq > $2{condition} \
         order by o.seq limit $3"
    )
}

pub(super) const END: &str = "select 0, coalesce(max(seq), 0) from events";

pub(super) const LAST: &str = "select 0, seq from events order by seq desc limit 1";
