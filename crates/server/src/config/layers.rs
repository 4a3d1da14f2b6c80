//! Where values come from, later ones winning: the file, the environment, the flags.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Mistake;
use super::keys::{KEYS, Key, Kind, SECTIONS};
use super::model::{Table, key};
use super::suggest::nearest;

/// Variables with these beginnings belong to the tests and the build of this project.
const FOREIGN: [&str; 2] = ["SIXFOLD_TEST_", "SIXFOLD_CI_"];
/// Read by `sixfold admin create`, not a setting.
const NOT_SETTINGS: [&str; 2] = ["SIXFOLD_PASSWORD", "SIXFOLD_PASSWORD_FILE"];

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
            let own = KEYS.iter().filter(|key| key.section == section);
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
                Source::Value(value) => value,
                Source::SecretFile(path) => match std::fs::read_to_string(&path) {
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
        self.mistakes.push(Mistake { key, origin, message });
    }
}

fn secret_file_key(section: &str, name: &str) -> Option<&'static Key> {
    key(section, name.strip_suffix("_file")?).filter(|key| key.kind == Kind::Secret)
}

/// A key of any section with this name, for who forgot the section.
fn key_named(name: &str) -> Option<String> {
    KEYS.iter().find(|key| key.name == name).map(Key::path)
}

/// Every variable that means something.
fn names() -> impl Iterator<Item = String> {
    KEYS.iter().flat_map(|key| {
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
        |name: &str| KEYS.iter().find(|key| key.short.contains(&name) || key.variable() == name);
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
        Kind::List => toml::Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| toml::Value::String(part.to_owned()))
                .collect(),
        ),
    })
}
