//! Where values come from, later ones winning: the file, the environment, the flags.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Mistake;
use super::keys::{self, Key, Kind, SECTIONS};
use super::model::{Table, key};
use super::suggest::nearest;

/// Variables with these beginnings belong to the tests and the build of this project.
const FOREIGN: [&str; 2] = ["SIXFOLD_TEST_", "SIXFOLD_CI_"];
/// Read by `sixfold admin create` and `sixfold keys rotate-root`, not settings.
const NOT_SETTINGS: [&str; 4] = [
    "SIXFOLD_PASSWORD",
    "SIXFOLD_PASSWORD_FILE",
    "SIXFOLD_ROOT_KEY_OLD",
    "SIXFOLD_ROOT_KEY_OLD_FILE",
];

/// What the command line says about settings.
#[derive(Debug, Default, Clone, clap::Args)]
pub(crate) struct Flags {
    /// Configuration file; without it `sixfold.toml` is read where it exists
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) host: Option<String>,
    /// Port to listen on
    #[arg(long, global = true, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// Name to get a certificate for; may be repeated
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) domain: Vec<String>,
    /// Directory of the database and the keys
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) data_dir: Option<String>,
    /// `sqlite://PATH` or `postgres://…`; a password is safer in the environment
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
}

/// The variables of a process.
#[derive(Default)]
pub(crate) struct Environment(pub(super) Vec<(OsString, OsString)>);

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place where settings are read")]
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// The names of variables that begin like this, have a value, and are no settings.
    pub(super) fn ignored(&self, beginning: &str) -> Vec<String> {
        let named = |(name, value): &(OsString, OsString)| {
            let name = name.to_str().filter(|_| !value.is_empty())?;
            (name.starts_with(beginning) && variable(name).is_none()).then(|| name.to_owned())
        };
        let mut names: Vec<_> = self.0.iter().filter_map(named).collect();
        names.sort();
        names
    }

    /// The value of one variable, if it is set to something.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(key, _)| key == name)?;
        found.1.to_str().filter(|value| !value.is_empty()).map(str::to_owned)
    }
}

/// A value on its way; the file of a secret is only read when nothing overrides it.
enum Source {
    Value(toml::Value),
    SecretFile(PathBuf),
}

struct Given {
    source: Source,
    origin: String,
    layer: u8,
}

/// Collects the layers in the order they are called.
#[derive(Default)]
pub(crate) struct Layers {
    given: BTreeMap<&'static Key, Given>,
    mistakes: Vec<Mistake>,
    layer: u8,
}

