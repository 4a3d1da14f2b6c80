//! Walking from a thing along its connections, breadth first: one statement for the connections of
//! a level and one for the things they lead to. Both are bounded to what the caller sees, so
//! nothing is reached through what they do not.

use std::collections::HashSet;

use database::Tx;
use kernel::access::{Everywhere, Right};
use kernel::{App, Caller};
use serde::{Deserialize, Serialize};
use types::{AnyId, Checks, Kind, Result, ThingId};
use utoipa::{IntoParams, ToSchema};

use super::expand::ThingRef;
use super::{related, rules};
use crate::connections;
use crate::connections::model::Connection;

const MOST_LEVELS: u8 = 5;
const MOST_NODES: usize = 1000;
/// Connections told at most.
const MOST_EDGES: usize = 5000;
/// Types named at most.
const MOST_TYPES: usize = 16;

/// How far to walk.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GraphQuery {
    /// Connections between the start and the farthest node, 1 to 5; 1, if absent.
    #[param(minimum = 1, maximum = 5)]
    pub depth: Option<u8>,
    /// Only along connections of these types.
    #[param(example = "part_of,references")]
    pub types: Option<String>,
    /// `out` follows connections from start to end, `in` from end to start; `both`, if absent.
    #[param(inline)]
    pub direction: Way,
    /// Nodes to tell of, the start among them, 1 to 1000; 200, if absent.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// Which way to walk along connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// From their start to their end.
    Out,
    /// From their end to their start.
    In,
    /// Either way.
    #[default]
    Both,
}

/// What was reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct Graph {
    /// The start, then what is nearest.
    pub nodes: Vec<Node>,
    /// The connections between them that were walked along.
    pub edges: Vec<Connection>,
    /// Whether there is more within `depth` than is told.
    pub truncated: bool,
}

/// A thing, a person or a group that was reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct Node {
    /// Its id.
    pub id: AnyId,
    /// Connections between the start and it.
    pub depth: u8,
    /// The thing; absent for people and groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thing: Option<ThingRef>,
}

struct Walk {
    depth: u8,
    limit: usize,
    types: Vec<String>,
    way: Way,
}

impl Walk {
    fn read(query: &GraphQuery) -> Result<Self> {
        let (depth, limit) = (query.depth.unwrap_or(1), query.limit.unwrap_or(200));
        let types: Vec<String> =
            query.types.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect();
        Checks::new()
            .that(
                (1..=MOST_LEVELS).contains(&depth),
                "depth",
                "out_of_range",
                "must be a whole number from 1 to 5.",
            )
            .that(
                (1..=MOST_NODES).contains(&usize::from(limit)),
                "limit",
                "out_of_range",
                "must be a whole number from 1 to 1000.",
            )
            .that(
                types.len() <= MOST_TYPES,
                "types",
                "too_many_types",
                "may name at most 16 types of connections.",
            )
            .done()?;
        Ok(Self { depth, limit: limit.into(), types, way: query.direction })
    }
}

/// Walks from a thing.
///
/// # Errors
/// 401; 404 when the thing is not there for the caller; 422 for a bound that is out of range.
pub async fn of(app: &App, caller: &Caller, start: ThingId, query: GraphQuery) -> Result<Graph> {
    kernel::access::require_known(caller)?;
    let (caller, walk) = (caller.clone(), Walk::read(&query)?);
    app.store(&caller).read_long(async move |tx| walk.from(tx, &caller, start).await).await
}

impl Walk {
    async fn from(&self, tx: &mut Tx, caller: &Caller, start: ThingId) -> Result<Graph> {
        let (thing, _) = rules::visible(tx, caller, start).await?;
        let seen = Everywhere::of(caller, Right::ThingsRead);
        let start = AnyId::from(start);
        let first =
            ThingRef { id: thing.id, kind: thing.kind, name: thing.name, status: thing.status };
        let mut graph = Graph {
            nodes: vec![Node { id: start, depth: 0, thing: Some(first) }],
            edges: Vec::new(),
            truncated: false,
        };
        let mut known = HashSet::from([start]);
        let mut walked = HashSet::new();
        let mut level = vec![start];
        for depth in 1..=self.depth {
            let room = MOST_EDGES - graph.edges.len();
            let mut edges =
                connections::rules::around(tx, caller, &level, self.way, &self.types, room + 1)
                    .await?;
            graph.truncated |= edges.len() > room;
            edges.truncate(room);
            edges.retain(|edge| walked.insert(edge.id.0));
            let reached = self.reached(tx, caller, &seen, &edges, &known).await?;
            let space = self.limit - graph.nodes.len();
            graph.truncated |= reached.len() > space;
            level.clear();
            for (id, thing) in reached.into_iter().take(space) {
                known.insert(id);
                level.push(id);
                graph.nodes.push(Node { id, depth, thing });
            }
            edges.retain(|edge| known.contains(&edge.from_id) && known.contains(&edge.to_id));
            graph.edges.extend(edges);
            if level.is_empty() || graph.edges.len() == MOST_EDGES {
                break;
            }
        }
        Ok(graph)
    }

    /// The nodes at the far ends of connections that are new and seen, in the order in which they
    /// are reached.
    async fn reached(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        seen: &Everywhere,
        edges: &[Connection],
        known: &HashSet<AnyId>,
    ) -> Result<Vec<(AnyId, Option<ThingRef>)>> {
        let mut met = HashSet::new();
        let ends = edges.iter().flat_map(|edge| [edge.from_id, edge.to_id]);
        let new: Vec<AnyId> = ends.filter(|id| !known.contains(id) && met.insert(*id)).collect();
        let things: Vec<ThingId> =
            new.iter().filter(|id| id.kind == Kind::Thing).map(|id| ThingId(id.uuid)).collect();
        let mut found = std::collections::HashMap::new();
        for some in things.chunks(1024) {
            let some = related::things(tx, seen, caller.person(), some).await?;
            found.extend(some.into_iter().map(|one| (one.id.0, one)));
        }
        Ok(new
            .into_iter()
            .filter_map(|id| match id.kind {
                // The connection tells its ends: of people and groups nothing else is told.
                Kind::Person | Kind::Group => Some((id, None)),
                _ => found.remove(&id.uuid).map(|thing| (id, Some(thing))),
            })
            .collect())
    }
}
