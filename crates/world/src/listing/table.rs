//! What a list may be asked: its columns and members, as data.

use filter::Schema;

use super::order::Sorted;

/// Everything that may be said of one list.
#[derive(Debug)]
pub(crate) struct Table {
    /// What it may be sorted by. The first one is the order of creation, which tells rows apart.
    pub(crate) columns: &'static [Column],
    /// What `filter` may name. Nothing stands here that an answer does not tell: whoever cannot
    /// read a column must not find out about it by asking.
    pub(crate) schema: &'static Schema,
    /// The members of a row that `fields` may name, in the order in which they are told.
    pub(crate) members: &'static [&'static str],
    /// The one of them that `fields` may name the keys of, as `metadata.x`.
    pub(crate) open: &'static str,
    /// Whether it may also be sorted by a key of that which is indexed.
    pub(crate) indexed: bool,
    /// Whether cursors carry a mark of the list beside the place ([`super::Found::marked`]).
    pub(crate) marked: bool,
}

/// A column that rows are sorted by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its name in the API, `updatedAt`.
    pub(crate) name: &'static str,
    /// Its SQL, with the alias of the query: `o.updated_at`.
    pub(crate) sql: &'static str,
    /// What it is called in the answer, where several statements make one.
    pub(crate) merged: &'static str,
    /// What it holds.
    pub(crate) holds: Holds,
    /// Whether it may be null: then such rows come last, whichever way.
    pub(crate) nullable: bool,
}

/// What a sorted column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// An id.
    Id,
    /// A whole number, or a time.
    Int,
    /// A number.
    Real,
    /// A text.
    Text,
}

/// Writes columns as a table: name, SQL, name in the answer, what it holds, and `?` if it may be
/// null.
macro_rules! columns {
    (@nullable) => { false };
    (@nullable ?) => { true };
    ($($name:literal $sql:literal $merged:literal $holds:ident $(=> $null:tt)?;)*) => {
        &[$($crate::listing::Column {
            name: $name,
            sql: $sql,
            merged: $merged,
            holds: $crate::listing::Holds::$holds,
            nullable: $crate::listing::columns!(@nullable $($null)?),
        }),*]
    };
}

/// Writes what a filter may name as a table: name, SQL, kind, and `?` if it may be null.
macro_rules! fields {
    (@nullable) => { false };
    (@nullable ?) => { true };
    ($($name:literal $column:literal $kind:expr $(=> $null:tt)?;)*) => {
        &[$(filter::Field {
            name: $name,
            column: $column,
            kind: $kind,
            nullable: $crate::listing::fields!(@nullable $($null)?),
        }),*]
    };
}

/// Reads the parameters that every list has from those of one.
macro_rules! asked {
    ($query:ty) => {
        impl $query {
            /// What is asked of the list, beside its own parameters.
            pub(crate) fn words(&self) -> $crate::listing::Words<'_> {
                $crate::listing::Words {
                    filter: self.filter.as_deref(),
                    sort: self.sort.as_deref(),
                    fields: self.fields.as_deref(),
                    count: self.count,
                }
            }
        }
    };
}

pub(crate) use {asked, columns, fields};

/// A row that is listed.
pub(crate) trait Listable {
    /// What it holds of one of its table's columns.
    fn sorted(&self, column: &Column) -> Sorted;

    /// Bytes of what may be large in it: of a row that is exported.
    fn bytes(&self) -> usize {
        0
    }
}
