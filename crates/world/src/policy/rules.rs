//! Who may ask what about whom.

use database::Tx;
use kernel::access::{self, Right, Row};
use kernel::{App, Caller, Identity};
use types::{AnyId, Error, GroupId, Kind, PersonId, Result};

use super::model::{Because, Question, Verdict};
use super::sql;
use crate::people;

/// What the policy says, and why. An object the caller does not see does not exist, whoever the
/// question is about.
///
/// # Errors
/// 401; 403 about others, unless the caller owns the group; 404 for what the caller does not see;
/// 422 for a question that makes no sense.
pub async fn explain(app: &App, caller: &Caller, question: Question) -> Result<Verdict> {
    access::require_known(caller)?;
    let action = access::action(&question.action, "/action")?;
    let about = About::of(&question)?;
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            let (group, row) = about.look(tx).await?;
            let own = access::explain(tx, &caller, action, group, row.as_ref()).await?;
            if !own.sees {
                return Err(Error::not_found());
            }
            let other = question.person_id.filter(|person| Some(*person) != caller.person());
            let told = match other {
                None => own,
                Some(person) => {
                    let other = in_place_of(tx, &caller, group, person).await?;
                    access::explain(tx, &other, action, group, row.as_ref()).await?
                }
            };
            let reasons = told.reasons.iter().map(|reason| Because {
                rule: reason.rule.name(),
                because: reason.rule.because(),
                group_id: reason.group,
                role: reason.role.map(access::Role::name),
                right: reason.right.map(Right::name),
            });
            Ok(Verdict { allowed: told.allowed, sees: told.sees, reasons: reasons.collect() })
        })
        .await
}

/// What a question is about.
enum About {
    Object(AnyId),
    Group(GroupId),
}

impl About {
    fn of(question: &Question) -> Result<Self> {
        let wrong = |pointer: &'static str, code: &'static str, message: &'static str| {
            Err(Error::invalid(pointer, code, message))
        };
        let id = match (&question.object_id, question.group_id) {
            (Some(text), None) => AnyId::parse(text, Kind::Thing)
                .map_err(|error| Error::invalid("/objectId", "invalid_id", format!("{error}.")))?,
            (None, Some(group)) => return Ok(Self::Group(group)),
            (Some(_), Some(_)) => {
                return wrong("/groupId", "not_allowed", "is the object's: leave it out.");
            }
            (None, None) => {
                return wrong("/objectId", "missing_field", "is needed, or `groupId` instead.");
            }
        };
        match id.kind {
            Kind::Group => Ok(Self::Group(GroupId(id.uuid))),
            Kind::Thing | Kind::Connection | Kind::Knowledge | Kind::Event => Ok(Self::Object(id)),
            _ => wrong(
                "/objectId",
                "wrong_kind",
                "must be the id of a thing, a connection, knowledge, an event or a group.",
            ),
        }
    }

    async fn look(&self, tx: &mut Tx) -> Result<(GroupId, Option<Row>)> {
        match self {
            Self::Group(group) => Ok((*group, None)),
            Self::Object(id) => {
                let (group, row) = sql::find(tx, *id).await?.ok_or_else(Error::not_found)?;
                Ok((group, Some(row)))
            }
        }
    }
}

/// Somebody else, as they would call: for owners of the group, who give and take what they may.
async fn in_place_of(
    tx: &mut Tx,
    caller: &Caller,
    group: GroupId,
    person: PersonId,
) -> Result<Caller> {
    let place = access::standing(tx, caller, group).await?;
    if !place.owns || !place.rights.has(Right::PeopleRead) {
        return Err(Error::forbidden("Only an owner of the group asks about somebody else."));
    }
    people::rules::visible(tx, caller, person, None).await?;
    let identity = Identity::of_person(tx, person).await?;
    Ok(Caller::new(identity.into(), caller.request_id().into()))
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
