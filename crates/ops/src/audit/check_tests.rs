use kernel::Keys;
use kernel::sealed::Signer;
use uuid::Uuid;

use super::*;

fn signer(root: u8) -> Signer {
    Signer::of(&Keys::new([root; 32], [9; 32])).unwrap()
}

fn event(seq: i64, metadata: &str) -> Event {
    let text = serde_json::json!({
        "actorId": null, "blind": "00", "groupId": Uuid::from_u128(1), "id": Uuid::from_u128(2),
        "impersonatorId": null, "metadata": metadata, "occurredAt": 1, "otherThingId": null,
        "ownerId": null, "requestId": null, "seq": seq, "targetId": null, "targetKind": null,
        "thingId": null, "type": "thing_created", "v": 1, "visibility": "group",
    });
    serde_json::from_value(text).unwrap()
}

/// Five events.
fn log() -> Vec<Event> {
    (1..=5).map(|seq| event(seq, "{}")).collect()
}

fn root(log: &[Event]) -> Hash {
    let mut edge = Edge::default();
    log.iter().for_each(|event| edge.append(event.leaf().unwrap(), &mut Vec::new()));
    edge.root()
}

/// What is found where these are there of the events of a log that was signed at 3 and 5, with these
/// notes of deletions behind its last leaf.
fn told(log: &[Event], there: impl Fn(usize) -> Seen, notes: &[String]) -> Report {
    let signer = signer(1);
    let mut check = Check::new(vec![signer.verifier().clone()], Vec::new(), None);
    pass(&mut check, log, there);
    notes.iter().for_each(|note| check.deletion(note));
    check.finish()
}

fn pass(check: &mut Check, log: &[Event], there: impl Fn(usize) -> Seen) {
    for (at, event) in log.iter().enumerate() {
        check.leaf(event.leaf().unwrap(), there(at), &mut Vec::new()).unwrap();
        if [2, 4].contains(&at) {
            check.checkpoint(&signer(1).sign(at as u64 + 1, &root(&log[..=at])));
        }
    }
}

fn found(log: &[Event], there: impl Fn(usize) -> Seen, kept: Option<Checkpoint>) -> Report {
    let trusted = vec![signer(1).verifier().clone()];
    let mut check = Check::new(trusted, Vec::new(), kept.map(|kept| (kept, Vec::new())));
    pass(&mut check, log, there);
    check.finish()
}

/// What this key signs of deletions from this log.
fn deleted(signer: &Signer, log: &[Event], leaves: &[u64]) -> String {
    let tree = Checkpoint::parse(&signer.sign(log.len() as u64, &root(log))).unwrap();
    Deleted::sign(signer, &tree, leaves)
}

/// The first ones are gone.
fn gone(log: &[Event], count: usize) -> impl Fn(usize) -> Seen + '_ {
    move |at| if at < count { Seen::Gone } else { whole(log)(at) }
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|one| one.code).collect()
}

fn whole(log: &[Event]) -> impl Fn(usize) -> Seen + '_ {
    |at| Seen::Event(Box::new(log[at].clone()))
}

#[test]
fn a_whole_log_is_good_and_so_is_one_with_deletions_that_are_signed() {
    let log = log();
    let report = told(&log, gone(&log, 2), &[deleted(&signer(1), &log, &[0, 1])]);
    assert!(report.ok, "{report:?}");
    assert_eq!((report.leaves, report.events, report.checkpoints), (5, 3, 2));
    assert_eq!((report.deleted, report.deleted_told), (2, 2));
    assert_eq!(report.deleted_leaves, [[0, 1]]);
    assert_eq!(report.origin.as_deref(), Some(signer(1).verifier().name()));
    assert_eq!(report.root_hash, base64(&root(&log)));
    // One after the other; and what is told of one that is there again is nothing.
    let notes = [&[0][..], &[1], &[3]].map(|leaves| deleted(&signer(1), &log, leaves));
    assert!(told(&log, gone(&log, 2), &notes).ok);
}

