use std::collections::BTreeMap;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// What others do to a database while its log is followed.
#[derive(Debug, Clone)]
enum Deed {
    /// Writes so many rows, and keeps them.
    Write(u16),
    /// Writes so many rows into the log, and takes them back.
    TakeBack(u16),
    Delete(u16),
    /// Folds the log back; as far as it goes, wholly, or until the file is empty.
    Fold(&'static str),
    Look,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        6 => (1..60_u16).prop_map(Deed::Write),
        2 => (1..400_u16).prop_map(Deed::TakeBack),
        1 => (1..60_u16).prop_map(Deed::Delete),
        2 => prop::sample::select(vec!["passive", "restart"]).prop_map(Deed::Fold),
        1 => Just(Deed::Fold("truncate")),
        5 => Just(Deed::Look),
    ];
    prop::collection::vec(deed, 1..40)
}

struct Scene {
    folder: TempDir,
    writer: Connection,
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let writer = Connection::open(folder.path().join("a.db")).expect("a database");
        writer
            .execute_batch(
                "pragma journal_mode = wal; pragma wal_autocheckpoint = 0; pragma cache_size = 4; \
                 create table a (id integer primary key, b blob); create index ab on a (b);",
            )
            .expect("a table");
        Self { folder, writer }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("a.db")
    }

    fn run(&self, sql: &str) {
        self.writer.execute_batch(sql).expect(sql);
    }

    fn write(&self, rows: u16, end: &str) {
        self.run(&format!(
            "begin; with recursive n(i) as (values(1) union all select i + 1 from n where i < {rows}) \
             insert into a (b) select randomblob(700) from n; {end}"
        ));
    }

    fn does(&self, deed: &Deed) {
        match deed {
            Deed::Write(rows) => self.write(*rows, "commit"),
            Deed::TakeBack(rows) => self.write(*rows, "rollback"),
            Deed::Delete(rows) => {
                self.run(&format!("delete from a where id in (select id from a limit {rows})"));
            }
            Deed::Fold(how) => {
                let fold = format!("pragma wal_checkpoint({how})");
                self.writer.query_row(&fold, [], |_| Ok(())).expect("folded");
            }
            Deed::Look => {}
        }
    }

    fn pages(&self) -> BTreeMap<u32, Vec<u8>> {
        let all = "select pgno, data from sqlite_dbpage";
        let mut statement = self.writer.prepare(all).expect("pages");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.expect("pages").collect::<rusqlite::Result<_>>().expect("pages")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_page_is_changed_unseen(before in deeds(), deeds in deeds()) {
        let scene = Scene::new();
        scene.write(40, "commit");
        before.iter().for_each(|deed| scene.does(deed));
        // What was folded back to nothing has no log yet.
        scene.write(1, "commit");
        let Some(mut changes) = Changes::follow(&scene.path()) else {
            return Err(TestCaseError::fail("a log with a frame is followed"));
        };
        let first = scene.pages();
        let mut folded = false;
        for deed in &deeds {
            scene.does(deed);
            match deed {
                Deed::Fold(_) => folded = true,
                Deed::Look if !changes.look().expect("looked") => {
                    prop_assert!(folded, "nothing is overwritten unless the log starts over");
                    return Ok(());
                }
                _ => {}
            }
        }
        if changes.look().expect("looked") {
            let seen = changes.take();
            for (page, data) in scene.pages() {
                prop_assert!(first.get(&page) == Some(&data) || seen.contains(&page), "page {page}");
            }
        } else {
            prop_assert!(folded, "nothing is overwritten unless the log starts over");
        }
    }
}

#[test]
fn a_log_that_starts_over_is_followed_by_who_looks_between() {
    let scene = Scene::new();
    scene.write(40, "commit");
    let mut changes = Changes::follow(&scene.path()).expect("a log");
    for _ in 0..10 {
        scene.write(100, "commit");
        assert!(changes.look().expect("looked"));
        scene.write(2, "commit");
        scene.does(&Deed::Fold("restart"));
        scene.write(3, "commit");
        assert!(changes.look().expect("looked"));
    }
    assert!(changes.count() > 100, "{}", changes.count());
}

#[test]
fn what_was_overwritten_unseen_is_told() {
    let scene = Scene::new();
    scene.write(40, "commit");
    let mut changes = Changes::follow(&scene.path()).expect("a log");
    scene.write(1, "commit");
    scene.does(&Deed::Fold("restart"));
    scene.write(200, "commit");
    assert!(!changes.look().expect("looked"));
}

#[test]
fn without_a_log_nothing_is_followed() {
    let scene = Scene::new();
    scene.write(1, "commit");
    assert!(Changes::follow(&scene.path()).is_some());
    scene.run("pragma journal_mode = delete");
    assert!(Changes::follow(&scene.path()).is_none());
    assert!(Changes::follow(&scene.folder.path().join("none.db")).is_none());
}

#[test]
fn who_only_follows_leaves_the_log_as_it_was() {
    let scene = Scene::new();
    scene.write(40, "commit");
    let before = std::fs::metadata(scene.path()).expect("the file").len();
    let folder = TempDir::new().expect("another folder");
    for end in ["a.db", "a.db-wal"] {
        // As a killed server leaves them: nobody else has them open.
        std::fs::copy(scene.folder.path().join(end), folder.path().join(end)).expect("a copy");
    }
    let path = folder.path().join("a.db");
    drop(Changes::follow(&path).expect("a log"));
    assert_eq!(std::fs::metadata(&path).expect("the file").len(), before);
    assert!(std::fs::metadata(folder.path().join("a.db-wal")).expect("the log").len() > 0);
}
