//! Backups and the way back, from outside: with the command line beside a server that writes, by the
//! clock, to a folder and to an S3; and everything that can be wrong with one.

mod bucket;
mod clear;
mod dump;
mod locks;
mod making;
mod s3;
mod schedule;
mod wrong;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::engines::Engine;
use crate::people::Person;
use crate::process::{Said, Server, text};
use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(60);

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// It went well.
#[track_caller]
fn good(said: Said) -> Said {
    assert_eq!(said.code, 0, "{said:?}");
    said
}

/// It failed with this code.
#[track_caller]
fn bad(said: &Said, code: &str) {
    assert_ne!(said.code, 0, "{said:?}");
    assert_eq!(json(&said.err)["error"]["code"], code, "{said:?}");
}

/// Makes one; its path.
fn create(server: &Server, folder: &Path, more: &[&str]) -> PathBuf {
    let to = text(folder);
    let mut arguments = vec!["backup", "create", "--json", "--to", to.as_str()];
    arguments.extend(more);
    let said = json(&good(server.say(&arguments)).out);
    folder.join(said["manifest"]["name"].as_str().expect("a name"))
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map_while(Result::ok);
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Every file below a folder, and what is in it.
fn everything(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            found.extend(everything(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).expect("a file"));
        }
    }
    found
}

/// A place without a database, with the keys of another.
fn elsewhere(server: &Server) -> Server {
    server.twin()
}

/// Bytes that do not compress, so that making a backup takes its time.
fn fatten(server: &Server, mebibytes: u32) {
    let store = rusqlite::Connection::open(server.data_dir().join("sixfold.db")).expect("it opens");
    store
        .execute_batch(&format!(
            "create table ballast (x blob) strict; with recursive n(i) as (select 1 union all \
             select i + 1 from n where i < {mebibytes}) insert into ballast select \
             randomblob(1048576) from n"
        ))
        .expect("it grows");
}

async fn until(person: &Person, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = person.get(path).await.was(200).json();
        if is(&said) {
            return said;
        }
        assert!(Instant::now() < deadline, "{path} says {said}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A server with five people, stopped.
async fn at_rest() -> Stage {
    let mut stage = Stage::open(&Engine::Sqlite).await;
    stage.server.stop();
    stage
}
