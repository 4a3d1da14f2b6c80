//! All or nothing, one after the other, durable, and the same on both engines.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use database::{Db, Value, args};
use types::{Error, ErrorKind, Json, Result, Time};
use uuid::Uuid;

use crate::engines::Fresh;
use crate::on_each;

async fn claim(db: &Db, name: &str) -> Result<()> {
    let name = name.to_owned();
    db.unbound()
        .write(async move |tx| {
            tx.run("insert into once (name, claimed_at) values ($1, 0)", args![&name]).await?;
            Ok(())
        })
        .await
}

async fn names(db: &Db) -> Vec<String> {
    db.unbound()
        .read(async |tx| tx.all("select name from once order by name", &[], |row| row.get(0)).await)
        .await
        .expect("a list")
}

on_each!(rows_are_looked_at_until_there_are_enough, |store| {
    for name in ["a", "b", "c", "d"] {
        claim(&store.db, name).await.expect("a change");
    }
    let looked = store.db.unbound().read(async |tx| {
        let mut seen: Vec<String> = Vec::new();
        tx.until("select name from once order by name", &[], |row| {
            seen.push(row.get(0)?);
            Ok(if seen.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
        .await?;
        // What was left is in nobody's way.
        let all: i64 = tx.one("select count(*) from once", &[], |row| row.get(0)).await?;
        Ok((seen, all))
    });
    let (seen, all) = looked.await.expect("a look");
    assert_eq!((seen, all), (vec!["a".to_owned(), "b".to_owned()], 4));
});

on_each!(a_change_is_there_when_write_returns, |store| {
    claim(&store.db, "one").await.expect("a change");
    assert_eq!(names(&store.db).await, ["one"]);
});

on_each!(a_failing_change_leaves_nothing_and_harms_nobody, |store| {
    let db = &store.db;
    let failing = async {
        db.unbound()
            .write(async |tx| {
                tx.run("insert into once (name, claimed_at) values ('half', 0)", &[]).await?;
                Err::<(), _>(Error::conflict("no", "No."))
            })
            .await
    };
    let good = futures_util::future::join_all(
        (0..20).map(|n| async move { claim(db, &format!("good {n:02}")).await }),
    );
    let (failed, done) = futures_util::future::join(failing, good).await;
    assert_eq!(failed.expect_err("the failure").code(), "no");
    assert!(done.iter().all(Result::is_ok));
    assert_eq!(names(db).await.len(), 20);
});

on_each!(a_panic_is_an_error_and_the_store_lives_on, |store| {
    let panicked = store
        .db
        .unbound()
        .write(async |tx| {
            tx.run("insert into once (name, claimed_at) values ('half', 0)", &[]).await?;
            if tx.wrote() {
                panic!("on purpose");
            }
            Ok(())
        })
        .await;
    assert_eq!(panicked.expect_err("the panic").kind(), ErrorKind::Internal);
    claim(&store.db, "after").await.expect("the next change");
    assert_eq!(names(&store.db).await, ["after"]);
});

on_each!(a_swallowed_failure_cannot_be_committed, |store| {
    claim(&store.db, "taken").await.expect("a change");
    let outcome = store
        .db
        .unbound()
        .write(async |tx| {
            tx.run("insert into once (name, claimed_at) values ('half', 0)", &[]).await?;
            let _ = tx.run("insert into once (name, claimed_at) values ('taken', 0)", &[]).await;
            Ok(())
        })
        .await;
    assert!(outcome.is_err(), "PostgreSQL cannot commit this, so neither may SQLite");
    assert_eq!(names(&store.db).await, ["taken"]);
});

on_each!(a_nested_part_fails_alone, |store| {
    store
        .db
        .unbound()
        .write(async |tx| {
            tx.run("insert into once (name, claimed_at) values ('outer', 0)", &[]).await?;
            let inner = tx
                .nested(async |tx| {
                    tx.run("insert into once (name, claimed_at) values ('inner', 0)", &[]).await?;
                    tx.run("insert into once (name, claimed_at) values ('outer', 0)", &[]).await
                })
                .await;
            assert_eq!(inner.expect_err("a duplicate").code(), "already_exists");
            tx.run("insert into once (name, claimed_at) values ('last', 0)", &[]).await?;
            Ok(())
        })
        .await
        .expect("the outer change");
    assert_eq!(names(&store.db).await, ["last", "outer"]);
});

on_each!(two_hundred_writers_that_read_first_lose_nothing, each_wide, |store| {
    claim(&store.db, "counter").await.expect("a counter");
    let writers = (0..200).map(|_| {
        let db = store.db.clone();
        tokio::spawn(async move {
            // Read, then write what was read plus one: only true isolation keeps the sum.
            loop {
                let outcome = db
                    .unbound()
                    .write(async |tx| {
                        let count: i64 = tx
                            .one("select claimed_at from once where name = 'counter'", &[], |row| {
                                row.get(0)
                            })
                            .await?;
                        tx.run(
                            "update once set claimed_at = $1 where name = 'counter'",
                            args![count + 1],
                        )
                        .await
                    })
                    .await;
                match outcome {
                    Ok(_) => return,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Overloaded, "{error}"),
                }
            }
        })
    });
    for writer in futures_util::future::join_all(writers).await {
        writer.expect("a writer");
    }
    let count: i64 = store
        .db
        .unbound()
        .read(async |tx| {
            tx.one("select claimed_at from once where name = 'counter'", &[], |row| row.get(0))
                .await
        })
        .await
        .expect("the counter");
    assert_eq!(count, 200);
});

on_each!(constraints_have_the_same_name_on_both_engines, |store| {
    claim(&store.db, "twice").await.expect("a change");
    let taken = claim(&store.db, "twice").await.expect_err("a duplicate");
    assert_eq!((taken.kind(), taken.code()), (ErrorKind::Conflict, "already_exists"));
    let dangling = store
        .db
        .unbound()
        .write(async |tx| {
            tx.run(
                "insert into group_ancestors (group_id, ancestor_id, depth) values ($1, $1, 0)",
                args![Uuid::from_u128(1)],
            )
            .await
        })
        .await
        .expect_err("a dangling reference");
    assert_eq!((dangling.kind(), dangling.code()), (ErrorKind::Conflict, "reference_broken"));
});

on_each!(every_kind_of_value_comes_back, |store| {
    let id = Uuid::from_u128(0x0193_4f2c_7a10_7cc3_98c4_dc0c_0c07_398f);
    store
        .db
        .unbound()
        .write(async move |tx| {
            let json = Json::from_text(r#"{"a": [1, "ü", null]}"#.to_owned())?;
            tx.run(
                "insert into jobs (id, kind, payload, state, attempts, max_attempts, run_at, \
                 created_at, updated_at, last_error) \
                 values ($1, $2, $3, 'queued', $4, $4, $5, $5, $5, $6)",
                args![id, "schlüssel", &json, 7_i64, Time::from_micros(1_234_567), None::<&str>],
            )
            .await?;
            let (back, kind, payload, attempts, at, none): (Uuid, String, Json, i64, Time, Option<String>) =
                tx.one(
                    "select id, kind, payload, attempts, run_at, last_error from jobs where id = $1",
                    args![id],
                    |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
                    },
                )
                .await?;
            assert_eq!((back, kind.as_str(), attempts), (id, "schlüssel", 7));
            assert_eq!(payload.to_map()["a"][1], "ü");
            assert_eq!((at.micros(), none), (1_234_567, None));
            Ok(())
        })
        .await
        .expect("a round trip");
});

on_each!(the_log_learns_which_constraint_broke_and_nothing_of_the_row, |store| {
    claim(&store.db, "ada@example.com").await.expect("a change");
    let error = claim(&store.db, "ada@example.com").await.expect_err("a second one");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "already_exists"));
    let cause = error.cause().expect("a cause");
    assert!(!cause.contains("ada"), "{cause}");
    assert!(cause.contains("once"), "{cause}");
    assert!(!format!("{error:?}").contains("ada"), "{error:?}");
    if store.db.engine().name() == "postgres" {
        assert!(cause.starts_with("ERROR 23505: duplicate key value"), "{cause}");
        // What lacks a value quotes the whole row in its detail.
        let broken = store.db.unbound().write(async |tx| {
            tx.run("insert into once (name, claimed_at) values ('ada', null)", &[]).await
        });
        let cause = broken.await.expect_err("no moment").cause().expect("a cause");
        assert!(cause.contains("23502") && !cause.contains("ada"), "{cause}");
    }
});