impl Layers {
    /// A TOML file; absent is fine unless somebody asked for it.
    pub(crate) fn file(&mut self, path: &Path, required: bool) {
        self.layer += 1;
        let origin = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return,
            Err(error) => {
                self.mistake("--config", &origin, format!("cannot be read: {error}"));
                return;
            }
        };
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                // Its own display would print the line, which may hold a secret.
                let line = error.span().map_or(1, |span| {
                    1 + text.as_bytes()[..span.start].iter().filter(|b| **b == b'\n').count()
                });
                let message = format!("is not TOML: {} (line {line})", error.message());
                self.mistake("--config", &origin, message);
                return;
            }
        };
        for (section, values) in table {
            if !SECTIONS.iter().any(|(known, _)| *known == section) {
                let near = nearest(&section, SECTIONS.iter().map(|(name, _)| (*name).to_owned()))
                    .map(|name| format!("[{name}]"))
                    .or_else(|| key_named(&section));
                self.unknown(&section, &origin, "no such section", near);
                continue;
            }
            if values.is_array()
                && let Some(key) = keys::all().find(|key| key.is_tables_of(&section))
            {
                self.give(key, Source::Value(values), origin.clone());
                continue;
            }
            let toml::Value::Table(values) = values else {
                self.mistake(&section, &origin, format!("is a section: write `[{section}]`"));
                continue;
            };
            for (name, value) in values {
                self.line_of_file(&section, &name, value, &origin);
            }
        }
    }

    fn line_of_file(&mut self, section: &str, name: &str, value: toml::Value, origin: &str) {
        if let Some(key) = key(section, name) {
            self.give(key, Source::Value(value), origin.to_owned());
        } else if let Some(key) = secret_file_key(section, name) {
            match value.as_str() {
                Some(path) => self.give(key, Source::SecretFile(path.into()), origin.to_owned()),
                None => {
                    self.mistake(&format!("{section}.{name}"), origin, "must be a text".to_owned());
                }
            }
        } else {
            let own = keys::all().filter(|key| key.section == section);
            let near = nearest(name, own.map(|key| key.name.to_owned()))
                .map(|near| format!("{section}.{near}"))
                .or_else(|| key_named(name));
            self.unknown(&format!("{section}.{name}"), origin, "no such key", near);
        }
    }

    /// `SIXFOLD_SECTION_KEY`, the short names, and both with `_FILE` for secrets.
    pub(crate) fn environment(&mut self, environment: &Environment) {
        self.layer += 1;
        let mut variables: Vec<_> = environment.0.iter().collect();
        variables.sort();
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            let found = variable(name);
            if found.is_none() && !name.starts_with("SIXFOLD_") {
                continue;
            }
            if FOREIGN.iter().any(|start| name.starts_with(start)) || NOT_SETTINGS.contains(&name) {
                continue;
            }
            let Some((key, is_file)) = found else {
                let near = nearest(name, names());
                self.unknown(name, "environment", "no such variable", near);
                continue;
            };
            // A variable set to nothing is how many tools say that it is not set.
            if value.is_empty() {
                continue;
            }
            let Some(value) = value.to_str() else {
                self.mistake(&key.path(), name, "is not UTF-8 text".to_owned());
                continue;
            };
            if is_file {
                self.give(key, Source::SecretFile(value.into()), name.to_owned());
                continue;
            }
            match typed(key.kind, value) {
                Some(value) => self.give(key, Source::Value(value), name.to_owned()),
                None => {
                    let message = format!("must be {}", key.kind.described());
                    self.mistake(&key.path(), name, message);
                }
            }
        }
    }

    /// The command line.
    pub(crate) fn flags(&mut self, flags: &Flags) {
        self.layer += 1;
        let texts = [
            ("server", "host", "--host", &flags.host),
            ("server", "data_dir", "--data-dir", &flags.data_dir),
            ("database", "url", "--database-url", &flags.database_url),
        ];
        for (section, name, flag, value) in texts {
            if let (Some(key), Some(value)) = (key(section, name), value) {
                let value = toml::Value::String(value.clone());
                self.give(key, Source::Value(value), flag.to_owned());
            }
        }
        if let (Some(key), false) = (key("server", "domains"), flags.domain.is_empty()) {
            let names = flags.domain.iter().cloned().map(toml::Value::String);
            let value = toml::Value::Array(names.collect());
            self.give(key, Source::Value(value), "--domain".to_owned());
        }
        if let (Some(key), Some(port)) = (key("server", "port"), flags.port) {
            let value = toml::Value::Integer(port.into());
            self.give(key, Source::Value(value), "--port".to_owned());
        }
    }

    /// The values that won, and every mistake so far.
    pub(crate) fn merged(mut self) -> (Table, Vec<Mistake>) {
        let mut table = Table::new();
        for (key, given) in std::mem::take(&mut self.given) {
            let value = match given.source {
                Source::Value(value) if key.kind == Kind::Tables => {
                    self.with_files(key, value, &given.origin)
                }
                Source::Value(value) => value,
                Source::SecretFile(path) => match std::fs::read_to_string(&path) {
                    Ok(_) if key.section == "keys" && others_may_read(&path) => {
                        let message = format!(
                            "its file {} may be read by other users: run `chmod 600` on it",
                            path.display()
                        );
                        self.mistake(&key.path(), &given.origin, message);
                        continue;
                    }
                    Ok(text) => toml::Value::String(text.trim().to_owned()),
                    Err(error) => {
                        let message =
                            format!("its file {} cannot be read: {error}", path.display());
                        self.mistake(&key.path(), &given.origin, message);
                        continue;
                    }
                },
            };
            table.insert(key, (value, given.origin));
        }
        (table, self.mistakes)
    }

    /// Reads the files that tables name for their secrets: `client_secret_file` becomes
    /// `client_secret`.
    fn with_files(&mut self, key: &Key, mut tables: toml::Value, origin: &str) -> toml::Value {
        let all = tables.as_array_mut().into_iter().flatten();
        for table in all.filter_map(toml::Value::as_table_mut) {
            let Some(path) = table.remove("client_secret_file") else { continue };
            let path = path.as_str().unwrap_or_default();
            match std::fs::read_to_string(path) {
                Ok(text) => {
                    let secret = toml::Value::String(text.trim().to_owned());
                    if table.insert("client_secret".to_owned(), secret).is_some() {
                        let said = "`client_secret` is also given by a file; keep one of the two";
                        self.mistake(&key.path(), origin, said.to_owned());
                    }
                }
                Err(error) => {
                    let said = format!("`client_secret_file` {path} cannot be read: {error}");
                    self.mistake(&key.path(), origin, said);
                }
            }
        }
        tables
    }

    fn give(&mut self, key: &'static Key, source: Source, origin: String) {
        let given = Given { source, origin, layer: self.layer };
        let origin = given.origin.clone();
        if let Some(before) = self.given.insert(key, given)
            && before.layer == self.layer
        {
            let message = format!("is also given by {}; keep one of the two", before.origin);
            self.mistake(&key.path(), &origin, message);
        }
    }

    fn unknown(&mut self, name: &str, origin: &str, what: &str, near: Option<String>) {
        let message = match near {
            Some(near) => format!("{what}; did you mean {near}?"),
            None => format!("{what}; `sixfold config example` lists what there is"),
        };
        self.mistake(name, origin, message);
    }

    fn mistake(&mut self, key: &str, origin: &str, message: String) {
        let (key, origin) = (key.to_owned(), origin.to_owned());
        self.mistakes.push(Mistake { key, origin, message, may_pass: false });
    }
}

