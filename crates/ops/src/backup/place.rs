//! Where backups lie: a folder, or a bucket that speaks S3. A backup appears under its name when it
//! is whole, and not before.

use std::io::{BufReader, Read, Write};
use std::path::PathBuf;

use futures_util::StreamExt as _;
use types::{Error, Result};

use super::apart::{Stop, apart};
use super::bucket::Bucket;
use super::folder;
use super::manifest::{HEAD_BYTES, Manifest, foreign};
use super::settings::Settings;

/// How the names of backups end.
const END: &str = ".backup";
/// How they begin.
const BEGINNING: &str = "sixfold-";
/// Heads that are fetched from a bucket at once.
const AT_ONCE: usize = 8;

/// A place for backups.
#[derive(Clone)]
pub enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// Somebody's S3.
    Bucket(Bucket),
}

/// A backup somewhere.
pub struct Found {
    /// Its name.
    pub name: String,
    /// Bytes of it.
    pub bytes: u64,
    /// What it says of itself; else why it cannot be told.
    pub manifest: Result<Manifest>,
}

/// What became of backups that were to be deleted.
#[derive(Debug, Default)]
pub struct Cleared {
    /// The names of those that are gone.
    pub gone: Vec<String>,
    /// Why the first of the others is still there.
    pub failed: Option<Error>,
}

/// Whether a file with this name may be a backup.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    name.strip_prefix(BEGINNING)
        .and_then(|rest| rest.strip_suffix(END))
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain))
}

/// The name of a backup of this moment; names sort by it.
pub(super) fn name(now: types::Time, random: [u8; 4]) -> String {
    // `2026-01-31T12:00:00.000Z` as `20260131T120000Z`
    let moment: String = now.to_string().chars().filter(|one| !"-:".contains(*one)).collect();
    let moment = moment.split('.').next().unwrap_or_default();
    format!("{BEGINNING}{moment}Z-{:08x}{END}", u32::from_be_bytes(random))
}

/// The newest of ever so many, by their names.
pub(super) struct Newest {
    most: usize,
    files: Vec<(String, u64)>,
}

impl Newest {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, files: Vec::new() }
    }

    /// Looks at another one, which may be something else.
    pub(super) fn add(&mut self, name: String, bytes: u64) {
        if !is_name(&name) {
            return;
        }
        self.files.push((name, bytes));
        if self.files.len() >= 2 * self.most {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.files.sort_by(|one, other| other.0.cmp(&one.0));
        self.files.truncate(self.most);
    }

    /// Those, the newest first.
    pub(super) fn files(mut self) -> Vec<(String, u64)> {
        self.cut();
        self.files
    }
}

impl Place {
    /// Reads where: a path, or `s3://BUCKET` with a prefix behind it.
    ///
    /// # Errors
    /// 422, when it is neither, or the bucket's settings are missing.
    pub fn parse(text: &str, settings: &Settings) -> Result<Self> {
        match text.strip_prefix("s3://") {
            Some(rest) => Ok(Self::Bucket(Bucket::new(rest, settings)?)),
            None if text.is_empty() => {
                Err(Error::invalid("backup.to", "missing", "must name a folder, or s3://BUCKET"))
            }
            None if text.contains("://") => Err(Error::invalid(
                "backup.to",
                "invalid",
                "must be a folder, or s3://BUCKET/PREFIX",
            )),
            None => Ok(Self::Folder(PathBuf::from(text))),
        }
    }

    /// The place and the name that a person wrote as one: a path or an address of a backup.
    ///
    /// # Errors
    /// As [`Place::parse`]; 422 when there is no name in it.
    pub fn of_one(text: &str, settings: &Settings) -> Result<(Self, String)> {
        let (place, name) = text.rsplit_once('/').unwrap_or((".", text));
        if name.is_empty() {
            return Err(Error::invalid("backup", "invalid", "must name a backup, not a folder"));
        }
        let place = if place.is_empty() { "/" } else { place };
        Ok((Self::parse(place, settings)?, name.to_owned()))
    }