on_each!(many_rows_are_inserted_together_but_for_those_that_are_there, |store| {
    claim(&store.db, "name 007").await.expect("a change");
    let made = store
        .db
        .unbound()
        .write(async |tx| {
            // Several statements of different lengths on PostgreSQL.
            let all: Vec<String> = (0..300).map(|number| format!("name {number:03}")).collect();
            let rows: Vec<_> =
                all.iter().flat_map(|name| [Value::from(name), Value::from(1_i64)]).collect();
            let head = "insert into once (name, claimed_at) values ";
            tx.insert_each(head, " on conflict (name) do nothing", 2, &rows).await
        })
        .await
        .expect("rows");
    assert_eq!(made, 299);
    let all: Vec<String> = (0..300).map(|number| format!("name {number:03}")).collect();
    assert_eq!(names(&store.db).await, all);
});

on_each!(of_a_rehearsal_nothing_is_kept_but_its_answer, |store| {
    claim(&store.db, "there").await.expect("a change");
    let store_of = || store.db.unbound();
    let counted = store_of().rehearse(async |tx| {
        tx.run("insert into once (name, claimed_at) values ('tried', 0)", &[]).await?;
        tx.one("select count(*) from once", &[], |row| row.get::<i64>(0)).await
    });
    assert_eq!(counted.await.expect("an answer"), 2);
    let again = "insert into once (name, claimed_at) values ('there', 0)";
    let refused = store_of().rehearse(async move |tx| tx.run(again, &[]).await).await;
    assert_eq!(refused.expect_err("a duplicate").code(), "already_exists");
    // What is put off fails all the same.
    let late = store_of().rehearse(async move |tx| tx.run_later(again, &[]).await).await;
    assert_eq!(late.expect_err("a duplicate").code(), "already_exists");
    assert_eq!(names(&store.db).await, ["there"]);
});

