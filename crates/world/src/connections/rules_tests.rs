use types::Kind;

use super::super::stage::{ACME, DEPARTMENT, GLOBEX, Stage, id};
use super::*;
use crate::connections::table::TABLE;
use crate::listing::{After, Sort, Words};
use crate::things::model::{ThingChange, Visibility};

fn edge(kind: &str, from: impl std::fmt::Display, to: impl std::fmt::Display) -> NewConnection {
    NewConnection {
        kind: kind.to_owned(),
        from_id: from.to_string(),
        to_id: to.to_string(),
        ..NewConnection::default()
    }
}

async fn refused(stage: &Stage, by: &Caller, new: NewConnection) -> (u16, String, String) {
    let error = create(&stage.app, by, new).await.expect_err("refused");
    let pointer = error.field_errors().first().map(|field| field.pointer.clone());
    (error.kind().status(), error.code().to_owned(), pointer.unwrap_or_default())
}

fn was(status: u16, code: &str, pointer: &str) -> (u16, String, String) {
    (status, code.to_owned(), pointer.to_owned())
}

fn everything() -> Ask {
    Ask::read(&TABLE, Words::default(), types::Limit::default(), None).expect("no parameters")
}

#[tokio::test]
async fn making_a_connection_again_updates_it() {
    let stage = Stage::open().await;
    let (app, bob) = (&stage.app, &stage.bob);
    let lesson = stage.thing(bob, "lesson", "One").await;
    let course = stage.thing(bob, "course", "Rust").await;
    let new = edge("part_of", lesson.id, course.id);
    let (made, is_new) = create(app, bob, new.clone()).await.expect("made");
    assert!(is_new && made.group_id == ACME && made.created_by == bob.person());
    stage.tick();
    let (same, is_new) = create(app, bob, new.clone()).await.expect("there");
    assert!(!is_new && same.id == made.id && same.updated_at == made.updated_at);
    assert_eq!(stage.events("connection_updated").await, 0);
    let stronger = NewConnection { strength: Some(0.5), ..new.clone() };
    let (changed, is_new) = create(app, &stage.alice, stronger).await.expect("updated");
    assert!(!is_new && changed.strength == Some(0.5) && changed.updated_at > made.updated_at);
    assert_eq!(stage.events("connection_updated").await, 1);
    let metadata = json!({"n": 1}).as_object().cloned();
    let with = NewConnection { metadata, ..new.clone() };
    assert_eq!(create(app, bob, with.clone()).await.expect("updated").0.strength, Some(0.5));
    create(app, bob, with).await.expect("the same");
    assert_eq!(stage.events("connection_updated").await, 2);
    let stored = get(app, bob, made.id).await.expect("there");
    assert_eq!(stored.metadata.to_map()["n"], 1);
    assert_eq!(stage.events("connection_created").await, 1);
    stage.close().await;
}

