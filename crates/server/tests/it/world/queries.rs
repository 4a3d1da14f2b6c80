//! Lists of things in any order, filtered, with chosen fields and what they refer to; sums; walks.

mod others;
mod told;

use std::cmp::Ordering;
use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::{each, refused, team, thing};
use crate::people::{Person, encoded};
use crate::stage::on_both;

/// Whether a filter should find a thing with this price.
type Wanted = fn(&Value, Option<f64>) -> bool;

/// A type whose prices and codes are indexed.
async fn offers(alice: &Person, team: &str) {
    let definition = json!({
        "properties": { "price": { "type": "number" }, "code": { "type": "string" },
            "pin": { "type": "string" } },
        "indexed": ["price", "code"],
        "hidden": ["pin"],
    });
    let path = format!("/v1/groups/{team}/types/thing/offer");
    let request = alice.request(Method::PUT, &path).json(&definition);
    let answer = alice.send(request).await;
    assert!(answer.status < 300, "{answer:?}");
}

/// Things in which every sort value is there more than once, and some lack a price.
async fn assortment(bob: &Person, team: &str, count: usize) {
    for number in 0..count {
        let mut properties = json!({ "code": format!("c{}", number % 4), "at": number });
        if number % 5 != 0 {
            properties["price"] = json!([0.5, 1.5, -2.5, 2.0, -1.0, 7.25, 0.0][number % 7]);
        }
        let name = ["é", "a", "Z", "b b", "ä"][number % 5];
        let status = if number % 3 == 0 { "draft" } else { "active" };
        let body = json!({ "groupId": team, "type": "offer", "name": name, "status": status,
            "properties": properties });
        thing(bob, body).await;
    }
}

