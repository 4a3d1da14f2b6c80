use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use super::*;

const SMALL: Pace = Pace { pages: 16, sync_every: 4, rest: 0 };

fn database(rows: u32) -> (TempDir, PathBuf, Connection) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("a.db");
    let writer = Connection::open(&path).expect("a database");
    writer
        .execute_batch(&format!(
            "pragma journal_mode = wal; pragma wal_autocheckpoint = 0; pragma synchronous = off; \
             create table counts (id integer primary key, n integer); \
             create table bulk (id integer primary key, n integer, b blob); \
             insert into counts values (1, 0), (2, 0); \
             with recursive n(i) as (values(1) union all select i + 1 from n where i < {rows}) \
             insert into bulk select i, 0, zeroblob(1000) from n;",
        ))
        .expect("tables");
    (folder, path, writer)
}

/// One change: the same number everywhere it touches, first and last page of the file among them.
fn change(writer: &Connection, n: u32, rows: u32) {
    let (a, b) = (n.wrapping_mul(7919) % rows + 1, n.wrapping_mul(104_729) % rows + 1);
    writer
        .execute_batch(&format!(
            "begin; update counts set n = {n}; update bulk set n = {n} where id in ({a}, {b}); \
             insert into bulk (n, b) values ({n}, zeroblob(900)); commit;"
        ))
        .expect("a change");
}

/// How many changes are in a copy, which has each of them whole or not at all.
fn judge(copy: &Path) -> u32 {
    let copy = Connection::open(copy).expect("the copy");
    let said: String =
        copy.query_row("pragma integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(said, "ok");
    let ask = "select (select min(n) from counts), (select max(n) from counts), \
               (select max(n) from bulk), (select count(distinct n) from bulk where length(b) = 900)";
    let (least, most, last, all): (u32, u32, u32, u32) = copy
        .query_row(ask, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .expect("counted");
    assert_eq!((least, last, all), (most, most, most));
    most
}

fn fold(writer: &Connection) {
    writer.query_row("pragma wal_checkpoint(restart)", [], |_| Ok(())).expect("folded");
}

#[test]
fn a_copy_is_of_one_moment_while_others_write_and_the_log_starts_over() {
    const ROWS: u32 = 20_000;
    let (folder, path, writer) = database(ROWS);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let over = &over;
        let writing = scope.spawn(move || {
            writer.busy_timeout(std::time::Duration::from_millis(1)).expect("a patience");
            let mut n = 0;
            while !over.load(Ordering::Acquire) {
                n += 1;
                change(&writer, n, ROWS);
                if n % 50 == 0 {
                    fold(&writer);
                }
            }
            n
        });
        let mut before = 0;
        for round in 0..3 {
            let copied = folder.path().join(format!("{round}.db"));
            copy(&path, &copied, SMALL, |_| true).expect("a copy");
            let found = judge(&copied);
            assert!(found >= before, "{found} after {before}");
            before = found;
        }
        over.store(true, Ordering::Release);
        let all = writing.join().expect("the writer");
        assert!(before > 0 && before <= all, "{before} of {all}");
    });
}

#[test]
fn what_cannot_be_followed_is_copied_at_one_moment_all_the_same() {
    const ROWS: u32 = 2000;
    let (folder, path, writer) = database(ROWS);
    let copied = folder.path().join("copy.db");
    let (mut n, mut steps) = (0, 0);
    // The log starts over and grows past what was seen between two looks.
    copy(&path, &copied, SMALL, |_| {
        steps += 1;
        if steps > 3 {
            return true;
        }
        for _ in 0..40 {
            n += 1;
            change(&writer, n, ROWS);
        }
        fold(&writer);
        for _ in 0..80 {
            n += 1;
            change(&writer, n, ROWS);
        }
        true
    })
    .expect("a copy");
    assert!(judge(&copied) > 0);
}

#[test]
fn a_database_without_a_log_is_copied_and_one_that_shrinks_is_cut_off() {
    const ROWS: u32 = 3000;
    let (folder, path, writer) = database(ROWS);
    let copied = folder.path().join("copy.db");
    let mut shrunk = false;
    copy(&path, &copied, SMALL, |_| {
        if !std::mem::replace(&mut shrunk, true) {
            writer.execute_batch("delete from bulk where id > 100; vacuum;").expect("vacuum");
        }
        true
    })
    .expect("a copy");
    judge(&copied);
    let size = |path: &Path| std::fs::metadata(path).expect("a file").len();
    assert!(size(&copied) < 400_000, "{}", size(&copied));

    writer.execute_batch("pragma journal_mode = delete").expect("no log");
    copy(&path, &copied, Pace::FULL, |_| true).expect("a copy");
    judge(&copied);
    assert_eq!(size(&copied), size(&path));
}

#[test]
fn who_says_no_ends_it_and_what_is_no_database_is_refused() {
    let (folder, path, _writer) = database(100);
    let copied = folder.path().join("copy.db");
    let error = copy(&path, &copied, SMALL, |_| false).expect_err("called off");
    assert_eq!(error.code(), "cancelled");
    let odd = folder.path().join("odd.db");
    std::fs::write(&odd, [7; 5000]).expect("a file");
    assert!(copy(&odd, &copied, SMALL, |_| true).is_err());
}
