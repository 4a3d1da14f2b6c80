use std::sync::atomic::{AtomicU32, Ordering};

use types::Secret;

use super::*;

/// A folder of its own, which goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sixfold-swap-{}-{count}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        let _ = fs::remove_dir_all(&folder.0);
        fs::create_dir(&folder.0).expect("a folder");
        folder
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("a file");
    }

    /// Every file below, and what is in it.
    fn everything(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder").map_while(io::Result::ok) {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(&self.0).expect("below").display().to_string();
                found.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
        found.sort();
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const TAG: &str = ".replaced-x";

/// A database that could not be settled, with its log and its keys.
fn old() -> Folder {
    let folder = Folder::new();
    folder.put("a.db", "old");
    folder.put("a.db-wal", "old log");
    fs::create_dir(folder.0.join("keys")).expect("a folder");
    folder.put("keys/root.key", "old key");
    folder
}

fn staged(folder: &Folder) -> Staged {
    let text = Secret::new("new key".to_owned());
    let key = KeyFile { name: "root.key".to_owned(), text };
    Staged::write(&folder.0.join("keys"), &[key]).expect("they are written")
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn both_change_and_what_was_there_is_aside() {
    let folder = old();
    folder.put("a.db.restoring", "new");
    let staged = staged(&folder);
    let new = folder.0.join("a.db.restoring");
    let aside = put(&folder.0.join("a.db"), &new, Some(&staged), TAG, false);
    let aside = aside.expect("it is in place");
    assert_eq!(aside.len(), 3, "{aside:?}");
    let expected = [
        ("a.db", "new"),
        ("a.db.replaced-x", "old"),
        ("a.db.replaced-x-wal", "old log"),
        ("keys.replaced-x/root.key", "old key"),
        ("keys/root.key", "new key"),
    ];
    assert_eq!(folder.everything(), pairs(&expected));
}

#[test]
fn what_fails_at_its_last_step_has_changed_nothing() {
    let folder = old();
    let before = folder.everything();
    let staged = staged(&folder);
    // There is nothing to put in place.
    let new = folder.0.join("a.db.restoring");
    let error = put(&folder.0.join("a.db"), &new, Some(&staged), TAG, false);
    let error = error.expect_err("it fails");
    assert_eq!(error.code(), "backup_unwritable");
    assert!(error.message().contains("nothing has changed"), "{error}");
    drop(staged);
    assert_eq!(folder.everything(), before);
}

#[test]
fn what_fails_between_the_database_and_the_keys_has_changed_nothing() {
    let folder = old();
    folder.put("a.db.restoring", "new");
    let before = folder.everything();
    let staged = staged(&folder);
    fs::remove_dir_all(&staged.new).expect("they are gone");
    let new = folder.0.join("a.db.restoring");
    let error = put(&folder.0.join("a.db"), &new, Some(&staged), TAG, false);
    let error = error.expect_err("it fails");
    assert!(error.message().contains("nothing has changed"), "{error}");
    assert_eq!(folder.everything(), before);
}

#[test]
fn what_was_linked_is_itself_again() {
    let folder = Folder::new();
    folder.put("a", "old");
    folder.put("b", "new");
    let path = |name: &str| folder.0.join(name);
    for overwritten in [false, true] {
        let mut steps = Steps::default();
        steps.link(&path("a"), &path("aside")).expect("a link");
        if overwritten {
            steps.rename(&path("b"), &path("a")).expect("it is moved");
        }
        let error = steps.undo(io::ErrorKind::StorageFull.into());
        assert!(error.message().contains("nothing has changed"), "{error}");
        assert_eq!(folder.everything(), pairs(&[("a", "old"), ("b", "new")]));
    }
}

#[test]
fn what_cannot_be_undone_is_named() {
    let folder = Folder::new();
    folder.put("a", "old");
    let mut steps = Steps::default();
    let (a, aside) = (folder.0.join("a"), folder.0.join("aside"));
    steps.put_aside(&a, &aside).expect("it is moved");
    fs::remove_file(&aside).expect("somebody else was here");
    let error = steps.undo(io::ErrorKind::StorageFull.into());
    assert!(error.message().contains(&aside.display().to_string()), "{error}");
}

#[test]
fn what_an_earlier_one_put_aside_keeps_its_name() {
    let folder = Folder::new();
    let (database, keys) = (folder.0.join("a.db"), folder.0.join("keys"));
    let now = "2026-01-31T12:34:56.789Z".parse().expect("a time");
    let tag = |keys: Option<&Path>| tag(&database, keys, now).expect("one is free");
    assert_eq!(tag(Some(&keys)), ".replaced-20260131T123456Z");
    folder.put("keys.replaced-20260131T123456Z", "earlier keys");
    assert_eq!(tag(None), ".replaced-20260131T123456Z");
    assert_eq!(tag(Some(&keys)), ".replaced-20260131T123456Z-2");
    folder.put("a.db.replaced-20260131T123456Z-2-wal", "an earlier log");
    assert_eq!(tag(None), ".replaced-20260131T123456Z");
    assert_eq!(tag(Some(&keys)), ".replaced-20260131T123456Z-3");
}

#[test]
fn an_empty_folder_is_no_keys() {
    let folder = Folder::new();
    let keys = folder.0.join("keys");
    assert!(!is_filled(&keys).expect("it can be told"));
    fs::create_dir(&keys).expect("a folder");
    assert!(!is_filled(&keys).expect("it can be told"));
    folder.put("a.db.restoring", "new");
    let staged = staged(&folder);
    let new = folder.0.join("a.db.restoring");
    let aside = put(&folder.0.join("a.db"), &new, Some(&staged), TAG, false);
    let aside = aside.expect("it is in place");
    assert!(aside.is_empty(), "{aside:?}");
    assert_eq!(folder.everything(), pairs(&[("a.db", "new"), ("keys/root.key", "new key")]));
    drop(staged);
    sweep(&folder.0.join("a.db"), &keys);
    assert_eq!(folder.everything().len(), 2, "what is in place is not swept away");
}

#[test]
fn a_log_that_was_left_behind_goes_after_its_database() {
    let folder = Folder::new();
    let database = folder.0.join("a.db");
    let now = Time::from_micros(1_800_000_000_000_000);
    let (fresh, killed) = (".replaced-20270115T080000Z", ".replaced-29990101T000000Z");
    let tag = || tag(&database, None, now).expect("an end");
    folder.put("a.db-wal", "old log");
    // Of a database that was put aside before this log was written, it is not the log.
    folder.put("a.db.replaced-20000101T000000Z", "older");
    assert_eq!(tag(), fresh);
    // Of one that was killed between the two it is; not of one that has its own, or stands there.
    folder.put(&format!("a.db{killed}"), "old");
    assert_eq!(tag(), killed);
    for other in [format!("a.db{killed}-wal"), "a.db".to_owned()] {
        folder.put(&other, "other");
        assert_eq!(tag(), fresh, "{other}");
        fs::remove_file(folder.0.join(&other)).expect("it is gone");
    }
    let keys = folder.0.join("keys");
    fs::create_dir(beside(&keys, killed)).expect("a folder");
    assert_eq!(super::tag(&database, Some(&keys), now).expect("an end"), fresh);
    folder.put("new", "new");
    put(&database, &folder.0.join("new"), None, &tag(), false).expect("it is in place");
    let expected = [
        ("a.db", "new"),
        ("a.db.replaced-20000101T000000Z", "older"),
        ("a.db.replaced-29990101T000000Z", "old"),
        ("a.db.replaced-29990101T000000Z-wal", "old log"),
    ];
    assert_eq!(folder.everything(), pairs(&expected));
}
