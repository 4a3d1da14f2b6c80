//! What a page tells of each thing, what sums come to, and where walks lead.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::{connect, each, has_shape, note, rows, secret, team, thing};
use super::{assortment, offers};
use crate::people::{Person, encoded};
use crate::stage::{member, on_both, sign_up};

#[tokio::test]
async fn a_page_tells_what_was_asked_of_each_thing() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "told-pages").await;
        // Somebody new: whom Vera sees depends on the groups of other tests.
        let viewer = sign_up(&stage.nobody(), "told-viewer").await;
        member(&alice, &team, &viewer, "customer").await;
        offers(&alice, &team).await;
        let offer = |name: &str, properties: Value| {
            json!({ "groupId": team, "type": "offer",
            "name": name, "visibility": "public", "properties": properties })
        };
        let one = thing(&bob, offer("one", json!({ "price": 2, "code": "c", "pin": "1" }))).await;
        let two = thing(&alice, offer("two", json!({ "code": "d" }))).await;
        let hidden = secret(&alice, &team, "hidden").await;
        let edge = connect(&bob, "part_of", &one, &two).await;
        let unseen = connect(&alice, "part_of", &hidden, &one).await;
        let list = format!("/v1/things?groupId={team}&type=offer&sort=name");

        // Chosen members and nothing else; a property that is not there is left out.
        let fields = "fields=id,name,properties.price,properties.none,properties.pin";
        let page = rows(&bob, &format!("{list}&{fields}")).await;
        assert_eq!(
            page,
            [
                json!({ "id": one, "name": "one", "properties": { "price": 2 } }),
                json!({ "id": two, "name": "two", "properties": {} }),
            ]
        );
        let page = rows(&bob, &format!("{list}&fields=properties,properties.price")).await;
        assert_eq!(page[0], json!({ "properties": { "price": 2, "code": "c" } }));

        // What was not asked for is absent, also beside chosen members.
        let page = rows(&bob, &list).await;
        for name in ["owner", "group", "parent", "connections"] {
            assert!(page[0].get(name).is_none(), "{name}: {page:?}");
        }
        let expand = "fields=name&expand=owner,group,connections";
        let page = rows(&bob, &format!("{list}&{expand}")).await;
        for (row, owner, own) in [(&page[0], &bob, &edge), (&page[1], &alice, &edge)] {
            has_shape(row, &["name", "owner", "group", "connections"]);
            has_shape(&row["owner"], &["id", "displayName", "username", "avatar"]);
            assert_eq!(row["owner"]["id"], owner.id, "{row}");
            assert_eq!(
                row["group"],
                json!({ "id": team, "slug": "told-pages", "name": "told-pages",
                    "type": "business" })
            );
            let told = each(row["connections"].as_array().expect("a list"), "id");
            assert_eq!(told, [own.as_str()], "Bob is told of what he sees: {row}");
        }
        let page = rows(&alice, &format!("{list}&{expand}")).await;
        let told = each(page[0]["connections"].as_array().expect("a list"), "id");
        assert_eq!(told, [unseen.as_str(), &edge], "newest first");

        // A customer sees public things; not who is in the group, nor what others connected.
        let page = rows(&viewer, &format!("{list}&{expand}")).await;
        assert_eq!(each(&page, "name"), ["one", "two"]);
        for row in &page {
            assert_eq!(row["owner"], Value::Null, "{row}");
            assert_eq!(row["group"]["id"], team, "{row}");
            assert_eq!(row["connections"], json!([]), "{row}");
        }
    })
    .await;
}

/// What an aggregate says by `key`, worked out of the rows of a list.
fn summed(rows: &[Value], key: &str) -> HashMap<String, Value> {
    let value = |row: &Value| match key.strip_prefix("properties.") {
        Some(property) => row["properties"][property].clone(),
        None if key == "createdAt:day" => row["createdAt"].as_str().map(|at| &at[..10]).into(),
        None => row[key].clone(),
    };
    let mut groups: HashMap<String, Vec<&Value>> = HashMap::new();
    for row in rows {
        groups.entry(value(row).to_string()).or_default().push(row);
    }
    let told = groups.into_iter().map(|(key, rows)| {
        let prices: Vec<f64> =
            rows.iter().filter_map(|row| row["properties"]["price"].as_f64()).collect();
        let some = |number: f64| if prices.is_empty() { Value::Null } else { json!(number) };
        let sum: f64 = prices.iter().sum();
        let metrics = json!({
            "count": rows.len(),
            "sum(properties.price)": some(sum),
            "avg(properties.price)": some(sum / prices.len() as f64),
            "min(properties.price)": some(prices.iter().copied().fold(f64::INFINITY, f64::min)),
            "max(properties.price)": some(prices.iter().copied().fold(-f64::INFINITY, f64::max)),
        });
        (key, metrics)
    });
    told.collect()
}

