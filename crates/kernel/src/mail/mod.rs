//! Letters to people: queued in the transaction of their cause, sealed while they wait, delivered
//! by a job that is retried, and gone from the store once they are sent or given up.

mod deliver;
mod erasing;
mod mailbox;
mod settings;
mod smtp;
mod sql;
mod templates;

use serde::{Deserialize, Serialize};
use types::{Error, Json, Result};
use uuid::Uuid;

use crate::Work;
use crate::jobs::{Jobs, NewJob};
use crate::vault::Slot;

pub(crate) use erasing::erasing;
pub use mailbox::{Mailbox, Received};
pub use settings::Settings;
pub use smtp::Smtp;
pub use templates::{KINDS, Templates};

/// The job that delivers one letter.
const DELIVER: &str = "mail.deliver";

/// A letter to be written: what it is about and what its template is given.
#[derive(Clone, Serialize, Deserialize)]
pub struct Letter {
    /// The template, one of [`KINDS`]: `magic_link`, `password_reset`, …
    pub kind: String,
    /// Where it goes.
    pub to: String,
    /// What the person is called; empty when unknown.
    pub name: String,
    /// Where it leads; empty when it leads nowhere.
    pub url: String,
    /// The token in that address, for who reads the mailbox in development.
    pub token: String,
    /// A short code to be typed.
    pub code: String,
    /// Where whoever wants no more of these says so, by a POST without anything else (RFC 8058);
    /// empty for what everybody has to get.
    #[serde(default)]
    pub unsubscribe: String,
    /// Further values for the template, e.g. who invites into which group.
    pub facts: serde_json::Map<String, serde_json::Value>,
}

impl Letter {
    /// A letter with nothing in it yet.
    #[must_use]
    pub fn new(kind: &str, to: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            to: to.to_owned(),
            name: String::new(),
            url: String::new(),
            token: String::new(),
            code: String::new(),
            unsubscribe: String::new(),
            facts: serde_json::Map::new(),
        }
    }

    /// Says what the person is called.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Says where it leads, and by which token.
    #[must_use]
    pub fn link(mut self, url: String, token: &str) -> Self {
        self.url = url;
        token.clone_into(&mut self.token);
        self
    }

    /// Gives a code to be typed.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }

    /// Says where one can have no more of these.
    #[must_use]
    pub fn unsubscribe(mut self, url: String) -> Self {
        self.unsubscribe = url;
        self
    }

    /// Adds a value for the template.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }
}

/// Where letters go.
#[derive(Clone)]
pub enum Mail {
    /// Into the local mailbox, for development and tests.
    Mailbox(Mailbox),
    /// To a mail server.
    Smtp(Box<Smtp>),
    /// Nowhere: no way to send mail is configured. Each letter is told in the log by its kind.
    Nowhere,
}

impl Work<'_> {
    /// Queues a letter, in the same transaction.
    ///
    /// # Errors
    /// As the store; internal, when no template is called like it.
    pub async fn post(&mut self, letter: &Letter) -> Result<()> {
        if !Templates::know(&letter.kind) {
            return Err(Error::internal(format!("there is no letter called {}", letter.kind)));
        }
        let (id, now) = (self.id(), self.now);
        let text = serde_json::to_vec(letter)?;
        let vault = self.app().vault.clone();
        let sealed = vault.seal(self.tx, now, slot(id), &text).await?;
        sql::insert(self.tx, id, &letter.kind, &sealed, now).await?;
        self.enqueue(NewJob::new(DELIVER, Json::of(&serde_json::json!({ "mailId": id }))?)).await
    }
}

/// Registers the delivery.
#[must_use]
pub fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(DELIVER, deliver::deliver)
}

fn slot(id: Uuid) -> Slot<'static> {
    Slot {
        purpose: "mail",
        tenant: Uuid::nil(),
        owner: Uuid::nil(),
        object: id,
        field: "sealed",
        version: 0,
    }
}
