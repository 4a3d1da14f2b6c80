//! The shapes of a search.

use serde::{Deserialize, Serialize};
use types::{AnyId, GroupId, Time};
use utoipa::ToSchema;

/// What to look for.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"query": "\"text editor\" -emacs vi*", "kinds": ["thing"], "limit": 10}))]
pub struct Search {
    /// Words that must all occur, `"a phrase"`, `prefix*`, `-without`; 1 to 1000 characters.
    pub query: String,
    /// Only in this group; in every group the caller belongs to, if absent.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// Also in all groups below `groupId`; for its owners.
    #[serde(default)]
    pub include_children: bool,
    /// What to look through; both, if absent.
    #[serde(default)]
    pub kinds: Option<Vec<Searchable>>,
    /// Only of this type of thing or knowledge.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    /// Only what carries this label.
    #[serde(default)]
    #[schema(example = "topic:rust")]
    pub label: Option<String>,
    /// Only what was made then or later.
    #[serde(default)]
    pub from: Option<Time>,
    /// Only what was made before.
    #[serde(default)]
    pub to: Option<Time>,
    /// Also count everything that is found by type, label and month.
    #[serde(default)]
    pub facets: bool,
    /// Answers at most.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 50, default = 20)]
    pub limit: Option<u8>,
}

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Searchable {
    /// Things, by name, type and the texts in their properties.
    Thing,
    /// Labels, documents and chunks.
    Knowledge,
}

/// One answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// A thing or a piece of knowledge.
    pub kind: Searchable,
    /// Its id.
    pub id: AnyId,
    /// Its group.
    pub group_id: GroupId,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "course")]
    pub type_name: String,
    /// A thing's name.
    pub name: Option<String>,
    /// The text of a piece of knowledge, at most its first 8192 characters.
    pub text: Option<String>,
    /// Higher is better; only comparable within one answer.
    pub score: f64,
    /// Part of the text around what was found, as HTML: escaped, with the words in
    /// `<mark>…</mark>` and no other tag.
    #[schema(example = "an enhanced <mark>text</mark> <mark>editor</mark>")]
    pub snippet: String,
}

/// All answers, best first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FoundList {
    /// The answers.
    pub data: Vec<Found>,
    /// Counts over everything that is found, when they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<Facets>,
}

/// How many of everything that is found share something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Facets {
    /// How many were counted.
    pub counted: i64,
    /// False when more are found than are counted: of each kind 4 000.
    pub complete: bool,
    /// By type, most first; at most 50.
    #[serde(rename = "type")]
    pub kind: Vec<FacetCount>,
    /// By label, most first; at most 50.
    pub label: Vec<FacetCount>,
    /// By the month (UTC) it was made in, the latest first; at most 50.
    pub month: Vec<FacetCount>,
}

/// One value and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FacetCount {
    /// The value.
    #[schema(example = "course")]
    pub value: String,
    /// How many have it.
    #[schema(example = 12)]
    pub count: i64,
}
