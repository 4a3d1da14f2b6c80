//! The export of a part is what the whole has of it, page by page and group by group.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{file, furnish, good, json as parsed};
use crate::engines::Engine;

/// More than a page.
const MANY: usize = 1100;
const BIG: &str = "018f1000-0000-7000-8000-000000000001";
const SMALL: &str = "018f1000-0000-7000-8000-000000000002";

fn id(kind: u32, number: usize) -> String {
    format!("018f{kind:04x}-0000-7000-8000-{number:012x}")
}

/// Two groups below another one, with more than a page of everything.
fn many(parent: &str) -> Vec<Value> {
    let group = |id: &str, parent: &str, slug: &str| {
        json!({ "kind": "group", "id": id,
        "parentGroupId": parent, "slug": slug, "name": slug, "type": "business" })
    };
    let mut lines = vec![group(BIG, parent, "big"), group(SMALL, BIG, "small")];
    for number in 0..MANY {
        let status = if number % 3 == 0 { "invited" } else { "active" };
        lines.push(json!({ "kind": "person", "id": id(0x2000, number), "displayName": "Some" }));
        lines.push(json!({ "kind": "membership", "groupId": BIG, "personId": id(0x2000, number),
            "role": "customer", "status": status }));
    }
    // Owns a text and is nowhere.
    let owner = id(0x2001, 0);
    lines.push(json!({ "kind": "person", "id": owner, "displayName": "Owner" }));
    for number in 0..MANY {
        lines.push(json!({ "kind": "thing", "id": id(0x3000, number), "groupId": BIG,
            "type": "part", "name": format!("top {number}") }));
    }
    // Older than what they belong to, in a chain of three.
    for (level, above) in [(0x2900, 0x3000), (0x2800, 0x2900), (0x2700, 0x2800)] {
        for number in 0..40 {
            lines.push(json!({ "kind": "thing", "id": id(level, number), "groupId": BIG,
                "parentId": id(above, number), "type": "note", "name": "below" }));
        }
    }
    lines.push(json!({ "kind": "thing", "id": id(0x3001, 0), "groupId": SMALL, "type": "part",
        "name": "there" }));
    for number in 0..MANY {
        lines.push(json!({ "kind": "connection", "groupId": BIG, "type": "made_of",
            "fromId": id(0x3000, number), "toId": id(0x3001, 0) }));
    }
    lines.push(json!({ "kind": "knowledge", "id": id(0x4000, 0), "groupId": SMALL,
        "type": "document", "text": "Owned by somebody else.", "ownerId": owner }));
    for number in 0..MANY {
        for role in ["label", "summary"] {
            lines.push(json!({ "kind": "thingKnowledge", "thingId": id(0x3000, number),
                "knowledgeId": id(0x4000, 0), "role": role }));
        }
    }
    lines
}

type Ids<'l> = BTreeSet<&'l str>;

fn said<'l>(line: &'l Value, key: &str) -> &'l str {
    line[key].as_str().unwrap_or_default()
}

