//! The shapes of an import.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{GroupId, ImportId, Json, PersonId, Time};
use utoipa::{IntoParams, ToSchema};

words! {
    /// How what is imported is written.
    ImportFormat {
        /// One JSON object a line.
        Ndjson = "ndjson",
        /// A table with a head.
        Csv = "csv",
        /// The export of a group, which becomes a copy.
        Bundle = "bundle",
    }
}

pub use ImportFormat as Format;

words! {
    /// What is imported.
    ImportDimension {
        /// Things.
        Things = "things",
        /// Connections.
        Connections = "connections",
        /// Members.
        People = "people",
        /// What happened elsewhere.
        Events = "events",
        /// Labels and documents.
        Knowledge = "knowledge",
    }
}

words! {
    /// How far an import is.
    State {
        /// Takes bytes.
        Open = "open",
        /// Everything was read; `failed` and `problem` tell of what was not taken.
        Done = "done",
        /// Given up; `problem` says why.
        Failed = "failed",
        /// Called off.
        Canceled = "canceled",
    }
}

/// What tells that a thing is there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Key {
    /// Its id.
    Id,
    /// A unique property of its type.
    Property(String),
}

const PROPERTY: &str = "properties.";

impl TryFrom<String> for Key {
    type Error = &'static str;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        if text == "id" {
            return Ok(Self::Id);
        }
        let name = text.strip_prefix(PROPERTY).filter(|name| (1..=MAX_KEY).contains(&name.len()));
        let name = name.ok_or("expected `id`, or `properties.` and the name of a property")?;
        Ok(Self::Property(name.to_owned()))
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        match key {
            Key::Id => "id".to_owned(),
            Key::Property(name) => format!("{PROPERTY}{name}"),
        }
    }
}

/// Bytes of a property's name.
const MAX_KEY: usize = 200;

/// An import to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "groupId": "group_01jd7jrykgfk1sh8nw1g60edsf", "format": "csv", "dimension": "things",
    "type": "course", "mapping": {"Title": "name", "Price": "properties.price"}
}))]
pub struct NewImport {
    /// Where the rows go; of a bundle the group it goes below.
    pub group_id: GroupId,
    /// `ndjson`, `csv`, or `bundle` for the export of a group.
    #[schema(inline)]
    pub format: Format,
    /// `things`, `connections`, `people`, `events` or `knowledge`; of a bundle none.
    #[serde(default)]
    #[schema(inline)]
    pub dimension: Option<ImportDimension>,
    /// The type of rows that do not name one; of people their role.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// `id`, or `properties.X` of a unique property: a thing that is there is changed instead of
    /// made.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "properties.sku")]
    pub key: Option<Key>,
    /// The field of each column that is called otherwise, as `name` or `properties.price`; null
    /// passes over a column.
    #[serde(default)]
    pub mapping: BTreeMap<String, Option<String>>,
    /// Check everything, keep nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Give up when more rows than this are wrong.
    #[serde(default)]
    pub max_errors: Option<u64>,
    /// Bytes in all, if known. With it, they may come in several requests.
    #[serde(default)]
    pub total_bytes: Option<u64>,
}

impl NewImport {
    /// What is kept of it until the end.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            format: self.format,
            dimension: self.dimension,
            kind: self.kind.clone(),
            key: self.key.clone(),
            mapping: self.mapping.clone(),
            dry_run: self.dry_run,
            max_errors: self.max_errors,
        }
    }
}

/// How rows are written, and what becomes of them.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// `ndjson`, `csv`, or `bundle` for the export of a group.
    #[schema(inline)]
    pub format: Format,
    /// `things`, `connections`, `people`, `events` or `knowledge`; of a bundle none.
    #[serde(default)]
    #[schema(inline)]
    pub dimension: Option<ImportDimension>,
    /// The type of rows that do not name one; of people their role.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// `id`, or `properties.X` of a unique property: a thing that is there is changed instead of
    /// made.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "properties.sku")]
    pub key: Option<Key>,
    /// The field of each column that is called otherwise, as `name` or `properties.price`; null
    /// passes over a column.
    #[serde(default)]
    pub mapping: BTreeMap<String, Option<String>>,
    /// Check everything, keep nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Give up when more rows than this are wrong.
    #[serde(default)]
    pub max_errors: Option<u64>,
}

impl Options {
    /// Whether all of it is tried in one transaction: the lines of a bundle need each other.
    #[must_use]
    pub fn is_rehearsed_whole(&self) -> bool {
        self.dry_run && self.format == Format::Bundle
    }
}

/// An import, and how far it has come.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// Where the rows go.
    pub group_id: GroupId,
    /// Of a bundle: the group it became, once there is one.
    pub copy_id: Option<GroupId>,
    /// Who imports.
    pub person_id: Option<PersonId>,
    /// How rows are written, and what becomes of them.
    pub options: Options,
    /// How far it is.
    pub state: State,
    /// Of the bytes, if it is known how many there are.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: Option<u64>,
    /// Bytes in all, if known.
    pub total_bytes: Option<u64>,
    /// Bytes whose rows were taken: the `Upload-Offset` to go on with.
    pub offset_bytes: u64,
    /// Lines whose rows were taken; of a CSV records, the head among them.
    pub lines: u64,
    /// Rows that became objects.
    pub created: u64,
    /// Rows that changed objects.
    pub updated: u64,
    /// Rows that were there already as they are.
    pub unchanged: u64,
    /// Rows that were refused; the first 1000 are told by `GET /v1/imports/{id}/errors`.
    pub failed: u64,
    /// Why it was given up, or which quota had no room for some of its rows.
    pub problem: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it last moved.
    pub updated_at: Time,
    /// Of a CSV.
    #[serde(skip)]
    pub(super) header: Option<Vec<String>>,
}

/// A row that was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportError {
    /// Its line, counted from 1; of a CSV its record, the head being 1.
    pub line: u64,
    /// What is wrong with it: pointer, code and message of each.
    #[schema(value_type = Vec<web::ProblemField>)]
    pub errors: Json,
}

/// Which imports a list holds.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportFilter {
    /// Into this group: all of them for its owners, else the caller's own.
    pub group_id: GroupId,
}
