//! The checked form: what is left of a filter when its words have been understood.
//!
//! Two-valued: a test that cannot be made — the value is absent, null or of another type — is
//! false, and its negation is true. `a != b` therefore is nothing but `!(a == b)`.

use database::seams::compare::JsonPath;
use types::Time;
use uuid::Uuid;

use crate::Field;

/// A condition.
#[derive(Debug, PartialEq)]
pub(crate) enum Condition {
    /// All of them.
    All(Vec<Self>),
    /// At least one of them.
    Any(Vec<Self>),
    /// Not this one.
    Not(Box<Self>),
    /// One comparison.
    Test(Test),
}

impl Condition {
    /// Every comparison in it.
    pub(crate) fn tests(&self) -> Vec<&Test> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::tests).collect(),
            Self::Not(part) => part.tests(),
            Self::Test(test) => vec![test],
        }
    }
}

/// One comparison: something named, an operator, and what it is compared with.
#[derive(Debug, PartialEq)]
pub struct Test {
    /// What is looked at.
    pub subject: Subject,
    /// How.
    pub op: Op,
    /// What with: any number for [`Op::In`], one else.
    pub values: Vec<Literal>,
}

/// What a comparison looks at.
#[derive(Debug, PartialEq)]
pub enum Subject {
    /// A column.
    Field(&'static Field),
    /// A value within a JSON object.
    Json {
        /// The object's name in the API, `properties`.
        root: &'static str,
        /// The way to the value.
        path: JsonPath,
        /// Characters of the filter before it.
        at: usize,
    },
}

impl Subject {
    /// The name of the list it is, if it is a list as a whole.
    pub(crate) fn list(&self) -> Option<&'static str> {
        match self {
            Self::Json { root, path, .. } if path.keys().is_empty() => Some(root),
            _ => None,
        }
    }
}

/// How a comparison compares. `!=` is the negation of [`Op::Equal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `==`; a bare `archived` is `archived == true`.
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `name in ["a", "b"]`
    In,
    /// `"a" in properties.tags`: the value is a list and holds this.
    Has,
    /// `startsWith`
    StartsWith,
    /// `endsWith`
    EndsWith,
    /// `contains`: part of a text, or an element of a list.
    Contains,
}

/// What something is compared with. Of a field it has the field's kind; of a JSON value it is
/// `Null`, `Bool`, `Int`, `Real` or `Text`.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`, also what is absent.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of 64 bits; `5.0` is one too.
    Int(i64),
    /// Any other number.
    Real(f64),
    /// A text.
    Text(String),
    /// A moment.
    Time(Time),
    /// `now`
    Now,
    /// An id of the field's kind.
    Id(Uuid),
    /// `me`
    Me,
}
