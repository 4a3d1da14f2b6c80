//! Lists filtered by some properties in the order of another: what is told of them beside each entry
//! of the index changes nothing of what is found.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{each, team};
use super::{compare, paged};
use crate::people::{Person, encoded};
use crate::stage::on_both;

/// So many that none of them is looked for by sorting them.
const MANY: usize = 2_300;
/// Texts of which only the beginnings are told; four of them are too long to be told at all.
const WIDE: usize = 4;

async fn parts(alice: &Person, team: &str) {
    let text = json!({ "type": "string" });
    let mut properties = json!({ "price": { "type": "number" }, "stock": { "type": "integer" },
        "sold": { "type": "boolean" }, "code": text });
    let mut indexed = vec!["price".to_owned(), "stock".into(), "sold".into(), "code".into()];
    for wide in 0..WIDE {
        properties[format!("wide{wide}")] = text.clone();
        indexed.push(format!("wide{wide}"));
    }
    let path = format!("/v1/groups/{team}/types/thing/part");
    let definition = json!({ "properties": properties, "indexed": indexed });
    alice.send(alice.request(Method::PUT, &path).json(&definition)).await.was(200);
}

fn part(team: &str, number: usize) -> Value {
    let code = if number.is_multiple_of(30) { "rare" } else { "common" };
    let mut properties = json!({ "code": code, "stock": number % 700 });
    if !number.is_multiple_of(9) {
        properties["price"] = json!((number * 7919 % 400) as f64 / 4.0 - 10.0);
    }
    if number.is_multiple_of(4) {
        properties["sold"] = json!(number.is_multiple_of(8));
    }
    let wide = if number.is_multiple_of(7) { WIDE } else { number % 2 };
    for wide in 0..wide {
        // Alike in more than what is told of them.
        let end = ["a", "b", "日"][number % 3];
        properties[format!("wide{wide}")] = json!("😀".repeat(33) + end);
    }
    let name = ["n", "m"][number % 2];
    let visibility = if number.is_multiple_of(60) { "private" } else { "group" };
    json!({ "groupId": team, "type": "part", "name": name, "visibility": visibility,
        "properties": properties })
}

type Wanted = fn(&Value) -> bool;

fn number(properties: &Value, name: &str) -> f64 {
    properties[name].as_f64().unwrap_or(f64::NAN)
}

fn wide(end: &str) -> String {
    "😀".repeat(33) + end
}

/// Filters, and what they find.
fn cases() -> Vec<(String, Wanted)> {
    let case = |filter: &str, wanted: Wanted| (filter.to_owned(), wanted);
    vec![
        case("properties.code == \"common\"", |one| one["code"] == "common"),
        case("properties.code == \"rare\"", |one| one["code"] == "rare"),
        case("properties.code == \"rare\" && properties.price > 20", |one| {
            one["code"] == "rare" && number(one, "price") > 20.0
        }),
        case("properties.code == \"rare\" && properties.price == \"a\"", |_| false),
        case("properties.code == \"common\" && properties.stock < 5", |one| {
            one["code"] == "common" && number(one, "stock") < 5.0
        }),
        case("properties.stock > 5 && properties.sold == true", |one| {
            number(one, "stock") > 5.0 && one["sold"] == true
        }),
        case("properties.stock >= 0 && properties.stock != 3 && properties.code > \"c\"", |one| {
            number(one, "stock") != 3.0
        }),
        (format!("properties.wide0 == \"{}\"", wide("日")), |one| one["wide0"] == wide("日")),
        (format!("properties.wide0 > \"{}\" && properties.stock >= 1", wide("a")), |one| {
            one["wide0"].as_str() > Some(&wide("a")) && number(one, "stock") >= 1.0
        }),
        (format!("properties.wide0 < \"{}\" && properties.stock >= 1", wide("b")), |one| {
            one["wide0"].as_str().is_some_and(|text| text < wide("b").as_str())
                && number(one, "stock") >= 1.0
        }),
    ]
}

const SORTS: [&str; 6] = [
    "properties.price",
    "-properties.price",
    "-properties.price,name",
    "-properties.wide1",
    "properties.code",
    "createdAt",
];

