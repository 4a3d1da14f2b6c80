use types::Time;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Active members.
    Users,
    /// Things, archived ones too.
    Things,
    /// Connections.
    Connections,
    /// Bytes of properties and texts.
    StorageBytes,
    /// Calls by API keys, by the month.
    ApiCalls,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Users, Self::Things, Self::Connections, Self::StorageBytes, Self::ApiCalls];

    /// The stored name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Things => "things",
            Self::Connections => "connections",
            Self::StorageBytes => "storageBytes",
            Self::ApiCalls => "apiCallsPerMonth",
        }
    }

    /// For people: "the plan includes …".
    pub(super) fn words(self, count: i64) -> String {
        let (one, many, rest) = match self {
            Self::Users => ("member", "members", ""),
            Self::Things => ("thing", "things", ""),
            Self::Connections => ("connection", "connections", ""),
            Self::StorageBytes => ("byte", "bytes", " of properties and texts"),
            Self::ApiCalls => ("call", "calls", " with API keys a month"),
        };
        match count {
            0 => format!("no {many}{rest}"),
            1 => format!("1 {one}{rest}"),
            _ => format!("{count} {many}{rest}"),
        }
    }

    /// What to do about it, when nothing is left.
    pub(super) const fn remedy(self) -> &'static str {
        match self {
            Self::ApiCalls => "wait for the next month, or ask for a larger plan",
            _ => "remove some, or ask for a larger plan",
        }
    }
}

/// The month of a moment (UTC), as `2026-11`.
#[must_use]
pub fn month(now: Time) -> String {
    let mut text = now.to_string();
    text.truncate("2026-11".len());
    text
}
