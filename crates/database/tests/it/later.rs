//! What is put off until the next statement, or the commit, is as if it had been done at once.

use database::{Db, Reach, Tx, args};
use types::{GroupId, Result};
use uuid::Uuid;

use crate::engines::Fresh;
use crate::on_each;

const CLAIM: &str = "insert into once (name, claimed_at) values ($1, 0)";

async fn names(tx: &mut Tx) -> Result<Vec<String>> {
    tx.all("select name from once order by name", &[], |row| row.get(0)).await
}

async fn left(db: &Db) -> Vec<String> {
    db.unbound().read(async |tx| names(tx).await).await.expect("a list")
}

on_each!(what_was_put_off_is_seen_by_the_next_statement_and_kept, |store| {
    let seen = store.db.unbound().write(async |tx| {
        // More than go over the wire at once.
        for number in 0..40 {
            tx.run_later(CLAIM, args![&format!("{number:02}")]).await?;
        }
        tx.run_later("update once set claimed_at = $1 where name = '07'", args![7_i64]).await?;
        let at: i64 =
            tx.one("select claimed_at from once where name = '07'", &[], |row| row.get(0)).await?;
        let rows = args!["40", 1_i64, "41", 2_i64];
        tx.insert_later("insert into once (name, claimed_at) values ", "", 2, rows).await?;
        Ok((at, tx.wrote()))
    });
    assert_eq!(seen.await.expect("a change"), (7, true));
    let expected: Vec<String> = (0..42).map(|number| format!("{number:02}")).collect();
    assert_eq!(left(&store.db).await, expected);
});

on_each!(what_is_all_that_was_done_is_committed, |store| {
    let done = store.db.unbound().write(async |tx| tx.run_later(CLAIM, args!["alone"]).await);
    done.await.expect("a change");
    assert_eq!(left(&store.db).await, ["alone"]);
});

on_each!(a_failure_of_what_was_put_off_fails_the_change, |store| {
    let db = &store.db;
    db.unbound().write(async |tx| tx.run_later(CLAIM, args!["taken"]).await).await.expect("one");
    // At the commit.
    let twice = db.unbound().write(async |tx| {
        tx.run_later(CLAIM, args!["half"]).await?;
        tx.run_later(CLAIM, args!["taken"]).await
    });
    assert_eq!(twice.await.expect_err("a duplicate").code(), "already_exists");
    // At the next statement, whatever that is.
    let seen = db.unbound().write(async |tx| {
        tx.run_later(CLAIM, args!["half"]).await?;
        tx.run_later(CLAIM, args!["taken"]).await?;
        names(tx).await
    });
    assert_eq!(seen.await.expect_err("a duplicate").code(), "already_exists");
    // Swallowed, it cannot be committed.
    let swallowed = db.unbound().write(async |tx| {
        let _ = tx.run_later(CLAIM, args!["taken"]).await;
        let _ = names(tx).await;
        Ok(())
    });
    assert!(swallowed.await.is_err());
    // An argument that fits no column.
    let odd = db.unbound().write(async |tx| tx.run_later(CLAIM, args![7_i64]).await);
    assert!(odd.await.is_err() || db.engine() == database::Engine::Sqlite);
    db.unbound()
        .write(async |tx| tx.run("delete from once where name <> 'taken'", &[]).await)
        .await
        .expect("the store lives on");
    assert_eq!(left(db).await, ["taken"]);
});

on_each!(a_part_that_fails_takes_along_what_it_put_off, |store| {
    let done = store.db.unbound().write(async |tx| {
        tx.run_later(CLAIM, args!["outer"]).await?;
        let refused = tx.nested(async |tx| {
            tx.run_later(CLAIM, args!["inner"]).await?;
            Err::<(), _>(types::Error::not_found())
        });
        assert_eq!(refused.await.expect_err("a refusal").code(), "not_found");
        // Its own failure is found out before the part ends.
        let failed = tx.nested(async |tx| {
            tx.run_later(CLAIM, args!["inner"]).await?;
            tx.run_later(CLAIM, args!["outer"]).await
        });
        assert_eq!(failed.await.expect_err("a duplicate").code(), "already_exists");
        tx.nested(async |tx| tx.run_later(CLAIM, args!["good"]).await).await?;
        tx.run_later(CLAIM, args!["last"]).await
    });
    done.await.expect("the outer change");
    assert_eq!(left(&store.db).await, ["good", "last", "outer"]);
});

