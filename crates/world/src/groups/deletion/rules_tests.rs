use std::sync::Arc;

use database::{Tx, Value, args};
use kernel::Identity;
use uuid::Uuid;

use super::*;
use crate::connections::stage::{ACME, DEPARTMENT, Stage};

/// More than a batch.
const MANY: i64 = BATCH + 2_500;

async fn crowd(tx: &mut Tx) -> Result<()> {
    for number in 0..MANY {
        let id = Uuid::from_u128(0x1_0000 + u128::from(number.unsigned_abs()));
        tx.run(
            "insert into things (id, group_id, type, name, properties, status, visibility, tier, \
             version, created_at, updated_at) \
             values ($1, $2, 'note', 'one', $3, 'active', 'group', 'plain', 1, 0, 0)",
            args![id, DEPARTMENT, Value::Json("{}")],
        )
        .await?;
    }
    tx.run(
        "insert into groups (id, slug, name, type, visibility, join_policy, plan, metadata, \
         status, version, created_at, updated_at) values ($1, 'platform', 'p', 'business', \
         'public', 'open', 'enterprise', $2, 'active', 1, 0, 0)",
        args![Uuid::from_u128(0xff), Value::Json("{}")],
    )
    .await?;
    tx.run("update groups set status = 'archived'", &[]).await?;
    Ok(())
}

fn fresh(stage: &Stage) -> Caller {
    let authenticated_at = Some(stage.app.now());
    let identity = Identity { authenticated_at, ..stage.alice.identity().clone() };
    Caller::new(Arc::new(identity), "test".into())
}

fn confirmed() -> HowToEnd {
    HowToEnd { cascade: true, permanent: true, confirm: Some("acme".to_owned()) }
}

async fn things(stage: &Stage) -> i64 {
    stage.count("select count(*) from things where type = $1", "note").await
}

#[tokio::test]
async fn a_large_subtree_is_out_of_sight_at_once_and_removed_in_batches() {
    let stage = Stage::open().await;
    stage.app.db.unbound().write(async |tx| crowd(tx).await).await.expect("a crowd");
    let alice = fresh(&stage);
    delete(&stage.app, &alice, ACME, IfMatch(None), confirmed()).await.expect("deleted");
    let jobs = "select count(*) from jobs where kind = $1 and state = 'queued'";
    assert_eq!((stage.count(jobs, JOB).await, things(&stage).await), (1, MANY - BATCH));
    // A caller that remembers yesterday's rights finds nothing to use them on.
    for group in [ACME, DEPARTMENT] {
        let caller = alice.clone();
        let seen =
            stage.app.db.unbound().read(async move |tx| {
                access::standing_to_change(tx, &caller, group).await.map(drop)
            });
        assert_eq!(seen.await.expect_err("gone").kind().status(), 404);
    }
    // Each job removes a batch; one that runs twice does no harm.
    let house = Caller::system(JOB);
    for _ in 0..2 {
        let carried = stage.app.change(&house, async move |work| {
            work.silently();
            empty(work, ACME).await
        });
        carried.await.expect("carried on");
    }
    assert_eq!(things(&stage).await, 0);
    assert_eq!(stage.count("select count(*) from groups where slug <> $1", "globex").await, 1);
    assert_eq!(stage.events("group_deleted").await, 1);
    stage.close().await;
}

#[tokio::test]
async fn only_who_proved_it_lately_deletes() {
    let stage = Stage::open().await;
    stage
        .app
        .db
        .unbound()
        .write(async |tx| tx.run("update groups set status = 'archived'", &[]).await)
        .await
        .expect("archived");
    let refused = delete(&stage.app, &stage.alice, ACME, IfMatch(None), confirmed()).await;
    assert_eq!(refused.expect_err("not fresh").code(), "session_not_fresh");
    stage.close().await;
}
