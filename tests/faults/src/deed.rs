//! What a writer does, as a request.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{Answer, Client};

/// One write. Names are the writer's own: nobody gives one twice in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// Makes a thing.
    Make {
        /// Its name.
        name: String,
    },
    /// Makes two things and a connection between them in one batch: all of it or nothing.
    Pair {
        /// Of the first.
        from: String,
        /// Of the second.
        to: String,
    },
    /// Gives a thing another name.
    Rename {
        /// Which one.
        id: String,
        /// The new name, which is the first one, `r` and a number.
        name: String,
    },
}

impl Deed {
    /// Sends it once.
    ///
    /// # Errors
    /// When the connection ends before the answer does.
    pub(crate) fn send(
        &self,
        client: &mut Client,
        group: &str,
        key: Option<&str>,
    ) -> Result<Answer> {
        let note = |name: &str| json!({ "groupId": group, "type": "note", "name": name });
        match self {
            Self::Make { name } => client.send("POST", "/v1/things", key, Some(&note(name))),
            Self::Pair { from, to } => {
                let make = |id: &str, name: &str| json!({ "id": id, "method": "POST", "path": "/v1/things", "body": note(name) });
                let body = json!({ "type": "part_of", "fromId": "$a.id", "toId": "$b.id" });
                let connect = json!({ "method": "POST", "path": "/v1/connections", "body": body });
                let batch = json!({ "operations": [make("a", from), make("b", to), connect] });
                client.send("POST", "/v1/batch", key, Some(&batch))
            }
            Self::Rename { id, name } => {
                let path = format!("/v1/things/{id}");
                client.send("PATCH", &path, key, Some(&json!({ "name": name })))
            }
        }
    }

    /// The ids in an answer: of what was made, or of what was changed.
    ///
    /// # Errors
    /// When they are not there.
    pub(crate) fn ids(&self, answer: &Answer) -> Result<Vec<String>> {
        let Self::Pair { .. } = self else { return Ok(vec![answer.text_at("/id")?]) };
        let json = answer.json();
        let results = json["results"].as_array().context("the results of a batch")?;
        let ids = results.iter().map(|one| one["id"].as_str().map(str::to_owned));
        ids.collect::<Option<Vec<_>>>().context("an id in each result")
    }

    /// The names it gives to what it makes.
    #[must_use]
    pub(crate) fn makes(&self) -> Vec<&str> {
        match self {
            Self::Make { name } => vec![name],
            Self::Pair { from, to } => vec![from, to],
            Self::Rename { .. } => Vec::new(),
        }
    }
}

/// What an answer means to whoever sent the deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It is done, and durable.
    Done,
    /// It was done by an earlier request with this key; what was answered is not known any more.
    Kept,
    /// An earlier request with this key may still be at it.
    Running,
    /// It was not done, or it is not known whether it was: an honest answer to a fault.
    Failed,
    /// It was not done: the answer promises that nothing was written.
    Unwritten,
    /// There is something wrong with it, which there is not.
    Refused,
}

impl Meaning {
    pub(crate) fn of(answer: &Answer) -> Self {
        match (answer.status, answer.code().as_str()) {
            (200 | 201, _) => Self::Done,
            (409, "idempotency_answer_lost") => Self::Kept,
            (409, "idempotency_in_progress") => Self::Running,
            (507, "storage_full") if is_problem(&answer.json()) => Self::Unwritten,
            (500 | 503, code) if is_problem(&answer.json()) && !code.is_empty() => Self::Failed,
            _ => Self::Refused,
        }
    }
}

/// Whether it is a whole problem document and no library's plain text.
fn is_problem(json: &Value) -> bool {
    ["type", "title", "message", "requestId"].iter().all(|name| json[name].is_string())
}