on_each!(rows_tell_their_numbers, |store| {
    const EVENT: &str = "insert into events (id, group_id, type, occurred_at, metadata, visibility) \
                         values ($1, $1, 'told', 0, '{}', 'group')";
    let numbers = store.db.unbound().write(async |tx| {
        assert!(tx.nested(async |tx| tx.last_number().await).await.is_err(), "none yet");
        let mut numbers = Vec::new();
        for id in 1..=2 {
            tx.insert_numbered(EVENT, "seq", args![Uuid::from_u128(id)]).await?;
            tx.insert_numbered(EVENT, "seq", args![Uuid::from_u128(id + 10)]).await?;
            numbers.push(tx.last_number().await?);
        }
        let stored = "select seq from events where id in ($1, $2) order by seq";
        let args = args![Uuid::from_u128(11), Uuid::from_u128(12)];
        let stored: Vec<i64> = tx.all(stored, args, |row| row.get(0)).await?;
        Ok((numbers, stored))
    });
    let (numbers, stored) = numbers.await.expect("numbers");
    assert_eq!(numbers, stored);
});

on_each!(inserts_into_different_tables_are_done_or_fail_together, |store| {
    const GROUP: &str = "insert into groups (id, slug, name, type, visibility, join_policy, plan, \
                         metadata, status, version, created_at, updated_at) values ($1, 'one', \
                         'G', 'business', 'private', 'invite_only', 'free', '{}', 'active', 1, 0, 0)";
    const TYPE: &str = "insert into registered_types (group_id, dimension, name, definition, \
                        created_at, updated_at) values ($1, 'thing', $2, '{}', 0, 0)";
    const EVENT: &str = "insert into events (id, group_id, type, occurred_at, metadata, visibility) \
                         values ($1, $1, 'told', 0, '{}', 'group')";
    let [group, other] = [1, 2].map(Uuid::from_u128);
    let all = store.db.unbound().write(async move |tx| {
        tx.run_later(GROUP, args![group]).await?;
        tx.run_later(CLAIM, args!["one"]).await?;
        // Of the group that goes along.
        tx.run_later(TYPE, args![group, "one"]).await?;
        tx.insert_numbered(EVENT, "seq", args![group]).await?;
        tx.run_later(CLAIM, args!["two"]).await?;
        let number = tx.last_number().await?;
        let stored: i64 =
            tx.one("select seq from events where id = $1", args![group], |row| row.get(0)).await?;
        Ok((number == stored, names(tx).await?))
    });
    let told = ["one", "two"].map(str::to_owned).to_vec();
    assert_eq!(all.await.expect("a change"), (true, told.clone()));
    // There is no such group, and no answer that anybody waits for.
    let broken = store.db.unbound().write(async move |tx| {
        tx.run_later(CLAIM, args!["three"]).await?;
        tx.run_later(TYPE, args![other, "two"]).await?;
        tx.insert_numbered(EVENT, "seq", args![other]).await
    });
    assert_eq!(broken.await.expect_err("no group").code(), "reference_broken");
    assert_eq!(left(&store.db).await, told);
});

/// It is held to what was reached when it was said, and not to what is reached when it is sent.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_off_reaches_as_far_as_it_did_then() {
    const TYPE: &str = "insert into registered_types (group_id, dimension, name, definition, \
                        created_at, updated_at) values ($1, 'thing', $2, '{}', 0, 0)";
    let Some(store) = Fresh::postgres().await else { return };
    let db = &store.db;
    let [mine, theirs] = [1, 2].map(|id| GroupId(Uuid::from_u128(id)));
    let made = db.unbound().write(async move |tx| {
        for group in [mine, theirs] {
            tx.run_later(
                "insert into groups (id, slug, name, type, visibility, join_policy, plan, metadata, \
                 status, version, created_at, updated_at) values ($1, $2, 'G', 'business', \
                 'private', 'invite_only', 'free', '{}', 'active', 1, 0, 0)",
                args![group, &group.to_string()],
            )
            .await?;
        }
        Ok(())
    });
    made.await.expect("two groups");
    let bound = || db.bound(Reach::within([mine], None));
    let beyond = bound().write(async move |tx| {
        tx.run_later(TYPE, args![mine, "before"]).await?;
        tx.beyond(async |tx| tx.run_later(TYPE, args![theirs, "beyond"]).await).await?;
        tx.run_later(TYPE, args![mine, "after"]).await
    });
    beyond.await.expect("each within its reach");
    let outside = bound().write(async move |tx| {
        tx.run_later(TYPE, args![theirs, "outside"]).await?;
        tx.beyond(async |tx| tx.run("delete from once", &[]).await).await
    });
    assert!(outside.await.is_err(), "wider by then, and too late");
    store.done().await;
}