pub(super) async fn paged(person: &Person, list: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = person.get(&format!("{list}&limit={limit}{cursor}")).await.was(200).json();
        all.extend(page["data"].as_array().cloned().unwrap_or_default());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// The same order in memory: by bytes, what lacks a property last, ids as the last key.
pub(super) fn compare(one: &Value, other: &Value, sort: &str) -> Ordering {
    let mut last = false;
    for key in sort.split(',') {
        let (name, turned) = match key.strip_prefix('-') {
            Some(name) => (name, true),
            None => (key, false),
        };
        last = turned;
        let value = |thing: &Value| match name.strip_prefix("properties.") {
            Some(property) => thing["properties"][property].clone(),
            None if name == "createdAt" => created(thing),
            None => thing[name].clone(),
        };
        let order = match (value(one), value(other)) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => return Ordering::Greater,
            (_, Value::Null) => return Ordering::Less,
            (Value::String(one), Value::String(other)) => one.cmp(&other),
            (one, other) => {
                one.as_f64().unwrap_or_default().total_cmp(&other.as_f64().unwrap_or_default())
            }
        };
        let order = if turned { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
    }
    let made = match (created(one), created(other)) {
        (Value::String(one), Value::String(other)) => one.cmp(&other),
        (one, other) => one.as_i64().cmp(&other.as_i64()),
    };
    if last { made.reverse() } else { made }
}

/// The place in the log, or the id, which is made in order of time.
fn created(row: &Value) -> Value {
    if row["seq"].is_i64() { row["seq"].clone() } else { row["id"].clone() }
}

const SORTS: [&str; 12] = [
    "createdAt",
    "-createdAt",
    "updatedAt",
    "-updatedAt",
    "name",
    "-name",
    "status,-name",
    "-type,name,-updatedAt",
    "properties.price",
    "-properties.price",
    "-properties.code,name",
    "properties.price,-name",
];

#[tokio::test]
async fn paging_in_every_order_is_sorting_in_memory() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "orders").await;
        offers(&alice, &team).await;
        assortment(&bob, &team, 31).await;
        let list = format!("/v1/things?groupId={team}&type=offer");
        let mut whole = bob.walk(&list).await;
        assert_eq!(whole.len(), 31);
        for sort in SORTS {
            whole.sort_by(|one, other| compare(one, other, sort));
            for limit in [4, 200] {
                let found = paged(&bob, &format!("{list}&sort={sort}"), limit).await;
                assert_eq!(each(&found, "id"), each(&whole, "id"), "{sort} by {limit}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn pages_in_every_order_hold_still_while_others_write() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "stillness").await;
        offers(&alice, &team).await;
        assortment(&bob, &team, 20).await;
        let list = format!("/v1/things?groupId={team}&type=offer");
        let before: HashSet<_> = each(&bob.walk(&list).await, "id").into_iter().collect();
        for sort in SORTS {
            let (mut all, mut cursor) = (Vec::new(), String::new());
            for _ in 0..40 {
                let path = format!("{list}&sort={sort}&limit=6{cursor}");
                let page = bob.get(&path).await.was(200).json();
                all.extend(each(page["data"].as_array().expect("rows"), "id"));
                assortment(&bob, &team, 1).await;
                let Some(next) = page["nextCursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            let distinct: HashSet<_> = all.iter().cloned().collect();
            assert_eq!(all.len(), distinct.len(), "{sort}: something twice");
            if !sort.starts_with("createdAt") && !sort.starts_with("updatedAt") {
                assert!(distinct.is_superset(&before), "{sort}: something is missing");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_said() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "wrong-queries").await;
        offers(&alice, &team).await;
        assortment(&bob, &team, 3).await;
        let list = format!("/v1/things?groupId={team}&type=offer");
        for (query, pointer, code) in [
            ("sort=colour", "sort", "unknown_sort"),
            ("sort=name%3Bdrop%20table%20things", "sort", "unknown_sort"),
            ("sort=name,-name", "sort", "repeated_sort"),
            ("sort=name,type,status,updatedAt", "sort", "too_many_sorts"),
            ("sort=properties.at", "sort", "not_indexed"),
            ("sort=properties.pin", "sort", "hidden_property"),
            ("fields=id,colour", "fields", "unknown_field"),
            ("fields=hidden", "fields", "unknown_field"),
            ("expand=owner.group", "expand", "unknown_expansion"),
            ("count=all", "count", "unknown_value"),
            ("limit=0", "limit", "out_of_range"),
        ] {
            refused(bob.get(&format!("{list}&{query}")).await, pointer, code);
        }
        let pin = format!("{list}&filter={}", encoded("properties.pin == \"1\""));
        let answer = bob.get(&pin).await;
        assert!(answer.text.contains("column 1: names `pin`"), "{answer:?}");
        refused(answer, "filter", "hidden_property");
        // Sums refuse what lists refuse, and in the same words.
        let sums = format!("/v1/things/aggregate?groupId={team}&type=offer");
        let later = encoded("name == \"a\" && properties.pin == \"1\"");
        for (query, pointer) in [
            (format!("filter={later}"), "filter"),
            ("groupBy=properties.pin".to_owned(), "groupBy"),
            ("metrics=count,max(properties.pin)".to_owned(), "metrics"),
        ] {
            let answer = bob.get(&format!("{sums}&{query}")).await;
            assert!(answer.text.contains("names `pin`, a hidden property"), "{answer:?}");
            assert_eq!(answer.text.contains("column 16"), pointer == "filter", "{answer:?}");
            refused(answer, pointer, "hidden_property");
        }
        for filter in ["", "colour == 1", "name ==", "name == 'a' or 1=1", "type; drop table x"] {
            let answer = bob.get(&format!("{list}&filter={}", encoded(filter))).await;
            assert_eq!(answer.status, 422, "{filter}: {answer:?}");
            assert_eq!(answer.json()["errors"][0]["pointer"], "filter", "{answer:?}");
        }
        let long = encoded(&format!("name == \"{}\"", "x".repeat(4_000)));
        assert_eq!(bob.get(&format!("{list}&filter={long}")).await.status, 422);
        let of = format!("/v1/things?groupId={team}&sort=properties.price");
        refused(bob.get(&of).await, "type", "missing_field");
        let of = "/v1/things?type=offer&sort=properties.price";
        refused(bob.get(of).await, "groupId", "missing_field");
        let of = format!("/v1/things?groupId={team}&type=nothing&sort=properties.price");
        refused(bob.get(&of).await, "type", "unknown_type");
        // A cursor is good for its own order and filter.
        let page = bob.get(&format!("{list}&sort=name&limit=1")).await.was(200);
        let cursor = page.text_at("/nextCursor");
        bob.get(&format!("{list}&sort=name&fields=id&cursor={cursor}")).await.was(200);
        for other in ["sort=-name", "sort=properties.price", "sort=name&status=draft", ""] {
            let answer = bob.get(&format!("{list}&{other}&cursor={cursor}")).await;
            refused(answer, "cursor", "invalid_cursor");
        }
        let tampered = format!("{list}&sort=name&cursor=A{cursor}");
        refused(bob.get(&tampered).await, "cursor", "invalid_cursor");
        bob.get(&format!("{list}&explain=true")).await.was_problem(403, "forbidden");
        let plan = alice.get(&format!("{list}&explain=true")).await.was(200).json();
        assert!(plan["plan"][0]["steps"].is_array(), "{plan}");
    })
    .await;
}

#[tokio::test]
async fn filters_find_the_same_with_an_index_and_without() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "filter-texts").await;
        offers(&alice, &team).await;
        assortment(&bob, &team, 25).await;
        let list = format!("/v1/things?groupId={team}&type=offer");
        let whole = bob.walk(&list).await;
        let price = |thing: &Value| thing["properties"]["price"].as_f64();
        let cases: [(&str, Wanted); 6] = [
            ("properties.price <= 0.5", |_, price| price.is_some_and(|price| price <= 0.5)),
            ("properties.price == 1.5", |_, price| price == Some(1.5)),
            ("properties.price > -1 && properties.price < 2", |_, price| {
                price.is_some_and(|price| price > -1.0 && price < 2.0)
            }),
            ("properties.code == \"c2\"", |one, _| one["properties"]["code"] == "c2"),
            ("properties.at >= 10", |one, _| one["properties"]["at"].as_i64() >= Some(10)),
            ("status == \"draft\" && name.contains(\"a\")", |one, _| {
                one["status"] == "draft" && one["name"] == "a"
            }),
        ];
        for (filter, wanted) in cases {
            let query = format!("{list}&filter={}", encoded(filter));
            for sort in SORTS {
                let mut rest: Vec<Value> =
                    whole.iter().filter(|one| wanted(one, price(one))).cloned().collect();
                rest.sort_by(|one, other| compare(one, other, sort));
                let found = paged(&bob, &format!("{query}&sort={sort}"), 3).await;
                assert_eq!(each(&found, "id"), each(&rest, "id"), "{filter} by {sort}");
                let first = bob.get(&format!("{query}&count=exact&limit=1")).await.was(200);
                assert_eq!(first.json()["total"], rest.len(), "{filter}");
            }
        }
        // A filter that bounds the sorted property is read along its index.
        let filter = encoded("properties.price <= 0.5");
        let path = format!("{list}&filter={filter}&sort=-properties.price&explain=true");
        let plan = alice.get(&path).await.was(200).json();
        if stage.engine.name() == "sqlite" {
            let steps = plan["plan"].to_string();
            assert!(steps.contains("thing_values_number"), "{steps}");
            let numbers = plan["plan"][1].to_string();
            assert!(!numbers.contains("TEMP B-TREE"), "{numbers}");
        }
    })
    .await;
}

