use super::super::check::{MAX_TEXT, is_label};
use super::super::embed::embed;
use super::super::model::Embed;
use super::*;
use crate::connections::stage::{ACME, DEPARTMENT, GLOBEX, Stage};
use crate::knowledge::table::TABLE;
use crate::listing::Words;
use crate::things::model::{ThingChange, Visibility};

fn new(kind: KnowledgeType, text: &str) -> NewKnowledge {
    NewKnowledge {
        id: None,
        group_id: Some(ACME),
        kind,
        text: Some(text.to_owned()),
        source_thing_id: None,
        labels: Vec::new(),
        metadata: JsonMap::new(),
        role: None,
    }
}

async fn listed(stage: &Stage, by: &Caller, filter: KnowledgeFilter) -> Vec<Knowledge> {
    let ask = Ask::read(&TABLE, Words::default(), types::Limit::default(), None);
    list(&stage.app, by, filter, ask.expect("no parameters")).await.expect("a list").rows
}

#[test]
fn labels_are_a_prefix_and_a_name() {
    for good in ["topic:rust", "skill:C++ & \"quotes\"", "a_b:日本", "x:a:b"] {
        assert!(is_label(good), "{good}");
    }
    for bad in ["topic", ":rust", "topic:", "Topic:x", "to pic:x", "t1:x", "t: x", "t:x\n"] {
        assert!(!is_label(bad), "{bad}");
    }
    assert!(!is_label(&format!("t:{}", "x".repeat(81))));
}

#[tokio::test]
async fn a_label_is_there_once_and_deprecated_while_it_is_used() {
    let stage = Stage::open().await;
    let (app, alice, bob) = (&stage.app, &stage.alice, &stage.bob);
    let (label, is_new) =
        create(app, bob, new(KnowledgeType::Label, "topic:rust")).await.expect("made");
    assert!(is_new);
    let (same, is_new) =
        create(app, alice, new(KnowledgeType::Label, "topic:rust")).await.expect("there");
    assert!(!is_new && same.id == label.id);
    assert_eq!(stage.events("knowledge_updated").await, 0);
    let thing = stage.private(bob, "Book").await;
    let carried =
        NewKnowledge { source_thing_id: Some(thing.id), ..new(KnowledgeType::Label, "topic:rust") };
    for _ in 0..2 {
        create(app, bob, carried.clone()).await.expect("joined");
    }
    assert_eq!(stage.events("knowledge_updated").await, 1);
    let of_thing =
        KnowledgeFilter { source_thing_id: Some(thing.id), ..KnowledgeFilter::default() };
    assert_eq!(listed(&stage, alice, of_thing).await.len(), 1, "a label is the group's");
    let left = remove(app, bob, label.id).await.expect("deprecated").expect("answered");
    assert!(left.deprecated);
    assert!(remove(app, alice, label.id).await.expect("still").is_some());
    assert_eq!(stage.events("knowledge_updated").await, 2);
    let (again, _) =
        create(app, bob, new(KnowledgeType::Label, "topic:rust")).await.expect("revived");
    assert!(!again.deprecated);
    things::rules::remove(app, alice, thing.id, web::IfMatch::default()).await.expect("removed");
    assert!(remove(app, bob, label.id).await.expect("deleted").is_none());
    assert_eq!(stage.events("knowledge_deleted").await, 1);
    stage.close().await;
}

#[tokio::test]
async fn what_is_not_sensible_is_refused_with_the_place() {
    let stage = Stage::open().await;
    let bob = &stage.bob;
    let document = || new(KnowledgeType::Document, "x");
    for (new, pointer) in [
        (new(KnowledgeType::Label, "rust"), "/text"),
        (new(KnowledgeType::Document, " "), "/text"),
        (NewKnowledge { text: None, ..document() }, "/text"),
        (NewKnowledge { labels: vec!["ok:1".into(), "no".into()], ..document() }, "/labels/1"),
        (NewKnowledge { labels: vec!["ok:1".into(); 51], ..document() }, "/labels"),
        (NewKnowledge { role: Some(KnowledgeRole::Caption), ..document() }, "/role"),
        (new(KnowledgeType::Document, &"x".repeat(MAX_TEXT + 1)), "/text"),
    ] {
        let error = create(&stage.app, bob, new).await.expect_err(pointer);
        assert_eq!(error.field_errors()[0].pointer, pointer);
    }
    let hers = stage.thing(&stage.alice, "project", "Hers").await;
    let about = NewKnowledge { source_thing_id: Some(hers.id), ..document() };
    assert_eq!(
        create(&stage.app, bob, about.clone()).await.expect_err("not his").kind().status(),
        403
    );
    create(&stage.app, &stage.alice, about.clone()).await.expect("hers");
    let elsewhere = NewKnowledge { group_id: Some(GLOBEX), ..about.clone() };
    let system = Caller::system("test");
    let error = create(&stage.app, &system, elsewhere).await.expect_err("another tree");
    assert_eq!(error.code(), "different_tree");
    let below = NewKnowledge { group_id: Some(DEPARTMENT), ..about };
    create(&stage.app, &system, below).await.expect("the same tree");
    for by in [&stage.vera, &stage.carol, &Caller::nobody("test".into())] {
        let status = create(&stage.app, by, document()).await.expect_err("no").kind().status();
        assert!([401, 403, 404].contains(&status));
    }
    stage.close().await;
}

