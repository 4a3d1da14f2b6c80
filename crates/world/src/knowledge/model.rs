//! The shapes of knowledge.

use serde::{Deserialize, Serialize};
use types::{GroupId, Json, JsonMap, KnowledgeId, PersonId, ThingId, Time};
use utoipa::{IntoParams, ToSchema};

use crate::listing::{Count, asked};

words! {
    /// A kind of knowledge.
    KnowledgeType {
        /// `prefix:name`, once in each group.
        Label = "label",
        /// A text.
        Document = "document",
        /// A part of a text.
        Chunk = "chunk",
        /// Known by its vector alone.
        VectorOnly = "vector_only",
    }
}

words! {
    /// How a thing and a piece of knowledge belong together.
    KnowledgeRole {
        /// It is labelled so.
        Label = "label",
        /// It is about the thing as a whole.
        Summary = "summary",
        /// It is a part of the thing's text.
        ChunkOf = "chunk_of",
        /// It describes what the thing shows.
        Caption = "caption",
        /// A word it is known by.
        Keyword = "keyword",
    }
}

impl KnowledgeType {
    /// The role a piece of knowledge has for its thing unless it says otherwise.
    #[must_use]
    pub const fn role(self) -> KnowledgeRole {
        match self {
            Self::Label => KnowledgeRole::Label,
            Self::Document => KnowledgeRole::Summary,
            Self::Chunk | Self::VectorOnly => KnowledgeRole::ChunkOf,
        }
    }
}

/// A piece of knowledge.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Knowledge {
    /// Its id.
    pub id: KnowledgeId,
    /// The group it is kept in.
    pub group_id: GroupId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: KnowledgeType,
    /// What it says; in lists only the first 8192 characters.
    #[schema(example = "Vim is an enhanced text editor.")]
    pub text: Option<String>,
    /// The thing it was made from; null for a label, which may belong to many.
    pub source_thing_id: Option<ThingId>,
    /// Where in its source it stands.
    #[schema(value_type = Option<Chunk>)]
    pub chunk: Option<Json>,
    /// Labels it carries.
    #[schema(value_type = Vec<String>, example = json!(["topic:editors"]))]
    pub labels: Json,
    /// Whatever else is worth keeping.
    #[schema(example = json!({}))]
    pub metadata: Json,
    /// SHA-256 of the text, in hexadecimal.
    pub content_hash: Option<String>,
    /// A label that is not to be given any more.
    pub deprecated: bool,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Of the thing it was made from, else `group`.
    #[serde(skip)]
    pub(crate) visibility: String,
    /// Of the thing it was made from, else its maker.
    #[serde(skip)]
    pub(crate) owner: Option<PersonId>,
}

/// Where a chunk stands in its source; positions count characters (Unicode scalar values).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chunk {
    /// Counted from 0.
    pub index: u32,
    /// Its first character.
    pub start: u32,
    /// The character behind its last.
    pub end: u32,
    /// SHA-256 of the whole source, in hexadecimal.
    pub source: String,
}

/// Knowledge to be kept.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"type": "document", "text": "Vim is an enhanced text editor.",
    "labels": ["topic:editors"]}))]
pub struct NewKnowledge {
    /// The id it already has elsewhere; never read from a request.
    #[serde(skip)]
    pub id: Option<KnowledgeId>,
    /// Where to keep it; if absent, the source's group, else the caller's personal group.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: KnowledgeType,
    /// What it says, at most 1 MiB; of a label `prefix:name` with a prefix of `a-z` and `_`.
    #[serde(default)]
    pub text: Option<String>,
    /// The thing it belongs to; one the caller may change.
    #[serde(default)]
    pub source_thing_id: Option<ThingId>,
    /// Labels it carries: `prefix:name`, at most 50.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Whatever else is worth keeping, at most 64 KiB.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: JsonMap,
    /// How it belongs to the thing; if absent, as its type suggests.
    #[serde(default)]
    pub role: Option<KnowledgeRole>,
}

/// What to cut into chunks: a thing's text, or a text.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"text": "# Vim\n\nAn enhanced text editor.", "labels": ["topic:editors"]}))]
pub struct Embed {
    /// Where to keep the chunks; if absent, the thing's group, else the caller's personal group.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// Take the name and the texts of this thing's properties; one the caller may change.
    #[serde(default)]
    pub thing_id: Option<ThingId>,
    /// Take this text, at most 1 MiB; Markdown is understood.
    #[serde(default)]
    pub text: Option<String>,
    /// Labels the chunks carry: `prefix:name`, at most 50.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// The chunks of a source.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Embedded {
    /// In the order of the text.
    pub data: Vec<Knowledge>,
    /// The source is what it was: these are the chunks that were there.
    pub unchanged: bool,
    /// Whether the chunks have vectors.
    pub embedded: bool,
}

/// Which knowledge a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct KnowledgeFilter {
    /// Only of this group; every group the caller belongs to, if absent.
    pub group_id: Option<GroupId>,
    /// Also of all groups below `groupId`; for its owners.
    pub include_children: bool,
    /// Only of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<KnowledgeType>,
    /// Only what carries this label, and the label itself.
    pub label: Option<String>,
    /// Only what belongs to this thing.
    pub source_thing_id: Option<ThingId>,
    /// Only labels that are deprecated, or only what is not.
    pub deprecated: Option<bool>,
    /// Only what this says, e.g. `type == "label" && text.startsWith("topic:")`; see `docs/filter.md`.
    pub filter: Option<String>,
    /// Up to three of `createdAt`, `updatedAt`, `type` and `text` (its first 200 characters), each with `-` in front for descending; `-createdAt`, if absent.
    pub sort: Option<String>,
    /// Only these members of each piece, e.g. `id,type,text`; all, if absent.
    pub fields: Option<String>,
    /// `exact` also counts what all pages together hold.
    #[param(inline)]
    pub count: Option<Count>,
}

asked!(KnowledgeFilter);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_ontology() {
        let ontology = kernel::ontology::built_in();
        let kinds: Vec<&str> = KnowledgeType::ALL.iter().map(|kind| kind.name()).collect();
        let roles: Vec<&str> = KnowledgeRole::ALL.iter().map(|role| role.name()).collect();
        assert_eq!(ontology.knowledge_types, kinds);
        assert_eq!(ontology.thing_knowledge_roles, roles);
    }
}
