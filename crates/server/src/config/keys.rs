//! Every key there is, with its type, default and what it is for: the source of the reference
//! page, of the example file and of the names in the environment. A test holds it to the structs
//! the settings are read into, so none is missing, extra, or has another default.

mod backup;
mod identity;
mod jobs;
mod live;
mod mail;
mod notifications;
mod ops;
mod process;
mod providers;
mod quotas;
mod webhooks;

use std::cmp::Ordering;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Text that must not be shown; also read from a file named by `<key>_file`.
    Secret,
    Whole,
    /// `true` or `false`.
    Flag,
    List,
    /// Tables; JSON in the environment. A table's `…_file` names the file of a secret.
    Tables,
}

impl Kind {
    pub(crate) const fn described(self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "a text",
            Self::Whole => "a whole number",
            Self::Flag => "`true` or `false`",
            Self::List => "a list of texts",
            Self::Tables => "a list of tables (in the environment: JSON, `[{…}]`)",
        }
    }
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As it would stand in the file; empty when there is none.
    pub(crate) default: &'static str,
    /// What it is for, in sentences.
    pub(crate) doc: &'static str,
    /// Further names in the environment.
    pub(crate) short: &'static [&'static str],
}

impl Key {
    /// `section.name`.
    pub(crate) fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// Whether tables `[[section]]` of the file are its value.
    pub(crate) fn is_tables_of(&self, section: &str) -> bool {
        self.kind == Kind::Tables && self.section == section
    }

    /// `SIXFOLD_SECTION_NAME`.
    pub(crate) fn variable(&self) -> String {
        format!("SIXFOLD_{}_{}", self.section, self.name).to_ascii_uppercase()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.section, self.name).cmp(&(other.section, other.name))
    }
}

/// The sections in the order of the reference, each with a sentence.
pub(crate) static SECTIONS: &[(&str, &str)] = &[
    ("server", "The process: where it listens, whom it serves, where its data lies."),
    ("database", "The store: where it is and how much it may use."),
    ("web", "The edge: limits of every request."),
    ("identity", "Accounts, sessions and API keys."),
    ("quotas", "Plans: what groups may use; see [quotas.md](quotas.md)."),
    ("limits", "How fast requests may come; see [quotas.md](quotas.md)."),
    ("live", "Connections that stay open; see [live.md](live.md)."),
    ("retention", "How old events are deleted; see [events.md](events.md)."),
    ("mail", "Letters: how they are sent and what they look like; see [mail.md](mail.md)."),
    (
        "jobs",
        "Background jobs: how many run at once, how long they are kept; see [jobs.md](jobs.md).",
    ),
    (
        "backup",
        "Backups of the embedded store: where they go, when, who can read them, how long they are \
         kept; see [backup.md](backup.md).",
    ),
    ("egress", "Requests to addresses that users name, e.g. websites to be analyzed."),
    ("webhooks", "What other programs are told and tell; see [webhooks.md](webhooks.md)."),
    (
        "notifications",
        "What people are told of what happens; see [notifications.md](notifications.md).",
    ),
    ("ops", "Watching the server; see [observability.md](observability.md)."),
    ("traces", "Spans for a collector; see [observability.md](observability.md#traces)."),
    ("google", "Signing in with Google; without a client id it is not offered."),
    ("github", "Signing in with GitHub; without a client id it is not offered."),
    ("facebook", "Signing in with Facebook; without a client id it is not offered."),
    ("microsoft", "Signing in with Microsoft; without a client id it is not offered."),
    ("apple", "Signing in with Apple; without a client id it is not offered."),
    (
        "oidc",
        "Signing in with any other OpenID providers: in the file a table `[[oidc]]` for each.",
    ),
    (
        "keys",
        "Secrets of the installation. Without them the first start makes two files in the data \
         directory (`keys/root.key` and `keys/signing.key`, readable by their owner only).",
    ),
];

const fn text(
    section: &'static str,
    name: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Text, default, doc, short: &[] }
}

const fn secret(section: &'static str, name: &'static str, doc: &'static str) -> Key {
    Key { section, name, kind: Kind::Secret, default: "", doc, short: &[] }
}

const fn whole(
    section: &'static str,
    name: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Whole, default, doc, short: &[] }
}

const fn flag(
    section: &'static str,
    name: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Flag, default, doc, short: &[] }
}

const fn list(
    section: &'static str,
    name: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, kind: Kind::List, default, doc, short: &[] }
}

const fn tables(
    section: &'static str,
    name: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Tables, default, doc, short: &[] }
}

impl Key {
    const fn or(mut self, short: &'static [&'static str]) -> Self {
        self.short = short;
        self
    }
}

/// All of them, section by section.
pub(crate) fn all() -> impl Iterator<Item = &'static Key> {
    [
        process::KEYS,
        identity::KEYS,
        quotas::KEYS,
        live::KEYS,
        mail::KEYS,
        jobs::KEYS,
        backup::KEYS,
        webhooks::KEYS,
        notifications::KEYS,
        ops::KEYS,
        providers::KEYS,
    ]
    .into_iter()
    .flatten()
}
