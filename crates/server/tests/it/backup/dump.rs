//! PostgreSQL: the commands of docs/backup.md, with the tools that come with it.

use std::io::Write as _;
use std::process::Command;

use serde_json::json as body;

use crate::engines::{Database, Engine, required};
use crate::stage::Stage;

/// Whether the tools are there; where the tests need PostgreSQL they have to be.
fn tools() -> bool {
    let there = ["pg_dump", "pg_restore"]
        .iter()
        .all(|tool| Command::new(tool).arg("--version").output().is_ok());
    if !there {
        assert!(!required("postgres"), "pg_dump and pg_restore are not installed");
        let _ = writeln!(std::io::stderr(), "skipped: pg_dump and pg_restore are not installed");
    }
    there
}

fn run(command: &mut Command) -> (bool, String) {
    let out = command.output().expect("it starts");
    (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
}

#[tokio::test]
async fn a_dump_comes_back_whole_into_a_fresh_database() {
    for engine in Engine::all() {
        let Engine::Postgres(server) = &engine else { continue };
        if !tools() {
            continue;
        }
        let stage = Stage::open(&engine).await;
        let note = body!({ "groupId": stage.acme, "type": "note", "name": "kept" });
        let note = stage.alice().post("/v1/things", note).await.was(201).id();
        let file = stage.server.folder().join("sixfold.dump");
        let database = stage.server.database().expect("a database");

        // The role of the server is bound by the wall: it says how far it reaches, or is refused.
        let plain = run(Command::new("pg_dump")
            .args(["--format=custom", "--file"])
            .arg(&file)
            .arg(&database.url));
        assert!(!plain.0 && plain.1.contains("row-level security"), "{plain:?}");
        let own = run(Command::new("pg_dump")
            .env("PGOPTIONS", "-c sixfold.reach=everything")
            .args(["--format=custom", "--enable-row-security", "--file"])
            .arg(&file)
            .arg(&database.url));
        assert!(own.0, "{own:?}");
        let as_admin = stage.server.folder().join("admin.dump");
        let admin = run(Command::new("pg_dump")
            .args(["--format=custom", "--file"])
            .arg(&as_admin)
            .arg(database.as_admin()));
        assert!(admin.0, "{admin:?}");

        for dump in [&file, &as_admin] {
            let fresh = Database::create(server).await;
            let back = run(Command::new("pg_restore")
                .args(["--exit-on-error", "--single-transaction", "--no-owner", "--dbname"])
                .arg(&fresh.url)
                .arg(dump)
                .env("PGOPTIONS", "-c sixfold.reach=everything"));
            assert!(back.0, "{back:?}");
            let mut other = stage.server.twin();
            other.set("DATABASE_URL", &fresh.url);
            let doctor = other.say(&["doctor"]);
            assert_eq!(doctor.code, 0, "{doctor:?}");
            other.run();
            let alice = stage.alice().at(other.url()).fresh();
            alice.get(&format!("/v1/things/{note}")).await.was(200);
            // Behind the wall as before, and ready to go on.
            let more = body!({ "groupId": stage.acme, "type": "note", "name": "after" });
            alice.post("/v1/things", more).await.was(201);
            let carol = stage.carol().at(other.url()).fresh();
            carol.get(&format!("/v1/things/{note}")).await.was(404);
            let found =
                fresh.all("{}", "select id::text from things where visibility <> 'public'").await;
            assert!(found.is_empty(), "who says nothing reaches nothing: {found:?}");
            other.stop();
        }
    }
}