fn secret_file_key(section: &str, name: &str) -> Option<&'static Key> {
    key(section, name.strip_suffix("_file")?).filter(|key| key.kind == Kind::Secret)
}

/// A key of any section with this name, for who forgot the section.
fn key_named(name: &str) -> Option<String> {
    keys::all().find(|key| key.name == name).map(Key::path)
}

/// Every variable that means something.
fn names() -> impl Iterator<Item = String> {
    keys::all().flat_map(|key| {
        let plain = std::iter::once(key.variable()).chain(key.short.iter().map(|&s| s.to_owned()));
        let mut all: Vec<String> = plain.collect();
        if key.kind == Kind::Secret {
            all.extend(all.clone().iter().map(|name| format!("{name}_FILE")));
        }
        all
    })
}

/// What a variable is about, and whether it names a file.
fn variable(name: &str) -> Option<(&'static Key, bool)> {
    let find =
        |name: &str| keys::all().find(|key| key.short.contains(&name) || key.variable() == name);
    find(name).map(|key| (key, false)).or_else(|| {
        let key = find(name.strip_suffix("_FILE")?)?;
        (key.kind == Kind::Secret).then_some((key, true))
    })
}

/// A variable is always text; the key knows what it means.
fn typed(kind: Kind, text: &str) -> Option<toml::Value> {
    Some(match kind {
        Kind::Text | Kind::Secret => toml::Value::String(text.to_owned()),
        Kind::Whole => toml::Value::Integer(text.trim().parse().ok()?),
        Kind::Flag => toml::Value::Boolean(text.trim().to_ascii_lowercase().parse().ok()?),
        Kind::List => toml::Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| toml::Value::String(part.to_owned()))
                .collect(),
        ),
        Kind::Tables => serde_json::from_str(text).ok()?,
    })
}

/// A key that everybody on the machine can read is no secret.
#[cfg(unix)]
fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_nobody_reads_are_named() {
        let given = [
            ("OTEL_METRICS_EXPORTER", "otlp"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS_FILE", "/run/headers"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_LOGS_EXPORTER", ""),
            ("PATH", "/bin"),
        ];
        let given = given.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let ignored = Environment(given.into()).ignored("OTEL_");
        assert_eq!(ignored, ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_METRICS_EXPORTER"]);
    }
}
