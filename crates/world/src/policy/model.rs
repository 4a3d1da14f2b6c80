//! The shapes of a question about the policy, and of its answer.

use serde::{Deserialize, Serialize};
use types::{GroupId, PersonId};
use utoipa::ToSchema;

/// May somebody do this?
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "action": "things:update", "objectId": "thing_01jd7jrygge1wv63rrwxms37sg"
}))]
pub struct Question {
    /// The name of a permission.
    pub action: String,
    /// What it would be done to: a thing, a connection, knowledge, an event or a group.
    #[serde(default)]
    pub object_id: Option<String>,
    /// Where it would be done, when it is about no object yet. One of the two is needed.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// Who would do it; the caller, if absent. Owners of the group may ask about others.
    #[serde(default)]
    pub person_id: Option<PersonId>,
}

/// What the policy says.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether they may.
    pub allowed: bool,
    /// Whether they see what it is about; what one does not see does not exist for one.
    pub sees: bool,
    /// When allowed, everything that allows it; else everything in the way.
    pub reasons: Vec<Because>,
}

/// One rule that led to it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Because {
    /// The rule.
    #[schema(example = "member")]
    pub rule: &'static str,
    /// The same as a sentence.
    pub because: &'static str,
    /// The group it looked at: this one, or one above.
    pub group_id: GroupId,
    /// The role held there.
    #[schema(example = "group_user")]
    pub role: Option<&'static str>,
    /// The permission that is there, or missing.
    #[schema(example = "things:update_own")]
    pub right: Option<&'static str>,
}
