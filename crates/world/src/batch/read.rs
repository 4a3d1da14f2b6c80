//! From method, path and body to what is meant.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use types::{Error, GroupId, Result};
use web::IfMatch;

use super::model::{Method, Step};
use super::operation::Operation;

/// The dimensions whose objects can be made, and those that can also be changed or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    Things,
    Connections,
    Knowledge,
    Events,
    Groups,
    People,
}

/// A path that a batch knows.
#[derive(Debug)]
pub(super) struct Target<'a> {
    dimension: Dimension,
    method: Method,
    id: Option<&'a str>,
    query: &'a str,
}

impl<'a> Target<'a> {
    /// Reads a path; what stands for the id is not looked at.
    ///
    /// # Errors
    /// 422 at `/path` for one that no operation has.
    pub(super) fn of(method: Method, path: &'a str) -> Result<Self> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let rest = path.strip_prefix("/v1/").ok_or_else(unknown)?;
        let (name, id) = match rest.split_once('/') {
            Some((name, id)) => (name, Some(id)),
            None => (rest, None),
        };
        let dimension = match name {
            "things" => Dimension::Things,
            "connections" => Dimension::Connections,
            "knowledge" => Dimension::Knowledge,
            "events" => Dimension::Events,
            "groups" => Dimension::Groups,
            "people" => Dimension::People,
            _ => return Err(unknown()),
        };
        let known = match (method, id) {
            (Method::Post, None) => true,
            (Method::Patch, Some(_)) => {
                matches!(dimension, Dimension::Things | Dimension::Groups | Dimension::People)
            }
            (Method::Delete, Some(_)) => dimension != Dimension::Events,
            _ => false,
        };
        let plain = id.is_none_or(|id| !id.is_empty() && !id.contains('/'));
        if known && plain { Ok(Self { dimension, method, id, query }) } else { Err(unknown()) }
    }

    /// What is meant, with everything filled in.
    ///
    /// # Errors
    /// 422 with pointers into the operation.
    pub(super) fn operation(&self, step: &Step, body: Option<&str>) -> Result<Operation> {
        let seen = IfMatch(step.if_match);
        Ok(match (self.method, self.dimension) {
            (Method::Post, dimension) => create(dimension, self.nothing_asked(body)?)?,
            (Method::Patch, Dimension::Groups) => {
                Operation::UpdateGroup(self.id()?, seen, read(self.nothing_asked(body)?)?)
            }
            (Method::Patch, Dimension::People) => {
                Operation::UpdatePerson(self.id()?, seen, read(self.nothing_asked(body)?)?)
            }
            (Method::Patch, _) => {
                Operation::UpdateThing(self.id()?, seen, read(self.nothing_asked(body)?)?)
            }
            (Method::Delete, _) if body.is_some() => {
                return Err(Error::invalid("/body", "not_allowed", "DELETE has no body."));
            }
            (Method::Delete, Dimension::Things) => Operation::DeleteThing {
                id: self.id()?,
                seen,
                permanent: self.asked("permanent")?.unwrap_or(false),
            },
            (Method::Delete, Dimension::Groups) => Operation::ArchiveGroup {
                id: self.id()?,
                seen,
                cascade: self.asked("cascade")?.unwrap_or(false),
            },
            (Method::Delete, Dimension::Connections) => {
                self.nothing()?;
                Operation::DeleteConnection(self.id()?)
            }
            (Method::Delete, Dimension::Knowledge) => {
                self.nothing()?;
                Operation::DeleteKnowledge(self.id()?)
            }
            (Method::Delete, Dimension::People) => {
                let group: GroupId = self.asked("groupId")?.ok_or_else(|| {
                    Error::invalid("/path", "missing_field", "must say `?groupId=`.")
                })?;
                Operation::RemovePerson(self.id()?, group)
            }
            (Method::Delete, Dimension::Events) => return Err(unknown()),
        })
    }

    fn id<T: FromStr>(&self) -> Result<T>
    where
        T::Err: std::fmt::Display,
    {
        self.id.unwrap_or_default().parse().map_err(|error| {
            Error::invalid("/path", "invalid_id", format!("holds no id of its kind: {error}."))
        })
    }

    /// The one parameter that a path may carry.
    fn asked<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        if self.query.is_empty() {
            return Ok(None);
        }
        let value = self.query.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        value.and_then(|value| value.parse().ok()).map(Some).ok_or_else(|| {
            Error::invalid("/path", "invalid", format!("may only be followed by `?{name}=`."))
        })
    }

    fn nothing(&self) -> Result<()> {
        if self.query.is_empty() {
            return Ok(());
        }
        Err(Error::invalid("/path", "invalid", "takes no parameters here."))
    }

    fn nothing_asked<'b>(&self, body: Option<&'b str>) -> Result<&'b str> {
        self.nothing()?;
        body.ok_or_else(|| Error::invalid("/body", "missing_field", "is needed."))
    }
}

fn create(dimension: Dimension, body: &str) -> Result<Operation> {
    Ok(match dimension {
        Dimension::Things => Operation::CreateThing(read(body)?),
        Dimension::Connections => Operation::CreateConnection(read(body)?),
        Dimension::Knowledge => Operation::CreateKnowledge(read(body)?),
        Dimension::Events => Operation::CreateEvent(read(body)?),
        Dimension::Groups => Operation::CreateGroup(read(body)?),
        Dimension::People => Operation::AddPerson(read(body)?),
    })
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T> {
    web::parse(body.as_bytes()).map_err(|error| error.below("/body"))
}

fn unknown() -> Error {
    Error::invalid(
        "/path",
        "unknown_operation",
        "is no path that a batch knows with this method; docs/bulk.md lists them.",
    )
}
