use kernel::Keys;

use super::super::note::Signer;
use super::super::tree;
use super::*;

fn signer(root: u8) -> Signer {
    Signer::of(&Keys::new([root; 32], [9; 32])).unwrap()
}

fn event(seq: i64, kind: &str, metadata: &str) -> Event {
    let text = serde_json::json!({
        "actorId": null, "blind": "00", "groupId": Uuid::from_u128(1), "id": Uuid::from_u128(2),
        "impersonatorId": null, "metadata": metadata, "occurredAt": 1, "otherThingId": null,
        "ownerId": null, "requestId": null, "seq": seq, "targetId": null, "targetKind": null,
        "thingId": null, "type": kind, "v": 1, "visibility": "group",
    });
    serde_json::from_value(text).unwrap()
}

/// Five events, the last of which tells of as many deletions.
fn log(deleted: u64) -> Vec<Event> {
    let mut all: Vec<Event> = (1..5).map(|seq| event(seq, "thing_created", "{}")).collect();
    all.push(event(5, "events_deleted", &format!(r#"{{"total":{deleted}}}"#)));
    all
}

fn root(log: &[Event]) -> Hash {
    tree::mth(&log.iter().map(|event| event.leaf().unwrap()).collect::<Vec<_>>())
}

/// What is found where these are there of the events of a log that was signed at 3 and 5.
fn found(log: &[Event], there: impl Fn(usize) -> Seen, kept: Option<Checkpoint>) -> Report {
    let signer = signer(1);
    let trusted = vec![signer.verifier().clone()];
    let mut check = Check::new(trusted, Vec::new(), kept.map(|kept| (kept, Vec::new())));
    let mut full = Vec::new();
    for (at, event) in log.iter().enumerate() {
        check.leaf(event.leaf().unwrap(), there(at), &mut full).unwrap();
        if [2, 4].contains(&at) {
            check.checkpoint(&signer.sign(at as u64 + 1, &root(&log[..=at])));
        }
    }
    check.finish()
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|one| one.code).collect()
}

fn whole(log: &[Event]) -> impl Fn(usize) -> Seen + '_ {
    |at| Seen::Event(Box::new(log[at].clone()))
}

#[test]
fn a_whole_log_is_good_and_so_is_one_with_deletions_it_tells_of() {
    let log = log(2);
    let report = found(&log, |at| if at < 2 { Seen::Gone } else { whole(&log)(at) }, None);
    assert!(report.ok, "{report:?}");
    assert_eq!((report.leaves, report.events, report.checkpoints), (5, 3, 2));
    assert_eq!((report.deleted, report.deleted_told), (2, 2));
    assert_eq!(report.deleted_leaves, [[0, 1]]);
    assert_eq!(report.origin.as_deref(), Some(signer(1).verifier().name()));
    assert_eq!(report.root_hash, base64(&root(&log)));
}

#[test]
fn what_differs_is_found_with_its_place() {
    let log = log(0);
    let other = event(2, "thing_created", r#"{"a":1}"#);
    let changed = found(
        &log,
        |at| if at == 1 { Seen::Event(Box::new(other.clone())) } else { whole(&log)(at) },
        None,
    );
    assert_eq!(codes(&changed), ["event_altered"]);
    assert_eq!((changed.findings[0].seq, changed.findings[0].leaf), (Some(2), Some(1)));
    let missing = found(&log, |at| if at == 3 { Seen::Missing(4) } else { whole(&log)(at) }, None);
    assert_eq!(codes(&missing), ["event_missing"]);
    assert_eq!(missing.findings[0].seq, Some(4));
    let untold = found(&log, |at| if at == 0 { Seen::Gone } else { whole(&log)(at) }, None);
    assert_eq!(codes(&untold), ["deletion_untold"]);
    let swapped = found(&log, |at| whole(&log)([0, 2, 1, 3, 4][at]), None);
    assert_eq!(codes(&swapped), ["event_altered"; 2]);
    let damaged =
        found(&log, |at| if at == 0 { Seen::Damaged(None) } else { whole(&log)(at) }, None);
    assert_eq!(codes(&damaged), ["event_altered"]);
    // Whose deletion nothing is left of is not told by somebody who only says so.
    let more = found(&self::log(3), whole(&self::log(3)), None);
    assert_eq!(codes(&more), ["deletion_untold"]);
}

#[test]
fn a_deletion_that_nothing_signs_is_not_told_in_a_file() {
    let log = log(1);
    let forged = event(6, "events_deleted", r#"{"total":2}"#);
    let end = |say: fn(&mut Check, &Event)| {
        let signer = signer(1);
        let mut check = Check::new(vec![signer.verifier().clone()], Vec::new(), None);
        for (at, event) in log.iter().enumerate() {
            let seen = if at < 2 { Seen::Gone } else { whole(&log)(at) };
            check.leaf(event.leaf().unwrap(), seen, &mut Vec::new()).unwrap();
        }
        check.checkpoint(&signer.sign(5, &root(&log)));
        say(&mut check, &forged);
        check.finish()
    };
    let file = end(Check::claims);
    assert_eq!(codes(&file), ["deletion_unsealed"]);
    assert_eq!((file.deleted, file.deleted_told), (2, 1));
    // In the database it stands in the log, and is sealed within a second.
    assert!(end(Check::waiting).ok);
    // One that fits nothing explains nothing.
    let none = end(|check, _| check.claims(&event(6, "events_deleted", r#"{"total":9}"#)));
    assert_eq!(codes(&none), ["deletion_untold"]);
}

#[test]
fn a_checkpoint_kept_outside_finds_a_log_that_was_made_again() {
    let log = log(0);
    let kept = |signer: &Signer, size: usize, log: &[Event]| {
        Checkpoint::parse(&signer.sign(size as u64, &root(&log[..size]))).unwrap()
    };
    let good = found(&log, whole(&log), Some(kept(&signer(1), 4, &log)));
    assert!(good.ok, "{good:?}");
    assert_eq!(good.kept, Some(4));
    let other = self::log(1);
    let made_again = found(&log, whole(&log), Some(kept(&signer(1), 5, &other)));
    assert_eq!(codes(&made_again), ["kept_differs"]);
    let by_others = found(&log, whole(&log), Some(kept(&signer(2), 4, &log)));
    assert_eq!(codes(&by_others), ["kept_unsigned"]);
    let longer = [&log[..], &[event(6, "thing_created", "{}")]].concat();
    let cut = found(&log, whole(&log), Some(kept(&signer(1), 6, &longer)));
    assert_eq!(codes(&cut), ["log_cut"]);
}

#[test]
fn checkpoints_are_of_this_tree_and_by_its_key() {
    let log = log(0);
    let hashes: Vec<Hash> = log.iter().map(|event| event.leaf().unwrap()).collect();
    let by = |trusted: &Signer, known: &Signer, notes: &[String]| {
        let keys = |signer: &Signer| vec![signer.verifier().clone()];
        let mut check = Check::new(keys(trusted), keys(known), None);
        let mut full = Vec::new();
        for (at, hash) in hashes.iter().enumerate() {
            let event = Seen::Event(Box::new(log[at].clone()));
            check.leaf(*hash, event, &mut full).unwrap();
        }
        for note in notes {
            check.checkpoint(note);
        }
        codes(&check.finish())
    };
    let (own, old) = (signer(1), signer(2));
    let good = own.sign(5, &root(&log));
    assert_eq!(by(&own, &own, std::slice::from_ref(&good)), Vec::<&str>::new());
    assert_eq!(by(&own, &own, &[]), ["checkpoint_missing"]);
    assert_eq!(by(&own, &own, &[own.sign(5, &[7; 32])]), ["checkpoint_differs"]);
    assert_eq!(by(&own, &own, &["odd".to_owned()]), ["checkpoint_damaged", "checkpoint_missing"]);
    assert_eq!(by(&own, &own, &[old.sign(5, &root(&log)), good.clone()]), ["checkpoint_unsigned"]);
    // One that came with the log is good enough for one that is not the last.
    assert_eq!(by(&own, &old, &[old.sign(5, &root(&log)), good]), Vec::<&str>::new());
    assert_eq!(by(&own, &old, &[old.sign(5, &root(&log))]), ["key_differs"]);
}