#[tokio::test]
async fn what_is_not_sensible_is_refused_with_the_place() {
    let stage = Stage::open().await;
    let (alice, bob) = (&stage.alice, &stage.bob);
    let course = stage.thing(bob, "course", "Rust").await;
    let lesson = stage.thing(bob, "lesson", "One").await;
    let foreign = stage.thing_in(&stage.carol, GLOBEX, "course", "C", Visibility::Group, "").await;
    let (course, lesson) = (course.id, lesson.id);
    let base = edge("part_of", lesson, course);
    for (new, expected) in [
        (edge("part_of", course, course), was(422, "self_connection", "/toId")),
        (edge("part_of", "nothing", course), was(422, "invalid_id", "/fromId")),
        (
            edge("part_of", lesson, "user_01jd7jrykgfk1sh8nw1g60edsf"),
            was(422, "wrong_kind", "/toId"),
        ),
        (edge("part_of", lesson, foreign.id), was(404, "not_found", "")),
        (edge("is_like", lesson, course), was(422, "unknown_type", "/type")),
        (edge("enrolled_in", lesson, course), was(422, "wrong_end", "/fromId")),
        (edge("enrolled_in", id(bob), lesson), was(422, "wrong_end", "/toId")),
        (
            edge("transacted", lesson, course),
            was(422, "missing_field", "/metadata/transactionType"),
        ),
        (
            NewConnection {
                metadata: json!({"transactionType": "gift"}).as_object().cloned(),
                ..edge("transacted", lesson, course)
            },
            was(422, "unknown_value", "/metadata/transactionType"),
        ),
        (
            NewConnection { strength: Some(1.1), ..base.clone() },
            was(422, "out_of_range", "/strength"),
        ),
        (
            NewConnection { strength: Some(f64::NAN), ..base.clone() },
            was(422, "out_of_range", "/strength"),
        ),
        (
            NewConnection {
                valid_from: Some(Time::from_micros(2)),
                valid_to: Some(Time::from_micros(1)),
                ..base.clone()
            },
            was(422, "out_of_range", "/validTo"),
        ),
    ] {
        let text = format!("{new:?}");
        assert_eq!(refused(&stage, bob, new).await, expected, "{text}");
    }
    assert_eq!(
        refused(&stage, &stage.vera, base.clone()).await.0,
        404,
        "a customer sees no lesson"
    );
    assert_eq!(refused(&stage, &stage.carol, base.clone()).await.0, 404);
    let nobody = Caller::nobody("test".into());
    assert_eq!(refused(&stage, &nobody, base).await.0, 401);
    let everywhere = Caller::system("test");
    let across = edge("part_of", lesson, foreign.id);
    assert_eq!(refused(&stage, &everywhere, across).await, was(409, "different_tree", ""));
    let stranger = edge("enrolled_in", id(&stage.carol), course);
    assert_eq!(refused(&stage, &everywhere, stranger).await, was(409, "different_tree", ""));
    create(&stage.app, alice, edge("enrolled_in", id(bob), course)).await.expect("a member");
    let bare = edge("owns", ACME.0, course.0);
    let (owns, _) = create(&stage.app, alice, bare).await.expect("a bare UUID of a group");
    assert_eq!(owns.from_id.kind, Kind::Group);
    let colleagues = edge("reports_to", id(bob), id(alice));
    let (between, _) = create(&stage.app, bob, colleagues).await.expect("two members");
    assert_eq!((between.group_id, between.owner), (ACME, bob.person()));
    stage.close().await;
}

#[tokio::test]
async fn a_path_of_an_acyclic_type_never_comes_back() {
    let stage = Stage::open().await;
    let (app, bob) = (&stage.app, &stage.bob);
    let mut all = Vec::new();
    for number in 0..103 {
        all.push(stage.thing(bob, "course", &format!("{number}")).await.id);
    }
    for pair in all.windows(2).take(3) {
        create(app, bob, edge("part_of", pair[0], pair[1])).await.expect("a step");
    }
    let error = create(app, bob, edge("part_of", all[3], all[0])).await.expect_err("a cycle");
    assert_eq!(error.code(), "cycle");
    let path: Vec<String> = [3, 0, 1, 2, 3].map(|at| all[at].to_string()).to_vec();
    assert!(error.message().contains(&path.join(" → ")), "{}", error.message());
    create(app, bob, edge("part_of", all[0], all[3])).await.expect("a shortcut is no cycle");
    create(app, bob, edge("part_of", all[0], all[1])).await.expect("nor is a repeat");
    create(app, bob, edge("communicated", all[3], all[0])).await.expect_err("metadata");
    let metadata = json!({"protocol": "x", "messageType": "y"}).as_object().cloned();
    let other = NewConnection { metadata, ..edge("communicated", all[3], all[0]) };
    create(app, bob, other).await.expect("another type, which may come back");
    // Everything at once: what the rules would refuse at the hundredth step.
    let steps: Vec<_> = all.windows(2).skip(3).map(|pair| (pair[0], pair[1])).collect();
    let now = app.now();
    app.db
        .unbound()
        .write(async move |tx| {
            for (from, to) in &steps {
                let connection = Connection {
                    id: ConnectionId(from.0),
                    group_id: ACME,
                    kind: "part_of".to_owned(),
                    from_id: (*from).into(),
                    to_id: (*to).into(),
                    metadata: Json::empty(),
                    strength: None,
                    valid_from: None,
                    valid_to: None,
                    created_at: now,
                    updated_at: now,
                    visibility: "group",
                    owner: None,
                    created_by: None,
                };
                sql::insert(tx, &connection).await?;
            }
            Ok(())
        })
        .await
        .expect("stored");
    let top = stage.thing(bob, "course", "top").await.id;
    let error = create(app, bob, edge("part_of", top, all[0])).await.expect_err("too deep");
    assert_eq!((error.kind().status(), error.code()), (409, "too_deep"));
    create(app, bob, edge("part_of", top, all[3])).await.expect("99 steps");
    stage.close().await;
}

