/// Older write-ahead-log code can corrupt a file when a checkpoint meets a restart
/// (<https://sqlite.org/wal.html#the_wal_reset_bug>).
#[test]
fn the_bundled_sqlite_is_new_enough() {
    assert!(rusqlite::version_number() >= 3_051_003, "SQLite {}", rusqlite::version());
}

/// Given in `.cargo/config.toml`.
#[test]
fn the_bundled_sqlite_has_what_copies_need() {
    let connection = rusqlite::Connection::open_in_memory().expect("a database");
    let pages: i64 = connection
        .query_row("select count(*) from sqlite_dbpage", [], |row| row.get(0))
        .expect("built with SQLITE_ENABLE_DBPAGE_VTAB");
    assert_eq!(pages, 0);
}