/// The ids on the first pages.
async fn first(person: &Person, list: &str, limit: usize, pages: usize) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    for _ in 0..pages {
        let path = format!("{list}&fields=id&limit={limit}{cursor}");
        let page = person.get(&path).await.was(200).json();
        all.extend(each(page["data"].as_array().expect("rows"), "id"));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    all
}

async fn look(person: &Person, list: &str, (limit, pages): (usize, usize), sorts: &[&str]) {
    let whole = paged(person, list, 200).await;
    for (filter, wanted) in cases() {
        let mut rest: Vec<Value> =
            whole.iter().filter(|one| wanted(&one["properties"])).cloned().collect();
        assert!(!rest.is_empty() || filter.contains("\"a\""), "{filter} finds nothing");
        for sort in sorts {
            rest.sort_by(|one, other| compare(one, other, sort));
            let query = format!("{list}&filter={}&sort={sort}", encoded(&filter));
            let found = first(person, &query, limit, pages).await;
            let mut wanted = each(&rest, "id");
            wanted.truncate(limit * pages);
            assert_eq!(found, wanted, "{filter} by {sort}");
        }
    }
}

#[tokio::test]
async fn what_is_told_of_other_properties_changes_nothing_that_is_found() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "other-properties").await;
        parts(&alice, &team).await;
        let all: Vec<Value> = (0..MANY).map(|number| part(&team, number)).collect();
        for items in all.chunks(1000) {
            let made = alice.post("/v1/things/bulk", json!({ "items": items })).await.was(200);
            assert_eq!(made.json()["created"], items.len());
        }
        let list = format!("/v1/things?groupId={team}&type=part");
        look(&alice, &list, (90, 3), &SORTS).await;
        // He does not see what is private to her: of what is gathered, some is passed by.
        look(&bob, &list, (7, 8), &SORTS[..2]).await;

        // What changes, changes beside every entry of the thing.
        let rare = format!("{list}&filter={}", encoded("properties.code == \"rare\""));
        let found = paged(&bob, &format!("{rare}&sort=-properties.price"), 200).await;
        for (at, one) in (0_i32..).zip(found.iter().take(12)) {
            let path = format!("/v1/things/{}", one["id"].as_str().expect("an id"));
            let change = match at % 3 {
                0 => json!({ "properties": { "code": "common" } }),
                1 => json!({ "properties": { "price": -5000 - at } }),
                _ => {
                    alice.delete(&path).await.was(204);
                    continue;
                }
            };
            alice.patch(&path, change).await.was(200);
        }
        look(&bob, &list, (50, 3), &SORTS[..3]).await;
    })
    .await;
}

/// A page of few, of many and of a range is found without reading what is not on it.
#[tokio::test]
async fn other_properties_are_asked_of_the_index_alone() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "other-plans").await;
        parts(&alice, &team).await;
        let all: Vec<Value> = (0..MANY).map(|number| part(&team, number)).collect();
        for items in all.chunks(1000) {
            alice.post("/v1/things/bulk", json!({ "items": items })).await.was(200);
        }
        let list = format!("/v1/things?groupId={team}&type=part&explain=true");
        for (filter, sort) in [
            ("properties.code == \"common\"", "properties.price"),
            ("properties.code == \"rare\"", "properties.price"),
            ("properties.price > 1", "properties.price"),
            ("properties.code == \"common\" && properties.stock > 9", "createdAt"),
        ] {
            let path = format!("{list}&filter={}&sort={sort}", encoded(filter));
            let page = alice.get(&path).await.was(200).json();
            let plan = page["plan"].to_string();
            assert!(!plan.contains("things_group"), "each thing by its id: {plan}");
            if stage.engine.name() == "sqlite" {
                assert!(plan.contains("COVERING INDEX thing_values_"), "{filter}: {plan}");
                assert!(!plan.contains("v USING INDEX"), "{filter}: {plan}");
                assert!(!plan.contains("w USING INDEX"), "{filter}: {plan}");
            }
        }
    })
    .await;
}