/// Only where there is more than one writer: on SQLite nobody writes meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_does_not_lose_to_who_changes_what_it_has_read() {
    const COUNT: &str = "select claimed_at from once where name = 'counter'";
    let Some(store) = Fresh::postgres().await else { return };
    claim(&store.db, "counter").await.expect("a counter");
    let (runs, other) = (Arc::new(AtomicU32::new(0)), store.db.clone());
    let counted = Arc::clone(&runs);
    let seen = store.db.unbound().rehearse(async move |tx| {
        counted.fetch_add(1, Ordering::AcqRel);
        let before: i64 = tx.one(COUNT, &[], |row| row.get(0)).await?;
        let more = "update once set claimed_at = claimed_at + 1 where name = 'counter'";
        other.unbound().write(async move |tx| tx.run(more, &[]).await).await?;
        tx.run(more, &[]).await?;
        let after: i64 = tx.one(COUNT, &[], |row| row.get(0)).await?;
        Ok((before, after))
    });
    assert_eq!(seen.await.expect("an answer"), (0, 2), "its own and the other's");
    assert_eq!(runs.load(Ordering::Acquire), 1);
    let left =
        store.db.unbound().read(async |tx| tx.one(COUNT, &[], |row| row.get::<i64>(0)).await);
    assert_eq!(left.await.expect("the counter"), 1, "the other's");
    store.done().await;
}

/// An update that says itself what it expects to find is not told by the engine that it lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_that_finds_what_it_has_read_changed_is_run_again() {
    let Some(store) = Fresh::postgres().await else { return };
    claim(&store.db, "counter").await.expect("a counter");
    let (runs, other) = (Arc::new(AtomicU32::new(0)), store.db.clone());
    let counted = Arc::clone(&runs);
    let seen = store.db.unbound().rehearse(async move |tx| {
        let first = counted.fetch_add(1, Ordering::AcqRel) == 0;
        let sql = "select claimed_at from once where name = 'counter'";
        let before: i64 = tx.one(sql, &[], |row| row.get(0)).await?;
        if first {
            let more = "update once set claimed_at = claimed_at + 1 where name = 'counter'";
            other.unbound().write(async move |tx| tx.run(more, &[]).await).await?;
        }
        let set = "update once set claimed_at = 9 where name = 'counter' and claimed_at = $1";
        // As dry runs have it: in a part of its own.
        let rows = tx.nested(async move |tx| match tx.run(set, args![before]).await? {
            0 => Err(tx.lost("Others were faster.")),
            rows => Ok(rows),
        });
        Ok((before, rows.await?))
    });
    assert_eq!(seen.await.expect("an answer"), (1, 1), "the other's, and its own row");
    assert_eq!(runs.load(Ordering::Acquire), 2);
    store.done().await;
}

/// Whatever the locale of the database: exports and pages along a name are in the same order on both
/// engines.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_pages_go_along_are_ordered_by_their_bytes() {
    let Some(store) = Fresh::postgres().await else { return };
    for (table, column) in
        [("group_roles", "name"), ("groups", "slug"), ("registered_types", "name")]
    {
        let sql = format!(
            "select cast(l.collname as text) from pg_attribute a \
             join pg_collation l on l.oid = a.attcollation \
             where a.attrelid = cast('{table}' as regclass) and a.attname = '{column}'"
        );
        let look = store
            .db
            .unbound()
            .read(async move |tx| tx.one(&sql, &[], |row| row.get::<String>(0)).await);
        assert_eq!(look.await.expect("a collation"), "C", "{table}.{column}");
    }
    store.done().await;
}
