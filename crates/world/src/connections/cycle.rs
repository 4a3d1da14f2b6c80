//! Types whose paths never come back to their start.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use kernel::Work;
use types::{AnyId, Error, ErrorKind, Result};
use uuid::Uuid;

use super::sql;
use crate::reference;

/// Steps a path may have.
const MAX_DEPTH: usize = 100;
/// Objects looked at before a walk is given up: it holds the store's writer meanwhile.
const MAX_SEEN: usize = 50_000;
/// Objects whose edges are asked for at once.
const BATCH: usize = 512;

/// Refuses an edge that would let a path of its type come back to where it starts.
///
/// Walks level by level from the new edge's end and looks at each object once, so the cost is that
/// of what can be reached and not of the number of paths.
///
/// # Errors
/// 409 `cycle` with the path, `too_deep` when there is more than can be walked.
pub(super) async fn refuse(work: &mut Work<'_>, kind: &str, from: AnyId, to: AnyId) -> Result<()> {
    // Each object reached, with the one before it.
    let mut reached: HashMap<Uuid, Option<AnyId>> = HashMap::from([(to.uuid, None)]);
    let mut level = vec![to];
    for _ in 0..MAX_DEPTH {
        let mut below = Vec::new();
        for part in level.chunks(BATCH) {
            let named: HashMap<Uuid, AnyId> = part.iter().map(|one| (one.uuid, *one)).collect();
            for (start, end) in sql::next(work.tx, kind, part).await? {
                let before = named.get(&start).copied();
                if end.uuid == from.uuid {
                    return Err(cycle(work, from, before, &reached).await);
                }
                if let Entry::Vacant(slot) = reached.entry(end.uuid) {
                    slot.insert(before);
                    below.push(end);
                }
            }
        }
        if below.is_empty() {
            return Ok(());
        }
        if reached.len() > MAX_SEEN {
            return Err(too_deep(&format!(
                "more than {MAX_SEEN} objects can be reached from its end"
            )));
        }
        level = below;
    }
    Err(too_deep(&format!("paths of this type have at most {MAX_DEPTH} steps")))
}

fn too_deep(why: &str) -> Error {
    Error::conflict("too_deep", format!("This connection cannot be checked for a cycle: {why}."))
}

/// Tells the path in the order in which it is walked: from the start of the new edge back to it.
/// Of what the caller may not see there is only a dot.
async fn cycle(
    work: &mut Work<'_>,
    from: AnyId,
    last: Option<AnyId>,
    reached: &HashMap<Uuid, Option<AnyId>>,
) -> Error {
    let mut path = vec![from];
    let mut at = last;
    while let Some(one) = at {
        path.push(one);
        at = reached.get(&one.uuid).copied().flatten();
    }
    path.push(from);
    let mut told = Vec::with_capacity(path.len());
    for one in path.into_iter().rev() {
        told.push(match reference::resolve(work.tx, work.caller, one, false).await {
            Ok(_) => one.to_string(),
            Err(error) if error.kind() == ErrorKind::NotFound => "·".to_owned(),
            Err(error) => return error,
        });
    }
    Error::conflict(
        "cycle",
        format!(
            "A path of this type may not come back to its start, and this connection would close \
             one: {}.",
            told.join(" → ")
        ),
    )
}
