//! Pages while others write: nothing twice, and nothing missing of what was there.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{each, team};
use crate::people::Person;
use crate::stage::on_both;

const BEFORE: usize = 60;
const WRITERS: usize = 4;

async fn make_many(person: &Person, group: &str, count: usize) {
    let mut all = JoinSet::new();
    for number in 0..count {
        let (person, group) = (person.clone(), group.to_owned());
        all.spawn(async move {
            let body = json!({ "groupId": group, "type": "note", "name": number.to_string() });
            person.post("/v1/things", body).await.was(201);
        });
    }
    all.join_all().await;
}

async fn pages(person: &Person, list: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = list.to_owned();
    loop {
        let page = person.get(&path).await.was(200).json();
        all.extend(page["data"].as_array().cloned().unwrap_or_default());
        match page["nextCursor"].as_str() {
            Some(next) => path = format!("{list}&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn pages_hold_still_while_others_write() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "paging").await;
        make_many(&bob, &team, BEFORE).await;
        let things = format!("/v1/things?groupId={team}");
        let events = format!("/v1/events?groupId={team}");
        let mut initial = Vec::new();
        for list in [&things, &events] {
            let whole = pages(&bob, &format!("{list}&limit=200")).await;
            initial.push(each(&whole, "id").into_iter().collect::<HashSet<_>>());
        }
        assert_eq!((initial[0].len(), initial[1].len() > BEFORE), (BEFORE, true));
        let done = Arc::new(AtomicBool::new(false));
        let mut writers = JoinSet::new();
        for _ in 0..WRITERS {
            let (bob, team, done) = (bob.clone(), team.clone(), Arc::clone(&done));
            writers.spawn(async move {
                let mut made = 0;
                while !done.load(Ordering::Relaxed) {
                    make_many(&bob, &team, 1).await;
                    made += 1;
                }
                made
            });
        }
        for (list, initial) in [(&things, &initial[0]), (&events, &initial[1])] {
            // Newest first ends; oldest first is followed until it has passed what was there.
            let newest = pages(&bob, &format!("{list}&limit=7")).await;
            let mut path = format!("{list}&limit=7&sort=createdAt");
            let first = path.clone();
            let mut oldest = Vec::new();
            while oldest.len() < newest.len() {
                let page = bob.get(&path).await.was(200).json();
                oldest.extend(page["data"].as_array().cloned().unwrap_or_default());
                let Some(next) = page["nextCursor"].as_str() else { break };
                path = format!("{first}&cursor={next}");
            }
            for (rows, key) in [(&newest, "newest"), (&oldest, "oldest")] {
                let ids = each(rows, "id");
                let distinct: HashSet<_> = ids.iter().cloned().collect();
                assert_eq!(ids.len(), distinct.len(), "{list} {key}: something twice");
                assert!(distinct.is_superset(initial), "{list} {key}: something is missing");
            }
        }
        done.store(true, Ordering::Relaxed);
        let made: usize = writers.join_all().await.into_iter().sum();
        assert!(made > 0);
        let whole = pages(&bob, &format!("{things}&limit=200")).await;
        assert_eq!(whole.len(), BEFORE + made);
    })
    .await;
}
