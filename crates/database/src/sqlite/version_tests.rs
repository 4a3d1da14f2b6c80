/// Older write-ahead-log code can corrupt a file when a checkpoint meets a restart
/// (<https://sqlite.org/wal.html#the_wal_reset_bug>).
#[test]
fn the_bundled_sqlite_is_new_enough() {
    assert!(rusqlite::version_number() >= 3_051_003, "SQLite {}", rusqlite::version());
}
