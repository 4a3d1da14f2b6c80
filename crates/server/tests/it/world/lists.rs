//! What all lists share: limit, order, cursor, and the link to the next page.

use serde_json::{Value, json};

use super::{connect, each, note, refused, rows, team};
use crate::people::Person;
use crate::stage::{Stage, on_both};

/// A list of each kind over one group in which there is more than one row of each.
async fn lists(stage: &Stage, slug: &str) -> Vec<String> {
    let (alice, bob) = (stage.alice(), stage.bob());
    let team = team(stage, slug).await;
    let mut things = Vec::new();
    for name in ["a", "b", "c", "d"] {
        things.push(note(&bob, &team, name).await);
        super::below(&alice, &team, &format!("{slug}-{name}")).await;
        let text = json!({ "type": "document", "text": name, "sourceThingId": things[0] });
        bob.post("/v1/knowledge", text).await.was(201);
        let event = json!({ "type": "content_event", "targetId": things[0] });
        bob.post("/v1/events", event).await.was(201);
    }
    let (first, last) = (things[0].clone(), things[3].clone());
    for middle in &things[1..3] {
        connect(&bob, "part_of", &first, middle).await;
        connect(&bob, "part_of", middle, &last).await;
    }
    connect(&bob, "part_of", &first, &last).await;
    vec![
        format!("/v1/groups?parentGroupId={team}"),
        format!("/v1/groups/{team}/children?"),
        format!("/v1/people?groupId={team}"),
        format!("/v1/people/{}/groups?", alice.id),
        format!("/v1/things?groupId={team}"),
        "/v1/things?".to_owned(),
        format!("/v1/things?groupId={team}&includeChildren=true"),
        format!("/v1/things/{first}/connections?"),
        format!("/v1/things/{first}/events?"),
        format!("/v1/connections?groupId={team}"),
        format!("/v1/connections/from/{first}?"),
        format!("/v1/connections/to/{last}?"),
        format!("/v1/events?groupId={team}"),
        format!("/v1/events/timeline?groupId={team}"),
        format!("/v1/events/actor/{}?groupId={team}", bob.id),
        format!("/v1/events/target/{first}?"),
        format!("/v1/knowledge?groupId={team}"),
        format!("/v1/knowledge?sourceThingId={first}"),
    ]
}

/// Lists that have one order only.
fn is_fixed(list: &str) -> bool {
    let of_thing = list.starts_with("/v1/things/");
    of_thing || list.ends_with("/groups?")
}

#[tokio::test]
async fn a_page_has_as_many_rows_as_were_asked_for_within_reason() {
    on_both(async |stage| {
        let alice = stage.alice();
        for list in lists(stage, "limits").await {
            for limit in ["0", "-1", "201", "1000000000", "abc", "1.5", "", "1e2"] {
                let answer = alice.get(&format!("{list}&limit={limit}")).await;
                refused(answer, "limit", "out_of_range");
            }
            let twice = alice.get(&format!("{list}&limit=1&limit=2")).await;
            refused(twice, "limit", "repeated_parameter");
            refused(alice.get(&format!("{list}&colour=red")).await, "colour", "unknown_parameter");
            for limit in ["1", "2", "200"] {
                let page = alice.get(&format!("{list}&limit={limit}")).await.was(200);
                let rows = page.json()["data"].as_array().map_or(0, Vec::len);
                assert!(rows >= 1 && rows.to_string().len() <= limit.len(), "{list}: {rows}");
                let more = page.json()["hasMore"] == true;
                assert_eq!(more, page.json()["nextCursor"].is_string(), "{list}");
                assert_eq!(more, !page.header("link").is_empty(), "{list}");
                super::has_shape(&page.json(), &["data", "nextCursor", "hasMore"]);
            }
            stage.nobody().get(&list).await.was_problem(401, "unauthenticated");
        }
    })
    .await;
}

