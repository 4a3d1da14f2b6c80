//! A group's export as a copy below another group, on behalf of an owner of that group.
//!
//! Every id is made anew, from the import and the id there was (`ids`): nothing needs to be
//! remembered from line to line or from request to request, and nothing that is here already can be
//! meant. Only who somebody is here, and which label was there before, cannot be computed; those
//! are rows (`people`, `labels`). Groups are made and people are admitted as the importer may; what
//! belongs to a group goes through the rules of the import, and leaves events of its own.

mod groups;
mod ids;
mod labels;
mod people;
mod rename;
mod sql;

use std::collections::HashMap;

use kernel::access::{self, Standing};
use kernel::{App, Caller, Work};
use types::{Error, ErrorKind, GroupId, ImportId, KnowledgeId, PersonId, Result};

use super::import::parse;
use super::line::Line;
use super::names::group_of;
use super::sql as lines;
use super::store::{Outcome, Store};
use crate::roles::rules as roles;
use crate::things;
use ids::Ids;

/// A line that was read.
pub(crate) struct Read(Line);

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copied {
    /// It is here now.
    Made,
    /// It was here before.
    There,
    /// It brings nothing: it is about somebody nobody here knows, or the end.
    Nothing,
}

impl From<Outcome> for Copied {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Stored => Self::Made,
            Outcome::There => Self::There,
            Outcome::Nothing => Self::Nothing,
        }
    }
}

/// Takes lines, and remembers within a transaction what it looked up.
pub(crate) struct Copy {
    import: ImportId,
    target: GroupId,
    ids: Ids,
    store: Store,
    /// The importer as they are by now: they own what was copied before.
    caller: Option<Caller>,
    people: HashMap<PersonId, Option<PersonId>>,
    members: HashMap<(GroupId, PersonId), bool>,
    labels: HashMap<KnowledgeId, KnowledgeId>,
    places: HashMap<GroupId, Standing>,
    /// The first group that was made right below the target.
    top: Option<GroupId>,
}

impl Copy {
    /// For the lines of an import into `target`.
    pub(crate) fn of(app: &App, import: ImportId, target: GroupId) -> Self {
        Self {
            import,
            target,
            ids: Ids::of(app, import),
            store: Store::default(),
            caller: None,
            people: HashMap::new(),
            members: HashMap::new(),
            labels: HashMap::new(),
            places: HashMap::new(),
            top: None,
        }
    }

    /// Reads a line.
    ///
    /// # Errors
    /// 400 for what is no line of an export.
    pub(crate) fn read(text: &[u8]) -> Result<Read> {
        parse(text).map(Read)
    }

    /// Forgets what was looked up, since it may have been undone; names were learned from lines
    /// that were taken.
    pub(crate) fn forget(&mut self) {
        self.store = Store::new(std::mem::take(&mut self.store.names));
        self.caller = None;
        self.people.clear();
        self.members.clear();
        self.labels.clear();
        self.places.clear();
    }

    /// The group the bundle became, if it was made since this copy began.
    pub(crate) const fn top(&self) -> Option<GroupId> {
        self.top
    }

    /// Takes a line.
    ///
    /// # Errors
    /// 402 when a plan does not include it; 403 for whoever lost the right; 409 and 422 for a line
    /// that does not fit, among them everything that is neither in the bundle before it nor known.
    pub(crate) async fn line(&mut self, work: &mut Work<'_>, line: Read) -> Result<Copied> {
        match line.0 {
            Line::End(_) => Ok(Copied::Nothing),
            Line::Group(line) => self.group(work, *line).await,
            Line::Person(line) => self.person(work, &line).await,
            line => {
                let caller = match self.caller.take() {
                    Some(caller) => caller,
                    None => work.caller.renewed(work.tx).await?,
                };
                let done = work.acting(&caller, async |work| self.content(work, line).await).await;
                self.caller = Some(caller);
                done
            }
        }
    }

    async fn content(&mut self, work: &mut Work<'_>, line: Line) -> Result<Copied> {
        let mut line = match line {
            Line::Membership(line) => return self.membership(work, &line).await,
            line => self.renamed(work, line).await?,
        };
        let place = match group_of(&mut line) {
            Some(group) => Some(self.place(work, *group).await?),
            None => None,
        };
        if let (Line::GroupRole(line), Some(place)) = (&line, &place) {
            roles::may_define(work.tx, place, &line.permissions).await.map_err(reported)?;
        }
        match &line {
            Line::Thing(line) => {
                if let Some(parent) = line.parent_id {
                    things::rules::not_too_deep(work.tx, parent).await?;
                }
            }
            // It names no group: that of its thing may have been moved elsewhere since.
            Line::ThingKnowledge(line) => {
                if let Some(there) = lines::place(work.tx, line.thing_id).await? {
                    self.place(work, there.group).await?;
                }
            }
            _ => {}
        }
        let copied = self.store.line(work, &line).await?;
        if let Line::Knowledge(line) = &line {
            self.note_label(work, line.id).await?;
        }
        Ok(copied.into())
    }

    /// The importer's place in a copied group.
    ///
    /// # Errors
    /// 422 for a group that is not in the bundle before; 403 where they are no owner any more.
    async fn place(&mut self, work: &mut Work<'_>, group: GroupId) -> Result<Standing> {
        if let Some(place) = self.places.get(&group) {
            return Ok(*place);
        }
        let place = self.look(work, group, "groupId").await?;
        self.places.insert(group, place);
        Ok(place)
    }

    async fn look(&mut self, work: &mut Work<'_>, group: GroupId, field: &str) -> Result<Standing> {
        let status = sql::status_below(work.tx, group, self.target).await?;
        let status = status.ok_or_else(|| super::store::missing(field, "group"))?;
        let place = access::standing(work.tx, work.caller, group).await?;
        if !place.owns {
            return Err(Error::forbidden(
                "Only an owner of the copied groups goes on with a copy.",
            ));
        }
        if status == "archived" {
            self.store.names.archives(group);
        }
        Ok(place)
    }
}

/// What the importer may not give is told of its line, as what is wrong with it.
fn reported(error: Error) -> Error {
    if error.kind() != ErrorKind::Forbidden {
        return error;
    }
    let (code, message) = (error.code().to_owned(), error.message().to_owned());
    Error::conflict(code, message)
}
