//! A question that would read too much is given up early, and told what would help.

use serde_json::{Value, json};

use super::team;
use crate::engines::Engine;
use crate::people::{Person, encoded};
use crate::stage::Stage;

/// Things there are; each has a text that takes a while to look through.
const THINGS: usize = 3_000;

#[tokio::test]
async fn a_filter_that_reads_too_much_says_what_to_index() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let team = team(&stage, "expensive").await;
        let alice = stage.alice();
        for part in 0..THINGS / 500 {
            let items: Vec<Value> = (0..500)
                .map(|number| {
                    let text = format!("{part} {number} {}", "lorem ipsum ".repeat(60));
                    json!({ "groupId": team, "type": "note", "name": "n",
                        "properties": { "body": text, "size": number } })
                })
                .collect();
            let body = json!({ "items": items });
            alice.post("/v1/things/bulk", body).await.was(200);
        }
        stage.server.stop();
        stage.server.set("SIXFOLD_DATABASE_FILTER_BUDGET_MS", "1");
        stage.server.run();
        let alice = Person { base: stage.server.url().to_owned(), ..stage.alice() };
        let never: Vec<String> =
            (0..40).map(|one| format!("properties.body.contains(\"no {one}\")")).collect();
        let filter = encoded(&never.join(" || "));
        let list = format!("/v1/things?groupId={team}&filter={filter}");
        let answer = alice.get(&list).await.was_problem(422, "query_too_expensive");
        let told = answer.json();
        assert_eq!(told["errors"][0]["pointer"], "filter", "{told}");
        assert!(told["message"].as_str().is_some_and(|text| text.contains("`body`")), "{told}");
        // What an index answers is found within the same time, and so is what is asked plainly.
        alice.get(&format!("/v1/things?groupId={team}&type=note&limit=5")).await.was(200);
        let gone = encoded("properties.body == null && name == \"m\"");
        alice.get("/v1/health").await.was(200);
        stage.server.stop();
        stage.server.set("SIXFOLD_DATABASE_FILTER_BUDGET_MS", "0");
        stage.server.run();
        let alice = Person { base: stage.server.url().to_owned(), ..alice };
        let path = format!("/v1/things?groupId={team}&count=exact&filter={gone}");
        assert_eq!(alice.get(&path).await.was(200).json()["total"], 0);
    }
}
