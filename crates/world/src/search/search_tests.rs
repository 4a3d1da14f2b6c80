use kernel::Caller;
use types::Result;

use super::model::{Found, Search, Searchable};
use crate::connections::stage::{ACME, GLOBEX, Stage};
use crate::knowledge;
use crate::knowledge::model::{KnowledgeType, NewKnowledge};
use crate::things;
use crate::things::model::{Status, ThingChange, Visibility};

fn ask(query: &str) -> Search {
    Search { query: query.to_owned(), ..Search::default() }
}

async fn search(stage: &Stage, by: &Caller, ask: Search) -> Result<Vec<Found>> {
    Ok(super::rules::search(&stage.app, by, ask).await?.data)
}

async fn count(stage: &Stage, by: &Caller, query: &str) -> usize {
    search(stage, by, ask(query)).await.expect("an answer").len()
}

/// Waits until the follower has read everything that was written so far.
async fn caught_up(stage: &Stage) {
    loop {
        let behind: i64 = stage
            .app
            .db
            .unbound()
            .read(async |tx| {
                tx.one(
                    "select (select coalesce(max(seq), 0) from events) \
                     - coalesce((select seq from cursors where name = 'search'), 0)",
                    &[],
                    |row| row.get(0),
                )
                .await
            })
            .await
            .expect("a position");
        if behind == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_found_by_whoever_may_see_it() {
    let stage = Stage::open().await;
    let (app, alice, bob, carol) = (&stage.app, &stage.alice, &stage.bob, &stage.carol);
    let follower = tokio::spawn(super::follow(app.clone()));
    let vim = stage
        .thing_in(bob, ACME, "blog_post", "Vim", Visibility::Group, "An enhanced text editor")
        .await;
    let secret = stage
        .thing_in(bob, ACME, "project", "Diary", Visibility::Private, "Dear text editor")
        .await;
    stage.thing_in(carol, GLOBEX, "project", "Emacs", Visibility::Group, "A text editor").await;
    let document = |text: &str, source| NewKnowledge {
        id: None,
        group_id: Some(ACME),
        kind: KnowledgeType::Document,
        text: Some(text.to_owned()),
        source_thing_id: source,
        labels: vec!["topic:editors".to_owned()],
        metadata: types::JsonMap::new(),
        role: None,
    };
    let make = async |new| knowledge::rules::create(app, bob, new).await.expect("made").0;
    make(document("# About editors\n\nA text editor <edits> text.", None)).await;
    let private = make(document("A secret note", Some(secret.id))).await;
    let label = NewKnowledge {
        kind: KnowledgeType::Label,
        labels: Vec::new(),
        ..document("topic:editors", Some(vim.id))
    };
    make(label).await;
    caught_up(&stage).await;

    let found = search(&stage, bob, ask("\"text editor\"")).await.expect("an answer");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    let note = found.iter().find(|one| one.kind == Searchable::Knowledge).expect("a document");
    assert!(note.snippet.contains("<mark>") && !note.snippet.contains("<edits>"), "{note:?}");
    assert!(note.text.is_some() && note.name.is_none() && note.type_name == "document");
    assert_eq!(count(&stage, alice, "\"text editor\"").await, 3, "an owner sees what is private");
    assert_eq!(count(&stage, carol, "\"text editor\"").await, 1);
    assert_eq!(count(&stage, &stage.vera, "\"text editor\"").await, 0);
    assert_eq!(count(&stage, bob, "blog").await, 1, "by its type");
    assert_eq!(count(&stage, bob, "topic:editors").await, 3, "the label and what carries it");
    let things = Search { kinds: Some(vec![Searchable::Thing]), ..ask("text editor") };
    assert_eq!(search(&stage, bob, things.clone()).await.expect("an answer").len(), 2);
    let typed = Search { kind: Some("blog_post".to_owned()), ..things.clone() };
    assert_eq!(search(&stage, bob, typed).await.expect("an answer").len(), 1);
    let labelled = Search { label: Some("topic:editors".to_owned()), ..ask("text") };
    assert_eq!(search(&stage, bob, labelled).await.expect("an answer").len(), 2);
    let one = Search { limit: Some(1), ..ask("text editor") };
    assert_eq!(search(&stage, bob, one).await.expect("an answer").len(), 1);
    let elsewhere = Search { group_id: Some(GLOBEX), ..ask("text") };
    assert_eq!(search(&stage, bob, elsewhere).await.expect_err("hidden").kind().status(), 404);
    for (wrong, code) in [("", "too_short"), ("-only", "empty_query"), ("***", "empty_query")] {
        assert_eq!(search(&stage, bob, ask(wrong)).await.expect_err(wrong).code(), code);
    }
    for wrong in [
        Search { limit: Some(51), ..ask("x") },
        Search { limit: Some(0), ..ask("x") },
        Search { kinds: Some(Vec::new()), ..ask("x") },
        ask(&"x".repeat(1001)),
    ] {
        assert_eq!(search(&stage, bob, wrong).await.expect_err("wrong").kind().status(), 422);
    }

    let any = web::IfMatch::default;
    things::rules::archive(app, bob, vim.id, any()).await.expect("archived");
    assert_eq!(count(&stage, bob, "enhanced").await, 0, "at once, not when the index follows");
    caught_up(&stage).await;
    let back = ThingChange { status: Some(Status::Active), ..ThingChange::default() };
    things::rules::update(app, bob, vim.id, any(), back).await.expect("restored");
    caught_up(&stage).await;
    assert_eq!(count(&stage, bob, "enhanced").await, 1);
    let renamed = ThingChange { name: Some("Neovim".to_owned()), ..ThingChange::default() };
    things::rules::update(app, bob, vim.id, any(), renamed).await.expect("renamed");
    caught_up(&stage).await;
    assert_eq!((count(&stage, bob, "vim").await, count(&stage, bob, "neo*").await), (0, 1));

    assert_eq!(count(&stage, bob, "secret note").await, 1);
    let left = "select count(*) from search_documents where body like $1";
    assert_eq!(stage.count(left, "%secret note%").await, 1);
    things::rules::remove(app, alice, secret.id, any()).await.expect("removed");
    caught_up(&stage).await;
    assert_eq!(stage.count(left, "%secret note%").await, 0, "no text stays behind");
    assert!(knowledge::rules::get(app, bob, private.id).await.is_err());
    follower.abort();
    stage.close().await;
}

#[test]
fn every_route_of_the_three_features_is_documented_with_its_shapes() {
    let (_, document) = crate::router().split_for_parts();
    let json = serde_json::to_value(&document).expect("a document");
    let paths = json["paths"].as_object().expect("paths");
    let ids: Vec<&str> = paths
        .values()
        .filter_map(|path| path.as_object())
        .flat_map(|path| path.values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    for id in [
        "list_connections",
        "get_connection",
        "create_connection",
        "delete_connection",
        "list_connections_from",
        "list_connections_to",
        "list_knowledge",
        "get_knowledge",
        "create_knowledge",
        "delete_knowledge",
        "embed_knowledge",
        "search_knowledge",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
    let schemas = json["components"]["schemas"].as_object().expect("schemas");
    for name in ["Connection", "NewConnection", "Knowledge", "Chunk", "Embedded", "FoundList"] {
        assert!(schemas.contains_key(name), "{name}");
    }
    let text = json.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap_or_default();
        assert!(schemas.contains_key(name), "{name} is referred to and not there");
    }
    assert!(!schemas["Connection"]["properties"].to_string().contains("createdBy"));
}