#[tokio::test]
async fn a_connection_of_a_private_thing_is_private_and_follows_it() {
    let stage = Stage::open().await;
    let (app, alice, bob) = (&stage.app, &stage.alice, &stage.bob);
    let secret = stage.private(bob, "Secret").await;
    let open = stage.thing(alice, "project", "Open").await;
    let hers = stage.private(alice, "Hers").await;
    let (made, _) = create(app, bob, edge("part_of", secret.id, open.id)).await.expect("made");
    let (both, _) = create(app, alice, edge("part_of", hers.id, secret.id)).await.expect("made");
    assert_eq!((both.visibility, both.owner), ("private", None));
    assert!(get(app, bob, made.id).await.is_ok() && get(app, alice, made.id).await.is_ok());
    assert!(get(app, bob, both.id).await.is_err() && get(app, alice, both.id).await.is_ok());
    for by in [&stage.vera, &stage.carol] {
        assert_eq!(get(app, by, made.id).await.expect_err("hidden").code(), "not_found");
    }
    let private = "select count(*) from connections where visibility = $1";
    let bobs = async |visibility| {
        let change = ThingChange { visibility: Some(visibility), ..ThingChange::default() };
        let any = web::IfMatch::default();
        things::rules::update(app, bob, secret.id, any, change).await.expect("changed");
        stage.count(private, "private").await
    };
    assert_eq!(bobs(Visibility::Group).await, 1);
    let after = get(app, alice, both.id).await.expect("there");
    assert_eq!((after.visibility, after.owner), ("private", alice.person()));
    assert_eq!(get(app, bob, made.id).await.expect("there").visibility, "group");
    assert_eq!(bobs(Visibility::Private).await, 2);
    let after = get(app, alice, made.id).await.expect("there");
    assert_eq!((after.visibility, after.owner), ("private", bob.person()));
    stage.close().await;
}