/// What belongs into the export of a group, of the lines of a whole one.
fn part_of(whole: &[Value], slug: &str) -> BTreeSet<String> {
    let of = |kind: &'static str| whole.iter().filter(move |line| line["kind"] == kind);
    let ids = |lines: &[&'_ Value]| lines.iter().map(|l| said(l, "id").to_owned()).collect();
    let root = of("group").find(|line| line["slug"] == slug).expect("the group");
    // Parents come first.
    let mut groups: Ids<'_> = [said(root, "id")].into();
    for line in of("group") {
        if groups.contains(said(line, "parentGroupId")) {
            groups.insert(said(line, "id"));
        }
    }
    let inside = |line: &&Value| groups.contains(said(line, "groupId"));
    let things: Vec<_> = of("thing").filter(inside).collect();
    let owned: BTreeSet<String> = ids(&things);
    let knowledge = of("knowledge").filter(inside);
    let knowledge: Vec<_> = knowledge
        .filter(|line| {
            line["sourceThingId"].is_null() || owned.contains(said(line, "sourceThingId"))
        })
        .collect();
    let pieces: BTreeSet<String> =
        of("knowledge").filter(inside).map(|line| said(line, "id").to_owned()).collect();
    let members: Vec<_> = of("membership").filter(inside).collect();
    let active: Ids<'_> = members
        .iter()
        .filter(|line| line["status"] == "active")
        .map(|line| said(line, "personId"))
        .collect();
    let mut people: Ids<'_> = members.iter().map(|line| said(line, "personId")).collect();
    people.extend(things.iter().map(|line| said(line, "ownerId")));
    people.extend(knowledge.iter().map(|line| said(line, "ownerId")));
    let end = |line: &Value, key: &str| {
        let id = said(line, key);
        groups.contains(id) || active.contains(id) || owned.contains(id)
    };
    let mut part: Vec<Value> = Vec::new();
    for line in of("group").filter(|line| groups.contains(said(line, "id"))) {
        let mut line = line.clone();
        if line["slug"] == slug {
            line.as_object_mut().expect("an object").remove("parentGroupId");
        }
        part.push(line);
    }
    for line in of("person").filter(|line| people.contains(said(line, "id"))) {
        let mut line = line.clone();
        line.as_object_mut().expect("an object").remove("personalGroupId");
        part.push(line);
    }
    part.extend(of("groupRole").filter(inside).cloned());
    part.extend(members.into_iter().cloned());
    part.extend(things.into_iter().cloned());
    let joined = of("connection").filter(inside);
    part.extend(joined.filter(|line| end(line, "fromId") && end(line, "toId")).cloned());
    part.extend(knowledge.into_iter().cloned());
    let pairs = of("thingKnowledge").filter(|line| owned.contains(said(line, "thingId")));
    part.extend(pairs.filter(|line| pieces.contains(said(line, "knowledgeId"))).cloned());
    part.iter().map(Value::to_string).collect()
}

/// Lines of everything but types, of which a part brings along those from above; each once.
fn told(text: &str) -> BTreeSet<String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for line in text.lines().map(parsed) {
        let kind = said(&line, "kind");
        if !kind.ends_with("Type") && kind != "end" {
            *times.entry(line.to_string()).or_default() += 1;
        }
    }
    let twice: Vec<_> = times.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    times.into_keys().collect()
}

#[track_caller]
fn same(slug: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) {
    let missing: Vec<_> = wanted.difference(found).take(3).collect();
    let more: Vec<_> = found.difference(wanted).take(3).collect();
    assert!(missing.is_empty() && more.is_empty(), "{slug}: {missing:#?} {more:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_is_what_the_whole_has_of_it() {
    for engine in Engine::all() {
        let mut stage = furnish(&engine).await;
        let lines: Vec<String> = many(&stage.acme).iter().map(Value::to_string).collect();
        let input = file(&stage.server, "many.ndjson", lines.join("\n"));
        good(stage.server.say(&["import", &input]));
        let whole = good(stage.server.say(&["export"])).out;
        let whole: Vec<Value> = whole.lines().map(parsed).collect();
        for slug in ["acme", "acme-lab", "big", "small", "globex"] {
            let part = good(stage.server.say(&["export", "--group", slug])).out;
            let found = told(&part);
            assert!(found.len() > usize::from(slug == "big") * 5 * MANY, "{slug}");
            same(slug, &found, &part_of(&whole, slug));
        }
        // Its owner, whom the wall between tenants keeps in, is told the same over HTTP.
        stage.server.run();
        stage.follow();
        let path = format!("/v1/groups/{}/export", stage.acme);
        let over_http = told(&stage.alice().get(&path).await.was(200).text);
        let part = part_of(&whole, "acme");
        let members: BTreeSet<String> = part
            .iter()
            .map(|line| parsed(line))
            .filter(|line| line["kind"] == "membership" && line["status"] == "active")
            .map(|line| said(&line, "personId").to_owned())
            .collect();
        // But for hidden values, and for all but the names of people who are no members.
        let visible = |line: &str| {
            let mut line = parsed(line);
            if line["kind"] == "person" && !members.contains(said(&line, "id")) {
                line = json!({ "kind": "person", "id": line["id"],
                    "displayName": line["displayName"], "metadata": {} });
            }
            line.as_object_mut().expect("an object").remove("hidden");
            line.to_string()
        };
        let wanted = part.iter().map(|line| visible(line)).collect();
        same("acme, over HTTP", &over_http, &wanted);
    }
}
