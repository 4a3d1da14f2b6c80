//! The shapes settings are read into.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use types::Secret;

use super::Mistake;
use super::keys::{self, Key, Kind};

/// All settings of the house; each room owns its section.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) database: database::Settings,
    pub(crate) web: web::Settings,
    pub(crate) identity: identity::Settings,
    pub(crate) quotas: kernel::usage::Settings,
    pub(crate) limits: kernel::rates::RateSettings,
    pub(crate) retention: kernel::events::RetentionSettings,
    pub(crate) mail: kernel::mail::Settings,
    pub(crate) live: live::Settings,
    pub(crate) jobs: kernel::jobs::Settings,
    pub(crate) backup: ops::backup::Settings,
    pub(crate) egress: kernel::egress::Settings,
    pub(crate) webhooks: integrations::Settings,
    pub(crate) notifications: world::notifications::Settings,
    pub(crate) google: identity::GoogleSettings,
    pub(crate) github: identity::GithubSettings,
    pub(crate) facebook: identity::FacebookSettings,
    pub(crate) microsoft: identity::MicrosoftSettings,
    pub(crate) apple: identity::AppleSettings,
    pub(crate) oidc: identity::OidcSettings,
    pub(crate) ops: ops::Settings,
    pub(crate) traces: ops::traces::Settings,
    pub(crate) keys: Keys,
}

impl Settings {
    /// Where people may sign in.
    pub(crate) fn providers(&self) -> identity::ProviderSettings {
        identity::ProviderSettings {
            google: self.google.clone(),
            github: self.github.clone(),
            facebook: self.facebook.clone(),
            microsoft: self.microsoft.clone(),
            apple: self.apple.clone(),
            oidc: self.oidc.clone(),
        }
    }
}

/// The process itself.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) public_url: String,
    pub(crate) tls_cert: PathBuf,
    pub(crate) tls_key: PathBuf,
    pub(crate) redirect_port: u16,
    pub(crate) domains: Vec<String>,
    pub(crate) acme_directory: String,
    pub(crate) acme_email: String,
    pub(crate) acme_terms_agreed: bool,
    pub(crate) env: Mode,
    pub(crate) data_dir: PathBuf,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: String,
    pub(crate) access_log: AccessLog,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8080,
            public_url: String::new(),
            tls_cert: PathBuf::new(),
            tls_key: PathBuf::new(),
            redirect_port: 0,
            domains: Vec::new(),
            acme_directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            acme_email: String::new(),
            acme_terms_agreed: false,
            env: Mode::Development,
            data_dir: PathBuf::from("./data"),
            log_format: LogFormat::Auto,
            log_level: "info".to_owned(),
            access_log: AccessLog::Auto,
        }
    }
}

impl Server {
    /// Whether the server speaks https itself.
    pub(crate) fn has_tls(&self) -> bool {
        self.has_files() || !self.domains.is_empty()
    }

    /// Whether somebody gives it a certificate; else it gets one for its domains.
    pub(crate) fn has_files(&self) -> bool {
        !self.tls_cert.as_os_str().is_empty()
    }

    /// Where people reach the server: what is configured, or else where it listens.
    pub(crate) fn url(&self, authority: impl std::fmt::Display) -> String {
        match (self.public_url.is_empty(), self.has_tls()) {
            (false, _) => self.public_url.clone(),
            (true, _) if !self.domains.is_empty() => format!("https://{}", self.domains[0]),
            (true, true) => format!("https://{authority}"),
            (true, false) => format!("http://{authority}"),
        }
    }
}

/// Who the server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// The person at this machine.
    Development,
    /// Everybody else.
    Production,
}

impl Mode {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// JSON in production, else text.
    Auto,
    Text,
    Json,
}

/// Whether each request has a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccessLog {
    /// In production.
    Auto,
    On,
    Off,
}

/// Secrets of the installation, when the operator keeps them.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keys {
    pub(crate) root: Option<Secret<String>>,
    pub(crate) signing: Option<Secret<String>>,
}

/// Values by key, and where each was written.
pub(crate) type Table = BTreeMap<&'static Key, (toml::Value, String)>;

/// Reads every value by itself, then all of them together.
pub(crate) fn parse(table: &Table) -> Result<Settings, Vec<Mistake>> {
    let mistakes: Vec<Mistake> = table
        .iter()
        .filter_map(|(key, (value, origin))| {
            wrong(key, value).map(|message| Mistake {
                key: key.path(),
                origin: origin.clone(),
                message,
                may_pass: false,
            })
        })
        .collect();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    from_values(table.iter().map(|(key, (value, _))| (*key, value.clone()))).map_err(|error| {
        // Unreachable as long as each value fits its own place.
        let (key, origin) = ("settings".to_owned(), String::new());
        vec![Mistake { key, origin, message: error.1, may_pass: false }]
    })
}

fn wrong(key: &'static Key, value: &toml::Value) -> Option<String> {
    let fits = match key.kind {
        Kind::Text | Kind::Secret => value.is_str(),
        Kind::Whole => value.is_integer(),
        Kind::Flag => value.is_bool(),
        Kind::List => value.as_array().is_some_and(|list| list.iter().all(toml::Value::is_str)),
        Kind::Tables => value.as_array().is_some_and(|all| all.iter().all(toml::Value::is_table)),
    };
    if !fits {
        return Some(format!("must be {}", key.kind.described()));
    }
    let (_, text) = from_values([(key, value.clone())]).err()?;
    Some(said(&text))
}

/// Builds the nested table of sections and reads it; on failure where and what, in serde's words.
pub(super) fn from_values(
    values: impl IntoIterator<Item = (&'static Key, toml::Value)>,
) -> Result<Settings, (String, String)> {
    let mut sections = toml::Table::new();
    for (key, value) in values {
        let section =
            sections.entry(key.section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        if let Some(section) = section.as_table_mut() {
            section.insert(key.name.to_owned(), value);
        }
    }
    let deserializer = toml::Value::Table(sections).into_deserializer();
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| (error.path().to_string(), error.inner().message().to_owned()))
}

/// serde's words as a sentence for an operator.
fn said(text: &str) -> String {
    if text.starts_with("unknown field ") {
        return format!("has an {text}");
    }
    if let Some((_, expected)) = text.split_once(", expected ") {
        let expected = match expected.trim() {
            "u8" => "a whole number from 0 to 255",
            "u16" => "a whole number from 0 to 65535",
            "u32" => "a whole number from 0 to 4294967295",
            "u64" | "usize" => "a whole number, 0 or more",
            "i64" | "i32" => "a whole number",
            other => other.trim_start_matches("one of "),
        };
        return format!("must be {expected}");
    }
    format!("is not valid: {text}")
}

/// The key with this path, if there is one.
pub(crate) fn key(section: &str, name: &str) -> Option<&'static Key> {
    keys::all().find(|key| key.section == section && key.name == name)
}