#[tokio::test]
async fn knowledge_is_as_visible_as_its_thing_and_goes_with_it() {
    let stage = Stage::open().await;
    let (app, alice, bob) = (&stage.app, &stage.alice, &stage.bob);
    let hers = stage.private(alice, "Hers").await;
    let about = NewKnowledge {
        source_thing_id: Some(hers.id),
        labels: vec!["topic:a\"b".into(), "topic:a\"b".into()],
        ..new(KnowledgeType::Document, "Some text")
    };
    let (made, _) = create(app, alice, about).await.expect("made");
    assert_eq!(made.labels.as_str(), "[\"topic:a\\\"b\"]");
    assert_eq!(made.content_hash.as_deref().map(str::len), Some(64));
    assert!(get(app, bob, made.id).await.is_err());
    let labelled = |label: &str| KnowledgeFilter {
        label: Some(label.to_owned()),
        ..KnowledgeFilter::default()
    };
    assert_eq!(listed(&stage, alice, labelled("topic:a\"b")).await.len(), 1);
    assert_eq!(listed(&stage, alice, labelled("topic:a")).await.len(), 0);
    assert_eq!(listed(&stage, bob, labelled("topic:a\"b")).await.len(), 0);
    let change = ThingChange { visibility: Some(Visibility::Group), ..ThingChange::default() };
    things::rules::update(app, alice, hers.id, web::IfMatch::default(), change)
        .await
        .expect("changed");
    assert!(get(app, bob, made.id).await.is_ok());
    assert_eq!(remove(app, bob, made.id).await.expect_err("hers").kind().status(), 403);
    things::rules::remove(app, alice, hers.id, web::IfMatch::default()).await.expect("removed");
    assert!(get(app, alice, made.id).await.is_err());
    let long = "é".repeat(20_000);
    let (long, _) = create(app, bob, new(KnowledgeType::Document, &long)).await.expect("made");
    let shown = listed(&stage, bob, KnowledgeFilter::default()).await;
    assert_eq!(shown[0].text.as_ref().map(|text| text.chars().count()), Some(8192));
    let whole = get(app, bob, long.id).await.expect("there");
    assert_eq!(whole.text.map(|text| text.chars().count()), Some(20_000));
    stage.close().await;
}

#[tokio::test]
async fn chunks_are_replaced_only_when_their_source_changed() {
    let stage = Stage::open().await;
    let (app, bob) = (&stage.app, &stage.bob);
    let text = "This is one sentence of very many. ".repeat(300);
    let thing = stage.thing_in(bob, ACME, "project", "Book", Visibility::Group, &text).await;
    let ask = Embed {
        group_id: None,
        thing_id: Some(thing.id),
        text: None,
        labels: vec!["topic:x".to_owned()],
    };
    let first = embed(app, bob, ask.clone()).await.expect("cut");
    assert!(!first.unchanged && !first.embedded && first.data.len() == 5);
    assert!(first.data[0].text.as_deref().is_some_and(|text| text.starts_with("Book\n\nThis")));
    let again = embed(app, bob, ask.clone()).await.expect("there");
    assert!(again.unchanged);
    let ids = |all: &[Knowledge]| all.iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(&again.data), ids(&first.data));
    let change = ThingChange { name: Some("Novel".to_owned()), ..ThingChange::default() };
    things::rules::update(app, bob, thing.id, web::IfMatch::default(), change)
        .await
        .expect("changed");
    let third = embed(app, bob, ask.clone()).await.expect("cut again");
    assert!(!third.unchanged);
    let filter = KnowledgeFilter { source_thing_id: Some(thing.id), ..KnowledgeFilter::default() };
    let mut stored = ids(&listed(&stage, bob, filter).await);
    stored.sort_unstable();
    let mut expected = ids(&third.data);
    expected.sort_unstable();
    assert_eq!(stored, expected);
    assert_eq!(stage.events("knowledge_deleted").await, 5);
    assert_eq!(stage.events("knowledge_created").await, 10);

    let alone = Embed { group_id: Some(ACME), thing_id: None, text: Some(text), ..ask };
    let first = embed(app, bob, alone.clone()).await.expect("cut");
    assert!(!first.unchanged);
    assert!(embed(app, bob, alone.clone()).await.expect("there").unchanged);
    let relabelled = Embed { labels: Vec::new(), ..alone.clone() };
    assert!(!embed(app, bob, relabelled).await.expect("cut again").unchanged);
    assert!(!embed(app, &stage.alice, alone.clone()).await.expect("her own").unchanged);
    let both = Embed { thing_id: Some(thing.id), ..alone };
    assert_eq!(embed(app, bob, both).await.expect_err("both").kind().status(), 422);
    stage.close().await;
}
