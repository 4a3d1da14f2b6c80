//! Cutting a thing's text, or a text, into chunks.

use serde_json::{Value, json};

use super::{each, has_shape, note, refused, rows, team, thing};
use crate::stage::on_both;

/// Sentences of which about twenty make a chunk.
fn long_text(word: &str, sentences: usize) -> String {
    let of_words = |number: usize| format!("Sentence {number} {}. ", format!("{word} ").repeat(20));
    (0..sentences).map(of_words).collect()
}

fn of(answer: &Value, key: &str) -> Vec<String> {
    each(answer["data"].as_array().map_or(&[], Vec::as_slice), key)
}

#[tokio::test]
async fn a_text_is_cut_into_chunks_that_overlap_and_know_their_place() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "cutting").await;
        let text = long_text("größe", 80);
        let ask = json!({ "groupId": team, "text": text, "labels": ["topic:cut"] });
        let cut = bob.post("/v1/knowledge/embed", ask.clone()).await.was(200).json();
        has_shape(&cut, &["data", "unchanged", "embedded"]);
        assert_eq!((&cut["unchanged"], &cut["embedded"]), (&json!(false), &json!(false)));
        let chunks = cut["data"].as_array().cloned().unwrap_or_default();
        assert!(chunks.len() >= 3, "{}", chunks.len());
        let letters: Vec<char> = text.chars().collect();
        let mut before = 0;
        for (index, chunk) in chunks.iter().enumerate() {
            assert_eq!((&chunk["type"], &chunk["groupId"]), (&json!("chunk"), &json!(team)));
            assert_eq!(chunk["labels"], json!(["topic:cut"]));
            has_shape(&chunk["chunk"], &["index", "start", "end", "source"]);
            assert_eq!(chunk["chunk"]["index"], index);
            let at = |key: &str| {
                let number = chunk["chunk"][key].as_u64().unwrap_or_default();
                usize::try_from(number).expect("a position")
            };
            let (start, end) = (at("start"), at("end"));
            let words: String = letters[start..end].iter().collect();
            assert_eq!(chunk["text"], words, "it says what stands there");
            assert!(end - start <= 3200 && (index == 0 || start < before), "{start}..{end}");
            before = end;
        }
        // The same again is what there is.
        let again = bob.post("/v1/knowledge/embed", ask.clone()).await.was(200).json();
        assert_eq!((&again["unchanged"], &again["data"]), (&json!(true), &cut["data"]));
        let list = format!("/v1/knowledge?groupId={team}&type=chunk&limit=200");
        assert_eq!(rows(&bob, &list).await.len(), chunks.len());
        // Somebody else's are their own, and other labels are a change.
        let hers = stage.alice().post("/v1/knowledge/embed", ask).await.was(200).json();
        assert_eq!(hers["unchanged"], false);
        let ask = json!({ "groupId": team, "text": text });
        let plain = bob.post("/v1/knowledge/embed", ask).await.was(200).json();
        assert_eq!(
            (&plain["unchanged"], plain["data"][0]["labels"].clone()),
            (&json!(false), json!([]))
        );
        assert_eq!(rows(&bob, &list).await.len(), 2 * chunks.len());
    })
    .await;
}

#[tokio::test]
async fn the_chunks_of_a_thing_follow_its_text() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "embedding").await;
        let body = json!({ "groupId": team, "type": "note", "name": "The name",
            "properties": { "content": long_text("alpha", 60), "pinned": true } });
        let id = thing(&bob, body).await;
        let ask = json!({ "thingId": id });
        let first = bob.post("/v1/knowledge/embed", ask.clone()).await.was(200).json();
        let first_ids = of(&first, "id");
        assert!(first_ids.len() > 1 && first["unchanged"] == false, "{first}");
        assert!(of(&first, "text")[0].starts_with("The name\n\nSentence 0 alpha"));
        assert!(of(&first, "sourceThingId").iter().all(|source| *source == id));
        let again = bob.post("/v1/knowledge/embed", ask.clone()).await.was(200).json();
        assert_eq!((&again["unchanged"], of(&again, "id")), (&json!(true), first_ids.clone()));
        // Another version with the same words is no reason to cut again.
        let path = format!("/v1/things/{id}");
        bob.patch(&path, json!({ "properties": { "pinned": false } })).await.was(200);
        let same = alice.post("/v1/knowledge/embed", ask.clone()).await.was(200).json();
        assert_eq!((&same["unchanged"], of(&same, "id")), (&json!(true), first_ids.clone()));
        let kept = json!({ "type": "document", "text": "kept", "sourceThingId": id });
        let kept = bob.post("/v1/knowledge", kept).await.was(201).id();
        bob.patch(&path, json!({ "properties": { "content": "Short." } })).await.was(200);
        let short = bob.post("/v1/knowledge/embed", ask.clone()).await.was(200).json();
        assert_eq!(of(&short, "text"), ["The name\n\nShort."]);
        let about = format!("/v1/knowledge?sourceThingId={id}");
        let left = each(&rows(&bob, &about).await, "id");
        assert_eq!(left, [of(&short, "id")[0].clone(), kept]);
        for gone in first_ids {
            bob.get(&format!("/v1/knowledge/{gone}")).await.was_problem(404, "not_found");
        }
        let hers = note(&alice, &team, "hers").await;
        let answer = bob.post("/v1/knowledge/embed", json!({ "thingId": hers })).await;
        answer.was_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    on_both(async |stage| {
        let bob = stage.bob();
        let thing = note(&bob, &stage.acme, "thing").await;
        for (body, pointer, code) in [
            (json!({}), "/text", "missing_field"),
            (json!({ "text": "" }), "/text", "too_short"),
            (json!({ "text": "x", "thingId": thing }), "/text", "ambiguous"),
            (json!({ "thingId": "x" }), "/thingId", "invalid_value"),
            (json!({ "text": "x", "labels": ["x"] }), "/labels/0", "invalid_label"),
            (json!({ "text": "x", "model": "y" }), "/model", "unknown_field"),
        ] {
            refused(bob.post("/v1/knowledge/embed", body).await, pointer, code);
        }
        let absent = json!({ "thingId": "thing_01jd7jrykgfk1sh8nw1g60edsf" });
        bob.post("/v1/knowledge/embed", absent).await.was_problem(404, "not_found");
        // A text of one word is one chunk, in one's own group.
        let one = bob.post("/v1/knowledge/embed", json!({ "text": "word" })).await.was(200).json();
        assert_eq!(
            (of(&one, "text"), of(&one, "groupId")),
            (vec!["word".to_owned()], vec![bob.home.clone()])
        );
    })
    .await;
}

#[tokio::test]
async fn a_megabyte_without_a_blank_is_cut_in_time() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "megabyte").await;
        let text = "x".repeat((1 << 20) - 200);
        let ask = json!({ "groupId": team, "text": text });
        // Where the cost grows with the square of the length, the server gives it up long before.
        let cut = bob.post("/v1/knowledge/embed", ask).await.was(200).json();
        let count = cut["data"].as_array().map_or(0, Vec::len);
        assert!(count > 300, "{count}");
    })
    .await;
}