    /// `folder` or `s3`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::Bucket(_) => "s3",
        }
    }

    /// So many of the backups there, the newest first.
    ///
    /// # Errors
    /// 503 `backup_place_unreadable`, `backup_place_failed`.
    pub async fn list(&self, most: usize) -> Result<Vec<Found>> {
        match self {
            Self::Folder(path) => {
                let path = path.clone();
                apart(move |stop| folder::list(&path, most, stop)).await
            }
            Self::Bucket(bucket) => {
                let files = bucket.list(most).await?;
                let found = futures_util::stream::iter(files).map(|(name, bytes)| async move {
                    let head = bucket.head(&name, HEAD_BYTES).await;
                    let manifest = head.and_then(|head| Manifest::read(&mut &*head));
                    Found { name, bytes, manifest }
                });
                Ok(found.buffered(AT_ONCE).collect().await)
            }
        }
    }

    /// Writes one: it is there, whole and durable, when this returns, and not at all when it fails.
    ///
    /// # Errors
    /// What `make` answers; 507 `backup_unwritable`; 503 when the bucket does not take it.
    pub(super) async fn store<T: Send + 'static>(
        &self,
        name: &str,
        expected: u64,
        make: impl FnOnce(&mut dyn Write, &Stop) -> Result<T> + Send + 'static,
    ) -> Result<(T, u64)> {
        match self {
            Self::Folder(path) => {
                let (path, name) = (path.clone(), name.to_owned());
                apart(move |stop| folder::store(&path, &name, |out| make(out, stop))).await
            }
            Self::Bucket(bucket) => bucket.store(name, expected, make).await,
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// What `take` answers; 404 `backup_absent`; 503 `backup_unreadable`.
    pub(super) async fn fetch<T: Send + 'static>(
        &self,
        name: &str,
        take: impl FnOnce(&mut dyn Read, &Stop) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match self {
            Self::Folder(path) => {
                let path = path.join(name);
                apart(move |stop| take(&mut folder::open(&path)?, stop)).await
            }
            Self::Bucket(bucket) => bucket.fetch(name, take).await,
        }
    }

    /// What one says of itself.
    ///
    /// # Errors
    /// 404 `backup_absent`; 409 `backup_foreign`, also where the name is no backup's; 409
    /// `backup_newer`, `backup_truncated`, `backup_damaged`; 503.
    pub async fn about(&self, name: &str) -> Result<Manifest> {
        if !is_name(name) {
            return Err(foreign());
        }
        match self {
            Self::Folder(path) => {
                let path = path.join(name);
                let read = move |_: &Stop| {
                    let file = folder::open(&path)?;
                    Manifest::read(&mut BufReader::with_capacity(HEAD_BYTES, file))
                };
                apart(read).await
            }
            Self::Bucket(bucket) => Manifest::read(&mut &*bucket.head(name, HEAD_BYTES).await?),
        }
    }

    /// Deletes these; one that cannot be deleted holds up none of the others.
    pub async fn clear(&self, names: Vec<String>) -> Cleared {
        let mut cleared = Cleared::default();
        for name in names {
            match self.delete(&name).await {
                Ok(()) => cleared.gone.push(name),
                Err(error) => {
                    cleared.failed.get_or_insert(error);
                }
            }
        }
        cleared
    }

    /// Deletes one.
    ///
    /// # Errors
    /// 507; 503.
    async fn delete(&self, name: &str) -> Result<()> {
        match self {
            Self::Folder(path) => {
                let path = path.join(name);
                apart(move |_| folder::delete(&path)).await
            }
            Self::Bucket(bucket) => bucket.delete(name).await,
        }
    }
}

/// There is none of this name.
pub(super) fn absent(name: &str) -> Error {
    let why = format!("There is no backup {name}: `sixfold backup list` tells which there are.");
    Error::new(types::ErrorKind::NotFound, "backup_absent", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_moment_and_are_known_again() {
        let at = "2026-01-31T12:34:56.789Z".parse().expect("a time");
        let name = name(at, [0, 1, 2, 255]);
        assert_eq!(name, "sixfold-20260131T123456Z-000102ff.backup");
        assert!(is_name(&name));
        for other in ["sixfold-.backup", "sixfold-x.backup.part", "sixfold-../x.backup", "x.backup"]
        {
            assert!(!is_name(other), "{other}");
        }
    }

    #[test]
    fn of_many_the_newest_are_kept() {
        let mut newest = Newest::new(3);
        for number in [5, 1, 9, 3, 7, 2, 8, 4, 6] {
            newest.add(format!("sixfold-{number}.backup"), number);
            newest.add(format!("letter-{number}.txt"), number);
        }
        let sizes: Vec<u64> = newest.files().into_iter().map(|(_, bytes)| bytes).collect();
        assert_eq!(sizes, [9, 8, 7]);
    }

    #[tokio::test]
    async fn one_that_cannot_be_deleted_holds_up_none_of_the_others() {
        let name = format!("sixfold-place-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let names = ["sixfold-1.backup", "sixfold-2.backup", "sixfold-3.backup"];
        // Nobody deletes a folder as a file.
        std::fs::create_dir_all(folder.join(names[1])).expect("a folder");
        std::fs::write(folder.join(names[0]), "one").expect("a file");
        std::fs::write(folder.join(names[2]), "three").expect("a file");
        let cleared = Place::Folder(folder.clone()).clear(names.map(str::to_owned).into()).await;
        std::fs::remove_dir_all(folder).expect("it goes");
        assert_eq!(cleared.gone, [names[0], names[2]]);
        assert_eq!(cleared.failed.expect("a reason").code(), "backup_unwritable");
    }

    #[test]
    fn a_backup_is_named_with_its_place_or_without() {
        let settings = Settings::default();
        for (text, folder, name) in [
            ("x.backup", ".", "x.backup"),
            ("/x.backup", "/", "x.backup"),
            ("/backup/a/x.backup", "/backup/a", "x.backup"),
        ] {
            let (place, found) = Place::of_one(text, &settings).expect("a backup");
            assert!(
                matches!(place, Place::Folder(path) if path.as_path() == std::path::Path::new(folder))
            );
            assert_eq!(found, name);
        }
        assert!(Place::of_one("/backup/", &settings).is_err());
        assert!(Place::parse("ftp://host/x", &settings).is_err());
    }
}
