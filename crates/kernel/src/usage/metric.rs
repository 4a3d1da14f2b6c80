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

    /// For people: "the plan includes 100 …".
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Users => "members",
            Self::Things => "things",
            Self::Connections => "connections",
            Self::StorageBytes => "bytes of properties and texts",
            Self::ApiCalls => "calls with API keys a month",
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
