//! The shapes of preferences.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::Patch;

words! {
    /// Colours of a page.
    Theme {
        /// Bright.
        Light = "light",
        /// Dim.
        Dark = "dark",
        /// As the device says.
        System = "system",
    }
}

/// What somebody likes; also how it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Preferences {
    /// Colours of a page.
    pub theme: Theme,
    /// A language tag (BCP 47); null: as the device says.
    #[schema(example = "pt-BR")]
    pub language: Option<String>,
    /// A name of the IANA time zone database; null: as the device says.
    #[schema(example = "Europe/Lisbon")]
    pub time_zone: Option<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { theme: Theme::System, language: None, time_zone: None }
    }
}

/// A merge patch (RFC 7396) of preferences; null is as nothing was chosen.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"theme": "dark", "language": "pt-BR", "timeZone": "Europe/Lisbon"}))]
pub struct PreferencesChange {
    /// `light`, `dark` or `system`.
    pub theme: Patch<Theme>,
    /// A language tag (BCP 47).
    pub language: Patch<String>,
    /// A name of the IANA time zone database.
    pub time_zone: Patch<String>,
}
