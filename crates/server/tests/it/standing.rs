//! The five people of the stage stand where the story says.

use serde_json::json;

use crate::stage::on_both;

#[tokio::test]
async fn everybody_may_what_the_story_says() {
    on_both(async |stage| {
        let (alice, bob, vera, carol) = (stage.alice(), stage.bob(), stage.vera(), stage.carol());
        let note = json!({ "groupId": stage.acme, "type": "note", "name": "plan" });
        let inside = bob.post("/v1/things", note.clone()).await.was(201).id();
        let inside = format!("/v1/things/{inside}");
        for person in [&alice, &bob, &stage.root()] {
            person.get(&inside).await.was(200);
        }
        // A customer sees what is public and what is her own.
        for person in [&vera, &carol] {
            person.get(&inside).await.was_problem(404, "not_found");
            person.patch(&inside, json!({ "name": "no plan" })).await.was_problem(404, "not_found");
            person.delete(&inside).await.was_problem(404, "not_found");
        }
        stage.nobody().get(&inside).await.was_problem(401, "unauthenticated");
        alice.patch(&inside, json!({ "name": "better plan" })).await.was(200);
        alice.patch(&inside, json!({ "visibility": "public" })).await.was(200);
        vera.get(&inside).await.was(200);
        vera.patch(&inside, json!({ "name": "worse plan" })).await.was(403);
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