#[tokio::test]
async fn sums_count_what_a_list_would_hold() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "summed").await;
        offers(&alice, &team).await;
        assortment(&bob, &team, 14).await;
        for (number, (maker, visibility)) in
            [(&alice, "private"), (&bob, "private"), (&alice, "public"), (&bob, "public")]
                .into_iter()
                .enumerate()
        {
            let body = json!({ "groupId": team, "type": "offer", "name": "more",
                "visibility": visibility, "properties": { "price": 16 + number, "code": "more" } });
            thing(maker, body).await;
        }
        let gone = note(&bob, &team, "gone").await;
        bob.delete(&format!("/v1/things/{gone}")).await.was(204);
        let cheap = format!("&filter={}", encoded("properties.price <= 16 && name != \"a\""));
        let metrics = "metrics=count,sum(properties.price),avg(properties.price),\
                       min(properties.price),max(properties.price)";
        let (mut most, mut seen) = (usize::MAX, Vec::new());
        for person in [&alice, &bob, &vera] {
            for filter in ["", "&type=offer", "&status=draft", "&status=archived", &cheap] {
                let whole = person.walk(&format!("/v1/things?groupId={team}{filter}")).await;
                if filter.is_empty() {
                    assert!(whole.len() < most, "each sees less than the one before");
                    most = whole.len();
                    seen.push(whole.len());
                }
                for by in [
                    "type",
                    "status",
                    "visibility",
                    "ownerId",
                    "groupId",
                    "createdAt:day",
                    "properties.code",
                    "properties.price",
                ] {
                    let path = format!(
                        "/v1/things/aggregate?groupId={team}{filter}&groupBy={by}&{metrics}"
                    );
                    let sums = person.get(&path).await.was(200).json();
                    let groups = sums["groups"].as_array().expect("groups");
                    let counts: Vec<_> =
                        groups.iter().map(|one| one["metrics"]["count"].as_u64()).collect();
                    assert!(counts.is_sorted_by(|one, next| one >= next), "{counts:?}");
                    let wanted = summed(&whole, by);
                    assert_eq!(groups.len(), wanted.len(), "{}: {path}: {sums}", person.name);
                    for group in groups {
                        let wanted = wanted.get(&group["key"].to_string());
                        assert_eq!(wanted, Some(&group["metrics"]), "{}: {path}", person.name);
                    }
                    assert_eq!(sums["truncated"], false);
                }
            }
        }
        assert_eq!(seen, [18, 17, 2]);
        stage.carol().get(&format!("/v1/things/aggregate?groupId={team}")).await.was(404);
    })
    .await;
}

/// The ends of the edges of a walk, and its nodes, both sorted.
async fn walked(person: &Person, start: &str, more: &str) -> (Vec<String>, Vec<String>) {
    let path = format!("/v1/things/{start}/graph?depth=5{more}");
    let graph = person.get(&path).await.was(200).json();
    assert_eq!(graph["nodes"][0]["id"], start, "{graph}");
    let list = |name: &str| graph[name].as_array().cloned().unwrap_or_default();
    let (mut nodes, mut edges) = (each(&list("nodes"), "id"), each(&list("edges"), "id"));
    nodes.sort_unstable();
    edges.sort_unstable();
    (nodes, edges)
}

fn sorted(ids: &[&String]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_walk_leads_only_where_one_may_see() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "walks").await;
        let start = note(&bob, &team, "start").await;
        let beside = note(&bob, &team, "beside").await;
        let middle = secret(&alice, &team, "middle").await;
        let behind = note(&bob, &team, "behind").await;
        let near = connect(&bob, "part_of", &start, &beside).await;
        let into = connect(&alice, "part_of", &start, &middle).await;
        let out = connect(&alice, "part_of", &middle, &behind).await;

        // A private thing of somebody else is neither shown nor walked through.
        for more in ["", "&direction=out", "&types=part_of"] {
            let found = walked(&bob, &start, more).await;
            assert_eq!(found, (sorted(&[&start, &beside]), sorted(&[&near])), "{more}");
            let found = walked(&alice, &start, more).await;
            let all = [&start, &beside, &middle, &behind];
            assert_eq!(found, (sorted(&all), sorted(&[&near, &into, &out])), "{more}");
        }
        let found = walked(&bob, &behind, "").await;
        assert_eq!(found, (sorted(&[&behind]), Vec::new()));
        let text = bob.get(&format!("/v1/things/{start}/graph?depth=5")).await.text;
        for unseen in ["middle", &middle, &into, &out, &behind] {
            assert!(!text.contains(unseen), "Bob is told of {unseen}: {text}");
        }
        bob.get(&format!("/v1/things/{middle}/graph")).await.was_problem(404, "not_found");
        vera.get(&format!("/v1/things/{start}/graph")).await.was_problem(404, "not_found");

        // What turns private in the middle cuts the way off for others at once.
        let path = format!("/v1/things/{beside}");
        let far = note(&bob, &team, "far").await;
        let on = connect(&bob, "part_of", &beside, &far).await;
        let found = walked(&bob, &start, "").await;
        assert_eq!(found, (sorted(&[&start, &beside, &far]), sorted(&[&near, &on])));
        alice.patch(&path, json!({ "visibility": "private" })).await.was(200);
        let found = walked(&bob, &start, "").await.0;
        assert_eq!(found, sorted(&[&start, &beside, &far]), "it is Bob's own");
        alice
            .patch(&format!("/v1/things/{start}"), json!({ "visibility": "public" }))
            .await
            .was(200);
        let found = walked(&vera, &start, "").await;
        assert_eq!(found, (sorted(&[&start]), Vec::new()), "a customer sees public things alone");
    })
    .await;
}
