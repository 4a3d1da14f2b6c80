//! What is kept: the account, the certificate with its key, and why the last try failed.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use types::Time;
use web::Certificate;

use super::Trouble;
use crate::config::Settings;

/// Key and certificate are one file, so that they are exchanged together.
const CERTIFICATE: &str = "certificate.pem";
const ACCOUNT: &str = "account.json";
const FAILURE: &str = "failure.txt";

/// The folder of one authority, below the data directory; of its owner only.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn of(settings: &Settings) -> Self {
        let server = &settings.server;
        let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        let authority = server.acme_directory.trim_start_matches("https://");
        let name: String = authority.chars().map(letter).collect();
        Self(server.data_dir.join("acme").join(name))
    }

    /// The certificate that was got last; none if there is none that can be read.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        let bytes = fs::read(self.0.join(CERTIFICATE)).ok()?;
        Certificate::of(&bytes, &bytes).ok()
    }

    pub(super) fn keep_certificate(&self, chain: &str, key: &str) -> Result<Certificate, Trouble> {
        let whole = format!("{key}\n{chain}");
        let found = Certificate::of(whole.as_bytes(), whole.as_bytes()).map_err(|(_, said)| {
            Trouble::Refusal(format!("what it gave is no certificate: {said}"))
        })?;
        self.write(CERTIFICATE, &whole).map_err(|error| self.unusable(&error))?;
        Ok(found)
    }

    pub(super) fn account(&self) -> Option<String> {
        fs::read_to_string(self.0.join(ACCOUNT)).ok()
    }

    pub(super) fn keep_account(&self, account: &str) -> Result<(), Trouble> {
        self.write(ACCOUNT, account).map_err(|error| self.unusable(&error))
    }

    /// Why the last try failed, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        fs::read_to_string(self.0.join(FAILURE)).ok()
    }

    pub(super) fn note_failure(&self, now: Time, trouble: &Trouble) {
        // That nothing can be written is told in the log.
        let _ = self.write(FAILURE, &format!("{now}: {trouble}"));
    }

    pub(super) fn forget_failure(&self) {
        let _ = fs::remove_file(self.0.join(FAILURE));
    }

    /// In place as a whole or not at all, and nobody else's to read.
    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let mut folder = fs::DirBuilder::new();
        let mut options = fs::OpenOptions::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
            folder.mode(0o700);
            options.mode(0o600);
        }
        folder.recursive(true).create(&self.0)?;
        let beside = self.0.join(format!("{name}.new"));
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = options.write(true).create_new(true).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, self.0.join(name))?;
        fs::File::open(&self.0)?.sync_all()
    }

    fn unusable(&self, error: &io::Error) -> Trouble {
        Trouble::Disk(format!("{}: {error}", self.0.display()))
    }
}