/// So many that a filter by another property than the sorted one is asked of each row as it comes.
#[tokio::test]
async fn a_filter_by_one_property_and_an_order_by_another_go_together() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "two-properties").await;
        offers(&alice, &team).await;
        for part in 0..3 {
            let item = |number: usize| {
                let code = if number.is_multiple_of(50) { "rare" } else { "common" };
                let mut properties = json!({ "code": code, "at": number });
                if !number.is_multiple_of(9) {
                    properties["price"] = json!((number * 7919 % 1000) as f64 / 4.0);
                }
                json!({ "groupId": team, "type": "offer", "name": "n", "properties": properties })
            };
            let items: Vec<Value> = (part * 1000..(part + 1) * 1000).map(item).collect();
            let made = bob.post("/v1/things/bulk", json!({ "items": items })).await.was(200);
            assert_eq!(made.json()["created"], 1000);
        }
        let list = format!("/v1/things?groupId={team}&type=offer");
        let whole = paged(&bob, &list, 200).await;
        assert_eq!(whole.len(), 3000);
        let price = |thing: &Value| thing["properties"]["price"].as_f64();
        let cases: [(&str, Wanted); 4] = [
            ("properties.code == \"common\"", |one, _| one["properties"]["code"] == "common"),
            ("properties.code == \"rare\"", |one, _| one["properties"]["code"] == "rare"),
            ("properties.code >= \"c\" && properties.code < \"d\"", |one, _| {
                one["properties"]["code"] == "common"
            }),
            ("properties.code == \"common\" && properties.price > 200", |one, price| {
                one["properties"]["code"] == "common" && price > Some(200.0)
            }),
        ];
        for (filter, wanted) in cases {
            for sort in ["properties.price", "-properties.price,name"] {
                let mut rest: Vec<Value> =
                    whole.iter().filter(|one| wanted(one, price(one))).cloned().collect();
                rest.sort_by(|one, other| compare(one, other, sort));
                let query = format!("{list}&filter={}&sort={sort}", encoded(filter));
                let found = paged(&bob, &query, 200).await;
                assert_eq!(each(&found, "id"), each(&rest, "id"), "{filter} by {sort}");
            }
        }
    })
    .await;
}
