//! What is kept: the account, the certificate with its key, and why the last try failed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use types::Time;
use web::Certificate;

use super::Trouble;
use crate::config::Settings;

/// Key and certificate are one file, so that they are exchanged together.
const CERTIFICATE: &str = "certificate.pem";
const ACCOUNT: &str = "account.json";
/// One the authority does not know any more.
const ACCOUNT_ASIDE: &str = "account.json.old";
const FAILURE: &str = "failure.txt";
const PROBE: &str = "probe";
/// More than a certificate with those above it has.
const PROBE_BYTES: usize = 64 << 10;

/// The folder of one authority, below the data directory; of its owner only.
pub(crate) struct Place {
    folder: PathBuf,
    /// What the authority gave and could not be written yet: it gives few of a kind.
    unwritten: Mutex<BTreeMap<&'static str, String>>,
}

impl Place {
    pub(crate) fn of(settings: &Settings) -> Self {
        let server = &settings.server;
        let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        let authority = server.acme_directory.trim_start_matches("https://");
        let name: String = authority.chars().map(letter).collect();
        Self { folder: server.data_dir.join("acme").join(name), unwritten: Mutex::default() }
    }

    /// The certificate that was got last; none if there is none that can be read.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        let bytes = fs::read(self.folder.join(CERTIFICATE)).ok()?;
        Certificate::of(&bytes, &bytes).ok()
    }

    /// Proves that what is asked for now can be kept.
    pub(super) fn prove(&self) -> Result<(), Trouble> {
        self.write(PROBE, &" ".repeat(PROBE_BYTES))
            .and_then(|()| fs::remove_file(self.folder.join(PROBE)))
            .map_err(|error| self.unusable(&error))
    }

    /// Keeps a certificate with its key; in memory, where it cannot be written.
    pub(super) fn keep_certificate(&self, chain: &str, key: &str) -> Result<Certificate, Trouble> {
        let whole = format!("{key}\n{chain}");
        let found = Certificate::of(whole.as_bytes(), whole.as_bytes()).map_err(|(_, said)| {
            Trouble::Refusal(format!("what it gave is no certificate: {said}"))
        })?;
        self.keep(CERTIFICATE, whole);
        Ok(found)
    }

    pub(super) fn account(&self) -> Option<String> {
        let unwritten = self.unwritten().get(ACCOUNT).cloned();
        unwritten.or_else(|| fs::read_to_string(self.folder.join(ACCOUNT)).ok())
    }

    /// Keeps an account; in memory, where it cannot be written.
    pub(super) fn keep_account(&self, account: String) {
        self.keep(ACCOUNT, account);
    }

    /// Has no account any more; what there was of it stays under another name.
    pub(super) fn set_account_aside(&self) -> Result<(), Trouble> {
        self.unwritten().remove(ACCOUNT);
        match fs::rename(self.folder.join(ACCOUNT), self.folder.join(ACCOUNT_ASIDE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.unusable(&error)),
            _ => Ok(()),
        }
    }

    /// Writes what could not be written before.
    pub(super) fn write_rest(&self) -> Result<(), Trouble> {
        let mut outcome = Ok(());
        self.unwritten().retain(|name, text| match self.write(name, text) {
            Ok(()) => false,
            Err(error) => {
                outcome = Err(self.unusable(&error));
                true
            }
        });
        outcome
    }

    /// Why the last try failed, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        fs::read_to_string(self.folder.join(FAILURE)).ok()
    }

    pub(super) fn note_failure(&self, now: Time, trouble: &Trouble) {
        // That nothing can be written is told in the log.
        let _ = self.write(FAILURE, &format!("{now}: {trouble}"));
    }

    pub(super) fn forget_failure(&self) {
        let _ = fs::remove_file(self.folder.join(FAILURE));
    }

    fn unwritten(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, name: &'static str, text: String) {
        self.unwritten().insert(name, text);
        // Whoever looks after the certificate tries again, and tells of it.
        let _ = self.write_rest();
    }

    /// In place as a whole or not at all, and nobody else's to read.
    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let mut folder = fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            folder.mode(0o700);
        }
        folder.recursive(true).create(&self.folder)?;
        let beside = self.folder.join(format!("{name}.new"));
        let there =
            write_new(&beside, text).and_then(|()| fs::rename(&beside, self.folder.join(name)));
        if let Err(error) = there {
            // It may have a key in it.
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        fs::File::open(&self.folder)?.sync_all()
    }

    fn unusable(&self, error: &io::Error) -> Trouble {
        Trouble::Disk(format!("{}: {error}", self.folder.display()))
    }
}

/// A file of its own, in place of one that was left there.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
