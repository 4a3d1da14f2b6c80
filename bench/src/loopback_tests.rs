use anyhow::Result;

use super::{parse_url, postgres_url};

#[test]
fn this_machine_is_accepted() -> Result<()> {
    assert_eq!(parse_url("http://127.0.0.1:8080")?.to_string(), "127.0.0.1:8080");
    assert_eq!(parse_url("http://localhost:81/")?.to_string(), "127.0.0.1:81");
    assert_eq!(parse_url("http://[::1]:82")?.to_string(), "[::1]:82");
    assert_eq!(parse_url("http://[::1]")?.to_string(), "[::1]:80");
    Ok(())
}

#[test]
fn every_other_machine_is_refused() {
    for url in [
        "https://127.0.0.1:8080",
        "http://example.com",
        "http://10.0.0.1:8080",
        "http://0.0.0.0:8080",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://localhost:8080/path",
        "http://[::2]:80",
        "127.0.0.1:8080",
    ] {
        assert!(parse_url(url).is_err(), "{url}");
    }
}

#[test]
fn a_database_is_named_on_this_machine_only() -> Result<()> {
    let url = postgres_url("postgres://postgres:se@cret@127.0.0.1:5432/postgres", Some("bench"))?;
    assert_eq!(url, "postgres://postgres:se@cret@127.0.0.1:5432/bench");
    assert_eq!(
        postgres_url("postgresql://localhost", Some("bench"))?,
        "postgres://127.0.0.1:5432/bench"
    );
    assert_eq!(
        postgres_url("postgres://a@localhost/own", None)?,
        "postgres://a@127.0.0.1:5432/own"
    );
    for url in [
        "postgres://postgres@db.example.com/postgres",
        "postgres://postgres@127.0.0.1/postgres?host=db.example.com",
        "postgres://postgres@127.0.0.1,db.example.com/postgres",
        "postgres://%2Ftmp/postgres",
        "host=127.0.0.1",
    ] {
        assert!(postgres_url(url, Some("bench")).is_err(), "{url}");
    }
    Ok(())
}
