//! The five people of the stage stand where the story says.

use serde_json::json;

use crate::stage::on_both;

#[tokio::test]
async fn everybody_may_what_the_story_says() {
    on_both(async |stage| {
        let (alice, bob, vera, carol) = (stage.alice(), stage.bob(), stage.vera(), stage.carol());
        let note = json!({ "groupId": stage.acme, "type": "note", "name": "plan" });
        let path = format!("/v1/things/{}", bob.post("/v1/things", note.clone()).await.was(201).id());
        for person in [&alice, &bob, &vera, &stage.root()] {
            person.get(&path).await.was(200);
        }
        carol.get(&path).await.was_problem(404, "not_found");
        stage.nobody().get(&path).await.was_problem(401, "unauthenticated");

        alice.patch(&path, json!({ "name": "better plan" })).await.was(200);
        vera.patch(&path, json!({ "name": "worse plan" })).await.was(403);
        carol.patch(&path, json!({ "name": "no plan" })).await.was(404);
        vera.post("/v1/things", note.clone()).await.was(403);
        carol.post("/v1/things", note).await.was(404);

        let globex = format!("/v1/groups/{}", stage.globex);
        carol.get(&globex).await.was(200);
        for person in [&alice, &bob, &carol] {
            let own = person.get(&format!("/v1/groups/{}", person.home)).await;
            own.was(200);
        }
        alice.get(&format!("/v1/groups/{}", carol.home)).await.was(404);
    })
    .await;
}
