//! Connections of many objects at once, for what walks along them or tells them with a page.

use std::ops::Range;

use database::{Sql, Tx};
use kernel::Caller;
use kernel::access::{Everywhere, Right};
use types::{AnyId, Result};

use super::model::Connection;
use super::sql::{self, Direction};
use crate::things::graph::Way;

/// The connections of any of `nodes` that the caller sees, at most `limit` of them; only of these
/// types, if any are named. One statement, each way along an index.
pub(super) async fn any(
    tx: &mut Tx,
    caller: &Caller,
    nodes: &[AnyId],
    way: Way,
    types: &[String],
    limit: usize,
) -> Result<Vec<Connection>> {
    if nodes.is_empty() {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(limit)?;
    let seen = Everywhere::of(caller, Right::ConnectionsRead);
    let mut sql = Sql::new("select * from (");
    for (at, direction) in directions(way).iter().enumerate() {
        sql.push(if at == 0 { "select * from (" } else { " union all select * from (" });
        sql.push(direction.head()).push(" in ").bind_filled(nodes.iter().copied());
        if !types.is_empty() {
            sql.push(" and o.type in ").bind_list(types.iter());
        }
        seen.condition(&mut sql, caller.person());
        sql.push(" order by o.id limit ").bind(limit).push(") as one_way");
    }
    sql.push(") as either_way order by id limit ").bind(limit);
    tx.all(sql.text(), sql.args(), sql::connection).await
}

/// Of each of `nodes` the newest connections each way that the caller sees, at most `limit` a way.
/// One statement of many parts, each of which reads no more rows of an index than it answers.
pub(super) async fn newest(
    tx: &mut Tx,
    caller: &Caller,
    nodes: &[AnyId],
    limit: i64,
) -> Result<Vec<Connection>> {
    let seen = Everywhere::of(caller, Right::ConnectionsRead);
    let mut sql = Sql::new("");
    // What the parts have in common is bound once.
    let mut common: Option<Range<usize>> = None;
    for (at, node) in nodes.iter().enumerate() {
        for (way, direction) in directions(Way::Both).iter().enumerate() {
            let first = at == 0 && way == 0;
            sql.push(if first { "select * from (" } else { " union all select * from (" });
            sql.push(direction.head()).push(" = ").bind(*node);
            if let Some(common) = common.clone() {
                sql.repeat(common);
                continue;
            }
            let start = sql.text().len();
            seen.condition(&mut sql, caller.person());
            sql.push(" order by o.id desc limit ").bind(limit).push(") as part");
            common = Some(start..sql.text().len());
        }
    }
    if nodes.is_empty() {
        return Ok(Vec::new());
    }
    tx.all(sql.text(), sql.args(), sql::connection).await
}

const fn directions(way: Way) -> &'static [Direction] {
    match way {
        Way::Out => &[Direction::From],
        Way::In => &[Direction::To],
        Way::Both => &[Direction::From, Direction::To],
    }
}
