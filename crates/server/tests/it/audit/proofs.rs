//! Proofs over HTTP, held against the definition of the tree as a client would.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{furnished, note, parsed, record, sealed};
use crate::engines::Engine;
use crate::people::Person;

type Hash = Vec<u8>;

fn leaf(entry: &str) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().to_vec()
}

fn node(left: &[u8], right: &[u8]) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().to_vec()
}

/// Base64, as everywhere in checkpoints.
fn bytes(text: &Value) -> Hash {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = text.as_str().expect("a hash").trim_end_matches('=');
    let mut bits = 0u32;
    let mut have = 0;
    let mut out = Vec::new();
    for letter in text.bytes() {
        let value = LETTERS.iter().position(|one| *one == letter).expect("a letter");
        bits = bits << 6 | u32::try_from(value).expect("small");
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push(u8::try_from(bits >> have & 0xff).expect("a byte"));
        }
    }
    out
}

fn list(of: &Value) -> Vec<Hash> {
    of["hashes"].as_array().expect("hashes").iter().map(bytes).collect()
}

fn number(of: &Value, name: &str) -> u64 {
    of[name].as_u64().unwrap_or_else(|| panic!("{name}: {of}"))
}

/// RFC 9162, 2.1.3.2.
fn leads_to(proof: &Value) -> Hash {
    let (mut index, mut last) = (number(proof, "leafIndex"), number(proof, "treeSize") - 1);
    let mut root = leaf(proof["entry"].as_str().expect("an entry"));
    assert_eq!(root, bytes(&proof["leafHash"]));
    for step in list(proof) {
        assert_ne!(last, 0, "{proof}");
        if index & 1 == 1 || index == last {
            root = node(&step, &root);
            while index & 1 == 0 && index != 0 {
                (index, last) = (index >> 1, last >> 1);
            }
        } else {
            root = node(&root, &step);
        }
        (index, last) = (index >> 1, last >> 1);
    }
    assert_eq!(last, 0, "{proof}");
    root
}

/// RFC 9162, 2.1.4.2: the roots of the older and the newer tree.
fn roots(proof: &Value) -> (Hash, Hash) {
    let (from, to) = (number(proof, "from"), number(proof, "to"));
    let mut path = list(proof);
    if from == to {
        assert!(path.is_empty());
        let root = bytes(&proof["fromRootHash"]);
        return (root.clone(), root);
    }
    if from.is_power_of_two() {
        path.insert(0, bytes(&proof["fromRootHash"]));
    }
    let (mut index, mut last) = (from - 1, to - 1);
    while index & 1 == 1 {
        (index, last) = (index >> 1, last >> 1);
    }
    let (mut old, mut new) = (path[0].clone(), path[0].clone());
    for step in &path[1..] {
        if index & 1 == 1 || index == last {
            (old, new) = (node(step, &old), node(step, &new));
            while index & 1 == 0 && index != 0 {
                (index, last) = (index >> 1, last >> 1);
            }
        } else {
            new = node(&new, step);
        }
        (index, last) = (index >> 1, last >> 1);
    }
    assert_eq!(last, 0, "{proof}");
    (old, new)
}

async fn consistency(root: &Person, from: u64, to: u64) -> Value {
    root.get(&format!("/v1/audit/consistency?from={from}&to={to}")).await.was(200).json()
}