#[test]
fn a_deletion_that_the_house_has_not_signed_for_this_log_is_none() {
    let log = log();
    let own = signer(1);
    let fewer = told(&log, gone(&log, 3), &[deleted(&own, &log, &[0, 2])]);
    assert_eq!((codes(&fewer), fewer.findings[0].leaf), (vec!["deletion_untold"], Some(1)));
    assert_eq!((fewer.deleted, fewer.deleted_told), (3, 2));
    let by_others = told(&log, gone(&log, 1), &[deleted(&signer(2), &log, &[0])]);
    assert_eq!(codes(&by_others), ["deletion_unsigned", "deletion_untold"]);
    let more = deleted(&own, &log, &[0]).replacen("deleted 0", "deleted 0-1", 1);
    let changed = told(&log, gone(&log, 2), &[more]);
    assert_eq!(codes(&changed), ["deletion_unsigned", "deletion_untold", "deletion_untold"]);
    let mut other = log.clone();
    other[4] = event(5, r#"{"went":"on otherwise"}"#);
    let of_another = told(&log, gone(&log, 1), &[deleted(&own, &other, &[0])]);
    assert_eq!(codes(&of_another), ["deletion_differs", "deletion_untold"]);
    let odd = told(&log, gone(&log, 1), &["odd".to_owned()]);
    assert_eq!(codes(&odd), ["deletion_damaged", "deletion_untold"]);
    // A checkpoint names no leaf.
    let none = told(&log, gone(&log, 1), &[own.sign(5, &root(&log))]);
    assert_eq!(codes(&none), ["deletion_damaged", "deletion_untold"]);
}

#[test]
fn of_many_deletions_that_are_untold_the_first_are_named_and_all_counted() {
    let log: Vec<Event> = (1..=100).map(|seq| event(seq, "{}")).collect();
    let mut check = Check::new(vec![signer(1).verifier().clone()], Vec::new(), None);
    pass(&mut check, &log, gone(&log, 70));
    check.checkpoint(&signer(1).sign(100, &root(&log)));
    let report = check.finish();
    assert_eq!((report.found, codes(&report)), (70, vec!["deletion_untold"; TOLD]));
}

#[test]
fn a_key_that_only_came_with_the_log_is_enough_where_no_other_is_known() {
    let log = log();
    let keys = vec![signer(1).verifier().clone()];
    let mut check = Check::new(Vec::new(), keys, None);
    pass(&mut check, &log, gone(&log, 1));
    check.deletion(&deleted(&signer(1), &log, &[0]));
    assert!(check.finish().ok);
}

#[test]
fn what_differs_is_found_with_its_place() {
    let log = log();
    let other = event(2, r#"{"a":1}"#);
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
}

#[test]
fn a_checkpoint_kept_outside_finds_a_log_that_was_made_again() {
    let log = log();
    let kept = |signer: &Signer, size: usize, log: &[Event]| {
        Checkpoint::parse(&signer.sign(size as u64, &root(&log[..size]))).unwrap()
    };
    let good = found(&log, whole(&log), Some(kept(&signer(1), 4, &log)));
    assert!(good.ok, "{good:?}");
    assert_eq!(good.kept, Some(4));
    let mut other = self::log();
    other[4] = event(5, r#"{"made":"again"}"#);
    let made_again = found(&log, whole(&log), Some(kept(&signer(1), 5, &other)));
    assert_eq!(codes(&made_again), ["kept_differs"]);
    let by_others = found(&log, whole(&log), Some(kept(&signer(2), 4, &log)));
    assert_eq!(codes(&by_others), ["kept_unsigned"]);
    let longer = [&log[..], &[event(6, "{}")]].concat();
    let cut = found(&log, whole(&log), Some(kept(&signer(1), 6, &longer)));
    assert_eq!(codes(&cut), ["log_cut"]);
}

#[test]
fn checkpoints_are_of_this_tree_and_by_its_key() {
    let log = log();
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
