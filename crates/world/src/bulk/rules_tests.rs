//! Together and one by one, the same is stored.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::connections::stage::{ACME, GLOBEX, Stage};
use crate::things::model::NewThing;
use crate::things::rules as things;

/// What of things and their events does not depend on when they were made.
async fn stored(stage: &Stage) -> Vec<String> {
    const ROWS: &str = "select t.type || t.name || cast(t.properties as text) || t.status \
         || t.visibility || t.version || coalesce(cast(t.hidden as text), '-') || e.type \
         || cast(e.metadata as text) || e.visibility || e.target_kind \
         || (e.actor_id = t.owner_id) || (e.owner_id = t.owner_id) || (e.occurred_at = t.created_at) \
         from events e join things t on t.id = e.target_id order by e.seq";
    let rows =
        stage.app.db.unbound().read(async |tx| tx.all(ROWS, &[], |row| row.get(0)).await).await;
    rows.expect("rows")
}

fn items() -> impl Strategy<Value = Vec<Value>> {
    let kind = prop_oneof![Just("note"), Just("course"), Just("nothing")];
    let price = prop_oneof![Just(json!(40)), Just(json!("free")), Just(json!(null))];
    let visibility = prop_oneof![Just("private"), Just("group"), Just("public"), Just("secret")];
    let group = prop_oneof![9 => Just(ACME), 1 => Just(GLOBEX)];
    let item = (kind, "[a-c]{0,2}", price, visibility, group).prop_map(
        |(kind, name, price, visibility, group)| {
            json!({
                "groupId": group, "type": kind, "name": name, "visibility": visibility,
                "properties": { "price": price },
            })
        },
    );
    prop::collection::vec(item, 1..20)
}

async fn one_by_one(stage: &Stage, items: &[Value]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for item in items {
        let made = match web::parse::<NewThing>(item.to_string().as_bytes()) {
            Ok(new) => things::create(&stage.app, &stage.alice, new).await.map(drop),
            Err(error) => Err(error),
        };
        statuses.push(made.map_or_else(|error| error.kind().status(), |()| 201));
    }
    statuses
}

async fn together(stage: &Stage, items: &[Value]) -> Vec<u16> {
    let items = items.iter().map(|item| RawValue::from_string(item.to_string()).expect("JSON"));
    let bulk = Bulk { items: items.collect(), mode: Mode::Create, key: None };
    let answer = create(&stage.app, &stage.alice, Of::Things, bulk).await.expect("an answer");
    answer.results.iter().map(|one| one.status).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn the_same_is_stored_and_answered(items in items()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let (one, other) = (Stage::open().await, Stage::open().await);
            let singly = one_by_one(&one, &items).await;
            let bulk = together(&other, &items).await;
            assert_eq!(bulk, singly);
            assert_eq!(stored(&other).await, stored(&one).await);
            one.close().await;
            other.close().await;
        });
    }
}
