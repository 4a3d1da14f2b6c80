//! What letters say: built-in templates, replaced one by one by the operator's.
//!
//! Each kind has a subject, a text and an HTML part; the HTML is put into `layout.html`. A
//! template that names something a letter does not have is refused, at boot where it can be.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use types::Result;

use super::Letter;
use crate::jobs;

/// The parts of a letter, by the endings of their files.
const PARTS: [&str; 3] = ["subject", "txt", "html"];
const LAYOUT: &str = "layout.html";
/// Characters of a value that people chose.
const VALUE_CHARS: usize = 200;
/// Characters of a subject; longer ones are cut.
const SUBJECT_CHARS: usize = 150;
/// Bytes of an operator's template.
const FILE_BYTES: u64 = 256 * 1024;

macro_rules! built_in {
    ($($kind:literal),+ $(,)?) => {
        /// Every kind of letter there is.
        pub const KINDS: &[&str] = &[$($kind),+];
        const BUILT_IN: &[(&str, &str)] = &[
            (LAYOUT, include_str!("templates/layout.html")),
            $(
                (concat!($kind, ".subject"), include_str!(concat!("templates/", $kind, ".subject"))),
                (concat!($kind, ".txt"), include_str!(concat!("templates/", $kind, ".txt"))),
                (concat!($kind, ".html"), include_str!(concat!("templates/", $kind, ".html"))),
            )+
        ];
    };
}

built_in!(
    "account_deleted",
    "account_deletion",
    "account_exists",
    "account_linked",
    "address_code",
    "address_proven",
    "email_change",
    "email_change_reverted",
    "email_changed_notice",
    "email_code",
    "email_verification",
    "invitation",
    "magic_link",
    "notification_digest",
    "passkey_added",
    "password_changed",
    "password_reset",
    "password_reset_by_admin",
    "refresh_reused",
    "two_factor_changed",
);

/// The templates of all letters. Cheap to clone.
#[derive(Clone)]
pub struct Templates(Arc<Inner>);

struct Inner {
    app_name: String,
    all: Environment<'static>,
}

/// A letter as it goes out.
pub(super) struct Written {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

impl Default for Templates {
    fn default() -> Self {
        let mut all = environment();
        for (name, source) in BUILT_IN {
            // A test writes every kind; here a broken one is missing where it is asked for.
            let _ = all.add_template(name, source);
        }
        Self(Arc::new(Inner { app_name: "Sixfold".to_owned(), all }))
    }
}

impl Templates {
    /// The built-in templates, with those in `folder` in their places.
    ///
    /// # Errors
    /// A sentence for each file that cannot be used.
    pub fn new(app_name: &str, folder: Option<&Path>) -> Result<Self, Vec<String>> {
        let mut all = environment();
        let mut found = Vec::new();
        for (name, source) in BUILT_IN {
            if let Err(error) = all.add_template(name, source) {
                found.push(format!("{name}: {error}"));
            }
        }
        if let Some(folder) = folder {
            match fs::read_dir(folder) {
                Err(error) => found.push(format!("the folder cannot be read ({error})")),
                Ok(entries) => {
                    for entry in entries.flatten() {
                        if let Err(said) = replace(&mut all, &entry) {
                            found.push(format!("{}: {said}", entry.file_name().display()));
                        }
                    }
                }
            }
        }
        let made = Self(Arc::new(Inner { app_name: app_name.to_owned(), all }));
        if found.is_empty() {
            let tries = KINDS.iter().map(|kind| made.render(&sample(kind)));
            found.extend(tries.filter_map(Result::err));
        }
        // The order of a folder is nobody's.
        found.sort();
        if found.is_empty() { Ok(made) } else { Err(found) }
    }

    /// Whether there is such a letter.
    #[must_use]
    pub fn know(kind: &str) -> bool {
        KINDS.contains(&kind)
    }