#[tokio::test]
async fn lists_go_both_ways_and_page_by_page() {
    let stage = Stage::open().await;
    let (app, alice, bob) = (&stage.app, &stage.alice, &stage.bob);
    let hub = stage.thing(bob, "project", "Hub").await.id;
    for number in 0..7 {
        let other = stage.thing(bob, "project", &format!("{number}")).await.id;
        stage.tick();
        let new = if number % 2 == 0 {
            edge("part_of", hub, other)
        } else {
            let metadata = json!({"fulfillmentType": 1, "protocol": 2}).as_object().cloned();
            NewConnection { metadata, ..edge("fulfilled", other, hub) }
        };
        create(app, bob, new).await.expect("made");
    }
    let below = stage
        .thing_in(&Caller::system("test"), DEPARTMENT, "project", "Below", Visibility::Group, "")
        .await;
    create(app, &Caller::system("test"), edge("part_of", below.id, hub)).await.expect("made");

    let text = hub.to_string();
    let none = NodeFilter::default;
    let from = list_from(app, bob, &text, none(), everything()).await.expect("a list").rows;
    assert_eq!(from.len(), 4);
    assert!(from.windows(2).all(|pair| pair[0].id > pair[1].id));
    let to =
        list_to(app, bob, &hub.0.to_string(), none(), everything()).await.expect("a list").rows;
    assert_eq!(to.len(), 3, "Bob is not in the department");
    let to = list_to(app, alice, &text, none(), everything()).await.expect("a list").rows;
    assert_eq!(to.len(), 4, "Alice owns what is above it");
    let typed = NodeFilter { kind: Some("part_of".to_owned()), ..none() };
    assert_eq!(
        list_to(app, alice, &text, typed, everything()).await.expect("a list").rows.len(),
        1
    );
    assert_eq!(
        list_to(app, &stage.carol, &text, none(), everything()).await.expect_err("hidden").code(),
        "not_found"
    );

    for sort in [Sort::Newest, Sort::Oldest] {
        let limit = types::Limit::new(3).expect("a limit");
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let slice = Slice { limit, after, sort };
            let mut page = of_thing(app, alice, hub, slice).await.expect("a page");
            let more = page.len() > 3;
            page.truncate(3);
            after = page.last().map(|last| After::Id(last.id.0));
            seen.extend(page.into_iter().map(|one| one.id));
            if !more {
                break;
            }
        }
        assert_eq!(seen.len(), 8);
        let ordered = seen.windows(2).all(|pair| match sort {
            Sort::Newest => pair[0] > pair[1],
            Sort::Oldest => pair[0] < pair[1],
        });
        assert!(ordered);
    }
    let all = |group, children| ConnectionFilter {
        group_id: group,
        include_children: children,
        ..ConnectionFilter::default()
    };
    for (by, filter, count) in [
        (bob, all(None, false), 7),
        (bob, all(Some(ACME), false), 7),
        (alice, all(Some(ACME), true), 8),
        (alice, all(Some(DEPARTMENT), false), 1),
        (&stage.vera, all(None, false), 0),
        (&stage.carol, all(None, false), 0),
    ] {
        assert_eq!(list(app, by, filter, everything()).await.expect("a list").rows.len(), count);
    }
    assert!(list(app, bob, all(Some(ACME), true), everything()).await.is_err());
    stage.close().await;
}

#[tokio::test]
async fn who_made_it_deletes_it_and_an_owner_deletes_any() {
    let stage = Stage::open().await;
    let (app, alice, bob) = (&stage.app, &stage.alice, &stage.bob);
    let mut all = Vec::new();
    for name in ["a", "b", "c"] {
        all.push(stage.thing(alice, "project", name).await.id);
    }
    let (hers, _) = create(app, alice, edge("part_of", all[0], all[1])).await.expect("made");
    let (his, _) = create(app, bob, edge("part_of", all[1], all[2])).await.expect("made");
    assert_eq!(remove(app, bob, hers.id).await.expect_err("hers").kind().status(), 403);
    assert_eq!(remove(app, &stage.carol, his.id).await.expect_err("hidden").kind().status(), 404);
    remove(app, bob, his.id).await.expect("his own");
    assert_eq!(remove(app, bob, his.id).await.expect_err("gone").kind().status(), 404);
    remove(app, alice, hers.id).await.expect("hers");
    assert_eq!(stage.events("connection_deleted").await, 2);
    create(app, bob, edge("part_of", all[0], all[1])).await.expect("made");
    create(app, bob, edge("part_of", all[1], all[2])).await.expect("made");
    things::rules::remove(app, alice, all[1], web::IfMatch::default()).await.expect("removed");
    assert_eq!(
        list(app, alice, ConnectionFilter::default(), everything())
            .await
            .expect("a list")
            .rows
            .len(),
        0
    );
    stage.close().await;
}