#[tokio::test]
async fn events_and_beginnings_are_proven_to_whoever_has_a_checkpoint() {
    for engine in Engine::all() {
        let (stage, ids) = furnished(&engine).await;
        let (alice, root) = (stage.alice(), stage.root());
        let early = root.get("/v1/audit/checkpoints?limit=1").await.was(200).json();
        let early = early["data"][0].clone();
        record(&alice, &root, &stage.acme, 3).await;
        let text = note(&root).await;
        let mut lines = text.lines();
        let (origin, size, hash) = (lines.next(), lines.next(), lines.next());
        assert!(origin.is_some_and(|origin| origin.starts_with("sixfold/")), "{text}");
        let size: u64 = size.expect("a size").parse().expect("a number");
        let hash = bytes(&Value::from(hash.expect("a root")));
        assert!(text.contains("\n\n\u{2014} sixfold/"), "{text}");

        for id in &ids {
            let path = format!("/v1/audit/events/{id}?size={size}");
            let proof = root.get(&path).await.was(200).json();
            assert_eq!((leads_to(&proof), bytes(&proof["rootHash"])), (hash.clone(), hash.clone()));
            let event = alice.get(&format!("/v1/events/{id}")).await.was(200).json();
            let entry = parsed(proof["entry"].as_str().expect("an entry"));
            assert_eq!((&entry["seq"], &entry["type"]), (&event["seq"], &event["type"]));
            let metadata = parsed(entry["metadata"].as_str().expect("a text"));
            assert_eq!(metadata, event["metadata"]);
            // The smallest tree that has it.
            let smallest = number(&proof, "leafIndex") + 1;
            let path = format!("/v1/audit/events/{id}?size={smallest}");
            let proof = root.get(&path).await.was(200).json();
            assert_eq!(leads_to(&proof), bytes(&proof["rootHash"]));
        }
        let old = number(&early, "size");
        let proof = consistency(&root, old, size).await;
        assert_eq!(roots(&proof), (bytes(&early["rootHash"]), hash.clone()));
        for from in 1..=size {
            let proof = consistency(&root, from, size).await;
            let of_from = bytes(&proof["fromRootHash"]);
            assert_eq!(roots(&proof), (of_from, hash.clone()), "{from}");
        }
        // Pages, the last first, to the end.
        let all = root.walk("/v1/audit/checkpoints").await;
        let one = root.get("/v1/audit/checkpoints?limit=1").await.was(200).json();
        assert!(all.is_sorted_by(|one, next| number(one, "size") > number(next, "size")));
        let next = one["nextCursor"].as_str().expect("a cursor");
        let path = format!("/v1/audit/checkpoints?limit=1&cursor={next}");
        let second = root.get(&path).await.was(200).json();
        assert!(number(&second["data"][0], "size") < number(&one["data"][0], "size"));
    }
}

#[tokio::test]
async fn what_cannot_be_proven_is_said_so() {
    let (stage, ids) = furnished(&Engine::Sqlite).await;
    let (alice, root) = (stage.alice(), stage.root());
    let proof = sealed(&root, &ids[3]).await;
    let leaf = number(&proof, "leafIndex");
    let event = format!("/v1/audit/events/{}", ids[3]);
    for (path, status, code) in [
        (format!("{event}?size={leaf}"), 422, "out_of_range"),
        (format!("{event}?size=0"), 422, "out_of_range"),
        (format!("{event}?size=9999999"), 422, "out_of_range"),
        (format!("{event}?size=18446744073709551615"), 422, "out_of_range"),
        (format!("{event}?size=-1"), 422, "invalid_value"),
        (format!("{event}?size=x"), 422, "invalid_value"),
        (format!("{event}?of=1"), 422, "unknown_parameter"),
        ("/v1/audit/events/odd".to_owned(), 422, "invalid_id"),
        (format!("/v1/audit/events/{}", stage.acme), 422, "invalid_id"),
        ("/v1/audit/events/00000000-0000-7000-8000-000000000000".to_owned(), 404, "not_found"),
        ("/v1/audit/consistency".to_owned(), 422, "missing_parameter"),
        ("/v1/audit/consistency?from=0".to_owned(), 422, "out_of_range"),
        ("/v1/audit/consistency?from=3&to=2".to_owned(), 422, "out_of_range"),
        ("/v1/audit/consistency?from=1&to=0".to_owned(), 422, "out_of_range"),
        ("/v1/audit/consistency?from=1&to=9999999".to_owned(), 422, "out_of_range"),
        ("/v1/audit/consistency?from=9999999".to_owned(), 422, "out_of_range"),
        ("/v1/audit/checkpoints?limit=0".to_owned(), 422, "out_of_range"),
        ("/v1/audit/checkpoints?cursor=odd".to_owned(), 422, "invalid_cursor"),
        ("/v1/audit/checkpoints?size=1".to_owned(), 422, "unknown_parameter"),
    ] {
        root.get(&path).await.was_problem(status, code);
    }
    for path in [&event, "/v1/audit/checkpoint", "/v1/audit/consistency?from=1"] {
        alice.get(path).await.was_problem(403, "forbidden");
        stage.nobody().get(path).await.was_problem(401, "unauthenticated");
    }
}