/// Follows the `Link` headers from a list to its end.
async fn follow(person: &Person, list: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut url = reqwest::Url::parse(&format!("{}{list}", person.base)).expect("an address");
    loop {
        let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        let page = person.get(&path).await.was(200);
        all.extend(page.json()["data"].as_array().cloned().unwrap_or_default());
        let link = page.header("link").to_owned();
        if link.is_empty() {
            return all;
        }
        let reference =
            link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
        url = url.join(reference.unwrap_or_else(|| panic!("no link: {link}"))).expect("a link");
    }
}

#[tokio::test]
async fn the_links_lead_through_every_row_once_and_in_either_order() {
    on_both(async |stage| {
        let alice = stage.alice();
        for list in lists(stage, "links").await {
            // Other tests make things of their own meanwhile; those groups hold still.
            let still = list.contains("roupId=") || list.contains("from/") || is_fixed(&list);
            if list == "/v1/things?" || list.ends_with("/groups?") || !still {
                continue;
            }
            // Of people only who they are: other tests change what they are elsewhere.
            let ids = |rows: Vec<Value>| each(&rows, "id");
            let whole = ids(rows(&alice, &format!("{list}&limit=200")).await);
            assert!(whole.len() > 2, "{list}: {}", whole.len());
            assert_eq!(ids(follow(&alice, &format!("{list}&limit=1")).await), whole, "{list}");
            assert_eq!(ids(follow(&alice, &format!("{list}&limit=2")).await), whole, "{list}");
            if is_fixed(&list) {
                refused(
                    alice.get(&format!("{list}&sort=createdAt")).await,
                    "sort",
                    "unknown_parameter",
                );
                continue;
            }
            let newest = rows(&alice, &format!("{list}&limit=200&sort=-createdAt")).await;
            assert_eq!(ids(newest), whole, "{list}");
            let oldest = follow(&alice, &format!("{list}&sort=createdAt&limit=2")).await;
            let mut oldest = ids(oldest);
            oldest.reverse();
            assert_eq!(oldest, whole, "{list}");
            // They have more orders: `queries.rs`, `list_queries.rs`.
            for sort in ["colour", "createdAt,colour", "-id", ""] {
                refused(alice.get(&format!("{list}&sort={sort}")).await, "sort", "unknown_sort");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_fits_the_list_it_came_from_only() {
    on_both(async |stage| {
        let alice = stage.alice();
        let lists = lists(stage, "cursors").await;
        let mut cursors = Vec::new();
        for list in &lists {
            let page = alice.get(&format!("{list}&limit=1")).await.was(200).json();
            let cursor = page["nextCursor"].as_str().unwrap_or_else(|| panic!("{list}: {page}"));
            cursors.push(cursor.to_owned());
        }
        for (at, list) in lists.iter().enumerate() {
            let cursor = &cursors[at];
            // Another size of page is the same list; another filter or order is not.
            alice.get(&format!("{list}&limit=3&cursor={cursor}")).await.was(200);
            let mut bad: Vec<String> = vec![String::new(), "x".into(), format!("{cursor}A")];
            bad.push(cursor[..cursor.len() - 2].to_owned());
            for place in [0, cursor.len() / 2, cursor.len() - 3] {
                let mut letters: Vec<char> = cursor.chars().collect();
                letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
                bad.push(letters.into_iter().collect());
            }
            bad.push(cursors[(at + 1) % cursors.len()].clone());
            bad.push(cursors[(at + 5) % cursors.len()].clone());
            for other in bad {
                let answer = alice.get(&format!("{list}&cursor={other}")).await;
                refused(answer, "cursor", "invalid_cursor");
            }
            if !is_fixed(list) {
                let turned = format!("{list}&sort=createdAt&cursor={cursor}");
                refused(alice.get(&turned).await, "cursor", "invalid_cursor");
            }
        }
        assert_eq!(each(&rows(&alice, &lists[0]).await, "id").len(), 4);
    })
    .await;
}