    /// Writes a letter.
    ///
    /// # Errors
    /// [`jobs::hopeless`] when its template is missing or wants what the letter does not have.
    pub(super) fn write(&self, letter: &Letter) -> Result<Written> {
        self.render(letter).map_err(jobs::hopeless)
    }

    fn render(&self, letter: &Letter) -> Result<Written, String> {
        let kind = &letter.kind;
        let mut facts = letter.facts.clone();
        facts.values_mut().for_each(flatten);
        let about = context! {
            app => self.0.app_name.as_str(),
            kind => kind.as_str(),
            to => letter.to.as_str(),
            name => plain(&letter.name),
            url => letter.url.as_str(),
            code => letter.code.as_str(),
            unsubscribe => letter.unsubscribe.as_str(),
            facts => Value::from(Serde(facts)),
        };
        let part = |name: &str, about: Value| {
            let template = self.0.all.get_template(name).map_err(|e| format!("{name}: {e}"))?;
            template.render(about).map_err(|error| format!("{name}: {error}"))
        };
        let subject = one_line(&part(&format!("{kind}.subject"), about.clone())?);
        let text = part(&format!("{kind}.txt"), about.clone())?;
        let inner = part(&format!("{kind}.html"), about)?;
        let page = context! {
            app => self.0.app_name.as_str(),
            subject => subject.as_str(),
            content => Value::from_safe_string(inner),
        };
        let html = part(LAYOUT, page)?;
        Ok(Written { subject, text, html })
    }
}

fn environment() -> Environment<'static> {
    let mut all = Environment::new();
    all.set_undefined_behavior(UndefinedBehavior::Strict);
    all.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    all
}

/// Takes one file of the operator's folder; those that are no templates lie there in peace.
fn replace(all: &mut Environment<'static>, entry: &fs::DirEntry) -> Result<(), String> {
    let name = entry.file_name().to_string_lossy().into_owned();
    let Some((kind, part)) = name.rsplit_once('.') else { return Ok(()) };
    if !PARTS.contains(&part) || kind.is_empty() {
        return Ok(());
    }
    if name != LAYOUT && !Templates::know(kind) {
        return Err(format!("no letter is called `{kind}`; there are {}", KINDS.join(", ")));
    }
    let length = entry.path().metadata().map_err(|error| format!("cannot be read ({error})"))?;
    if length.len() > FILE_BYTES {
        return Err(format!("is larger than {FILE_BYTES} bytes"));
    }
    let source =
        fs::read_to_string(entry.path()).map_err(|error| format!("cannot be read ({error})"))?;
    all.add_template_owned(name, source).map_err(|error| error.to_string())
}

/// A letter of a kind with everything such a letter has.
fn sample(kind: &str) -> Letter {
    let letter = Letter::new(kind, "ada@example.com")
        .name("Ada")
        .link("https://example.com/x?token=abc".to_owned(), "abc")
        .code("123456");
    match kind {
        "invitation" => letter
            .fact("inviter", "Bob")
            .fact("organization", "Analytical Society")
            .fact("role", "member"),
        "two_factor_changed" => letter.fact("change", "enabled"),
        "account_linked" => letter.fact("provider", "google"),
        "notification_digest" => letter
            .unsubscribe("https://example.com/no-more".to_owned())
            .fact("count", 3)
            .fact(
                "titles",
                serde_json::json!(["Bob mentioned you in Notes", "Carol wrote in Team"]),
            )
            .fact("more", 1),
        "passkey_added" => letter.fact("passkey", "Laptop"),
        _ => letter,
    }
}

/// Every text of a value, also of a list.
fn flatten(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => *text = plain(text),
        serde_json::Value::Array(all) => all.iter_mut().for_each(flatten),
        _ => {}
    }
}

/// A value that people chose, in one line and without signs that turn text around.
pub(super) fn plain(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    let visible = text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c });
    let short: String = visible.take(VALUE_CHARS).collect();
    short.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A subject: one line of bounded length.
pub(super) fn one_line(text: &str) -> String {
    plain(text).chars().take(SUBJECT_CHARS).collect()
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
