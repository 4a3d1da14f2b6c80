//! What a filter may name: said once by each list, as a `static`.

use types::Kind;

/// What a field holds, and so what it may be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text: compared by bytes.
    Text,
    /// A whole or a floating-point number.
    Number,
    /// True or false.
    Bool,
    /// A moment; the column holds microseconds.
    Time,
    /// The id of something of this kind.
    Id(Kind),
    /// The id of something, of whichever kind.
    AnyId,
    /// A JSON list of texts, as a whole: `"a" in labels`.
    List,
}

/// A column that can be filtered.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the API, `createdAt`.
    pub name: &'static str,
    /// Its SQL, with the alias of the query: `o.created_at`.
    pub column: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether it may be null.
    pub nullable: bool,
}

/// Everything a filter of one list may name.
#[derive(Debug)]
pub struct Schema {
    /// Columns.
    pub fields: &'static [Field],
    /// JSON objects, as name in the API and SQL: `("properties", "o.properties")`.
    pub json: &'static [(&'static str, &'static str)],
}

impl Schema {
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(crate) fn json(&self, name: &str) -> Option<(&'static str, &'static str)> {
        self.json.iter().copied().find(|(known, _)| *known == name)
    }

    /// Every name there is, for the one who mistyped one.
    pub(crate) fn names(&self) -> String {
        let fields = self.fields.iter().map(|field| field.name.to_owned());
        let json = self.json.iter().map(|(name, _)| format!("{name}.…"));
        fields.chain(json).collect::<Vec<_>>().join(", ")
    }
}
