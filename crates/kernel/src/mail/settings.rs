//! How letters are sent and what they look like.

use std::path::Path;

use serde::Deserialize;
use types::Secret;

use super::smtp::{self, Smtp};
use super::templates::Templates;

/// Settings of mail; without any, letters are kept in development and go nowhere in production.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The server that takes letters: `smtps://user:password@host:465`, or `smtp://…:587`, which
    /// must offer STARTTLS unless it is on this machine.
    pub smtp_url: Option<Secret<String>>,
    /// Lets `smtp://` to other machines go without encryption.
    pub smtp_plain: bool,
    /// The address letters come from.
    pub from: String,
    /// What the app is called, in letters and as their sender.
    pub app_name: String,
    /// A folder with templates that replace the built-in ones.
    pub templates: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            smtp_url: None,
            smtp_plain: false,
            from: String::new(),
            app_name: "Sixfold".to_owned(),
            templates: String::new(),
        }
    }
}

impl Settings {
    /// Every mistake as (key, sentence), so that boot can report them together. Reads the folder
    /// of templates, if there is one.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.app_name.trim().is_empty() || self.app_name.chars().any(char::is_control) {
            found.push(("app_name", "must be a name on one line".to_owned()));
        }
        let server = self.smtp_url.as_ref().map(|url| smtp::transport(url, self).err());
        found.extend(server.flatten().map(|said| ("smtp_url", said)));
        if (self.smtp_url.is_some() || !self.from.is_empty())
            && let Err(said) = smtp::sender(self)
        {
            found.push(("from", said));
        }
        if let Err(said) = self.letters() {
            found.extend(said.into_iter().map(|said| ("templates", said)));
        }
        found
    }

    /// The templates these settings name.
    ///
    /// # Errors
    /// A sentence for each file that cannot be used.
    pub fn letters(&self) -> Result<Templates, Vec<String>> {
        let folder = (!self.templates.is_empty()).then(|| Path::new(&self.templates));
        Templates::new(&self.app_name, folder)
    }

    /// The way to the server, if one is named.
    ///
    /// # Errors
    /// As [`Settings::mistakes`] says: the key, and a sentence without the value.
    pub fn smtp(&self) -> Result<Option<Smtp>, (&'static str, String)> {
        self.smtp_url.as_ref().map(|url| Smtp::new(url, self)).transpose()
    }
}
