//! Telling people what is held about them, and erasing them: everywhere in the database, and
//! nothing else.

mod filled;
mod gone;
mod records;
mod tables;
mod wrong;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::engines::Engine;
use crate::people::Person;
use crate::process::{Said, Server, text};
use crate::stage::{PASSWORD, Stage, group, sign_in};
use crate::store;
use filled::{EMAIL, Filled, LATER, SHARED, WORD};
use tables::tells;

/// The lease of a worker that was killed is to run out first.
const PATIENCE: Duration = Duration::from_secs(180);

/// Somebody to be erased, and their login.
async fn account(door: &Person, email: &str, name: &str) -> (Person, String) {
    let body = json!({ "name": name, "email": email, "password": PASSWORD });
    let made = door.post("/v1/auth/sign-up/email", body).await.was(200);
    let person = Person {
        email: email.to_owned(),
        token: Some(made.text_at("/token")),
        id: made.text_at("/user/personId"),
        home: made.text_at("/user/personalGroupId"),
        ..door.clone()
    };
    (person, made.text_at("/user/id"))
}

/// Waits until the log of the platform tells that somebody is erased; what it tells.
async fn erased(root: &Person, person: &str) -> Value {
    let path = format!("/v1/events?type=person_erased&targetId={person}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = root.get(&path).await.was(200).json();
        if found["data"][0].is_object() {
            return found["data"][0].clone();
        }
        let jobs = || async { root.get("/v1/jobs?kind=erase_person").await.text };
        assert!(Instant::now() < deadline, "never erased: {}", jobs().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The lines of an export, without the first and the last.
fn lines(exported: &str) -> Vec<Value> {
    let mut all: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let end = all.pop().expect("an end");
    assert_eq!(end["kind"], "end");
    let head = all.remove(0);
    assert_eq!((&head["kind"], &head["version"]), (&json!("export"), &json!(1)));
    assert_eq!(end["rows"], all.len(), "{end}");
    all
}

fn kinds(lines: &[Value]) -> Vec<String> {
    let mut kinds: Vec<String> =
        lines.iter().filter_map(|line| line["kind"].as_str().map(str::to_owned)).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[track_caller]
fn verified(server: &Server) -> Value {
    let said = server.say(&["audit", "verify", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let report: Value = serde_json::from_str(&said.out).expect("a report");
    assert_eq!(report["ok"], true, "{report}");
    report
}

/// What groups use is what there is.
async fn counted(stage: &Stage) {
    for (metric, there) in [
        ("things", "select count(*) from things o where o.group_id = g.id"),
        ("connections", "select count(*) from connections o where o.group_id = g.id"),
        (
            "users",
            "select count(*) from memberships o where o.group_id = g.id and o.status = 'active'",
        ),
        (
            "storageBytes",
            "select (select coalesce(sum(o.bytes), 0) from things o where o.group_id = g.id) \
             + (select coalesce(sum(octet_length(k.text)), 0) from knowledge k \
             where k.group_id = g.id)",
        ),
    ] {
        let wrong = format!(
            "groups g where ({there}) <> coalesce((select sum(u.amount) from usage_counters u \
             where u.group_id = g.id and u.metric = '{metric}'), 0)"
        );
        assert_eq!(store::count(stage, &wrong).await, 0, "{metric} on {:?}", stage.engine);
    }
}

#[tokio::test]
async fn what_somebody_is_told_has_everything_and_opens_nothing() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let filled = Filled::fill(&mut stage).await;
        let me = sign_in_again(&filled.person).await;
        let own = me.get("/v1/people/me/export").await.was(200);
        assert_eq!(own.header("content-type"), "application/x-ndjson");
        assert!(own.header("content-disposition").contains("person.ndjson"), "{own:?}");
        let told = lines(&own.text);
        for kind in [
            "account",
            "apiKey",
            "connection",
            "contactSubmission",
            "credential",
            "event",
            "group",
            "import",
            "importError",
            "invitation",
            "joinRequest",
            "knowledge",
            "membership",
            "notificationChoices",
            "onboarding",
            "passkey",
            "person",
            "preferences",
            "receipt",
            "revision",
            "session",
            "thing",
            "trustedDevice",
        ] {
            assert!(
                kinds(&told).iter().any(|found| found == kind),
                "no {kind}: {:?}",
                kinds(&told)
            );
        }
        // Everything once.
        let mut ids: Vec<String> = told
            .iter()
            .filter(|line| line["id"].is_string())
            .map(|line| format!("{} {}", line["kind"], line["id"]))
            .collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all, "something is told twice");
        for secret in
            ["argon2", "gsk_", "hash", "Hash", "secret\":", me.token.as_deref().unwrap_or("?")]
        {
            assert!(!own.text.contains(secret), "{secret} is told");
        }
        assert!(own.text.contains(SHARED) && own.text.contains(EMAIL), "what they own elsewhere");

        // Owners of the platform get the same, but for what was told meanwhile.
        let root = sign_in(&stage.nobody(), "root").await;
        let path = format!("/v1/users/{}/export", filled.user);
        let by_owner = lines(&root.get(&path).await.was(200).text);
        assert_eq!(kinds(&by_owner), kinds(&told));
        let log = format!("/v1/events?targetId={}", filled.person.id);
        let log = root.walk(&log).await;
        for kind in ["account_exported", "user_exported_by_owner"] {
            assert!(log.iter().any(|event| event["type"] == kind), "{kind}: {log:?}");
        }

        stage.server.stop();
        let file = text(&stage.server.folder().join("person.ndjson"));
        let say = ["admin", "export-person", EMAIL, &file, "--json"];
        let said = stage.server.say(&say);
        assert_eq!(said.code, 0, "{said:?}");
        let written = std::fs::read_to_string(&file).expect("the file");
        assert_eq!(kinds(&lines(&written)), kinds(&told));
        let again = stage.server.say(&say);
        assert_eq!((again.code, again.err.contains("output_exists")), (2, true), "{again:?}");
    }
}

async fn sign_in_again(person: &Person) -> Person {
    let body = json!({ "email": person.email, "password": PASSWORD });
    let door = Person::nobody(&person.base);
    let token = door.post("/v1/auth/sign-in/email", body).await.was(200).text_at("/token");
    Person { token: Some(token), ..person.fresh() }
}

/// No cell of no table has the word; on SQLite no byte of the file, once it was made anew.
async fn is_nowhere(stage: &Stage, word: &str) {
    let found = tells(stage, word).await;
    assert!(found.is_empty(), "{word} on {:?} in {found:?}", stage.engine);
    if stage.engine == Engine::Sqlite {
        let said = stage.server.say(&["compact", "--json"]);
        assert_eq!(said.code, 0, "{said:?}");
        let bytes = std::fs::read(stage.server.data_dir().join("sixfold.db")).expect("the file");
        let sought = word.as_bytes();
        assert!(!bytes.windows(sought.len()).any(|some| some == sought), "{word} in the file");
    }
}

#[tokio::test]
async fn whoever_is_erased_is_nowhere_and_what_they_shared_stays() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let filled = Filled::fill(&mut stage).await;
        let root = sign_in(&stage.nobody(), "root").await;
        let erase = format!("/v1/users/{}/erase", filled.user);
        let answer = root.post(&erase, json!({})).await.was(202).json();
        assert_eq!(answer, json!({ "personId": filled.person.id, "contents": "keep" }));
        let told = erased(&root, &filled.person.id).await;
        assert_eq!(told["metadata"]["requestedBy"], root.id, "{told}");
        assert_eq!(told["metadata"]["contents"], "keep", "{told}");
        assert_eq!(told["metadata"]["groups"], 3, "{told}");
        assert!(!told.to_string().contains(WORD), "{told}");
        root.post(&erase, json!({})).await.was_problem(404, "not_found");

        // What they owned at Acme belongs to nobody by name.
        let alice = stage.alice();
        let thing = alice.get(&format!("/v1/things/{}", filled.shared)).await.was(200).json();
        assert_eq!(thing["ownerId"], filled.person.id);
        alice.get(&format!("/v1/things/{}", filled.of_alice)).await.was(200);
        root.get(&format!("/v1/groups/{}", filled.person.home)).await.was(404);
        // They can come back, as somebody else.
        let (again, _) = account(&stage.nobody(), "new@example.com", "New").await;
        assert_ne!(again.id, filled.person.id);

        stage.server.stop();
        let report = verified(&stage.server);
        assert!(report["deleted"].as_u64() > Some(10), "{report}");
        counted(&stage).await;
        let rest = "people where display_name = 'Deleted user' and user_id is null \
                    and preferences is null and personal_group_id is null";
        assert_eq!(store::count(&stage, rest).await, 1, "a record without a name");
        assert!(!filled.archive(&stage).exists(), "the files of their groups");
        assert!(!tells(&stage, SHARED).await.is_empty(), "what they shared stays");
        is_nowhere(&stage, WORD).await;
        verified(&stage.server);
        stage.server.run();
        assert!(stage.server.stop().success());
    }
}

#[tokio::test]
async fn with_contents_everything_goes_at_the_command_line() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let filled = Filled::fill(&mut stage).await;
        stage.server.stop();
        let file = text(&stage.server.folder().join("kept.ndjson"));
        let say = |more: &[&str]| -> Said {
            let all = ["admin", "erase", EMAIL, "--json"];
            stage.server.say(&[&all, more].concat())
        };
        let unsure = say(&["--contents", "delete", "--export", &file]);
        assert_eq!((unsure.code, unsure.err.contains("not_confirmed")), (2, true), "{unsure:?}");
        let done = say(&["--contents", "delete", "--export", &file, "--yes"]);
        assert_eq!(done.code, 0, "{done:?}");
        let said: Value = serde_json::from_str(&done.out).expect("JSON");
        assert_eq!(said["personId"], filled.person.id);
        let written = std::fs::read_to_string(&file).expect("the export");
        assert_eq!(said["exported"], lines(&written).len());
        assert!(written.contains(WORD) && written.contains(SHARED));
        let again = say(&["--yes"]);
        assert_eq!((again.code, again.err.contains("unknown_user")), (1, true), "{again:?}");

        verified(&stage.server);
        counted(&stage).await;
        assert!(!filled.archive(&stage).exists(), "the files of their groups");
        for word in [SHARED, WORD] {
            is_nowhere(&stage, word).await;
        }
        stage.server.run();
        let alice = stage.alice().at(stage.server.url());
        alice.get(&format!("/v1/things/{}", filled.shared)).await.was(404);
        alice.get(&format!("/v1/things/{}", filled.of_alice)).await.was(200);
        stage.server.stop();
        verified(&stage.server);
    }
}

/// Who deletes their account is erased when its time has come, and what was there until then is
/// there until then; a new account with the same address keeps what is its own.
#[tokio::test]
async fn an_account_that_was_deleted_is_erased_later_and_goes_on_after_a_crash() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let root = sign_in(&stage.nobody(), "root").await;
        let (zoe, user) = account(&stage.nobody(), "zoe@example.com", LATER).await;
        for number in 0..30 {
            let note = json!({ "type": "note", "name": format!("{LATER} {number}") });
            zoe.post("/v1/things", note).await.was(201);
        }
        zoe.post("/v1/auth/delete-user", json!({ "password": PASSWORD })).await.was(200);
        let jobs = root.get("/v1/jobs?kind=erase_person").await.was(200).json();
        assert_eq!(jobs["data"][0]["state"], "queued", "{jobs}");
        let (new, _) = account(&stage.nobody(), "zoe@example.com", "Zoe").await;
        let invitation = json!({ "email": "zoe@example.com", "role": "member",
            "organizationId": stage.globex });
        stage.carol().post("/v1/auth/organization/invite-member", invitation).await.was(200);
        assert!(root.get(&format!("/v1/users/{user}")).await.status == 404);

        stage.server.stop();
        assert!(!tells(&stage, LATER).await.is_empty(), "thirty days are not over");
        store::run(&stage, "update jobs set run_at = 1 where kind = 'erase_person'").await;
        // In the middle of it, or before, or after: what is begun is ended by the next start.
        stage.server.run();
        stage.server.kill();
        stage.server.run();
        let root = root.at(stage.server.url());
        erased(&root, &zoe.id).await;
        let pending = "invitations where email = 'zoe@example.com'";
        stage.server.stop();
        assert_eq!(store::count(&stage, pending).await, 1, "it is the new account's");
        verified(&stage.server);
        counted(&stage).await;
        is_nowhere(&stage, LATER).await;
        assert_ne!(new.id, zoe.id);
    }
}

/// A group that somebody else was let into meanwhile, or that others own from above, is not theirs
/// alone.
#[tokio::test]
async fn what_is_not_theirs_alone_stays() {
    for engine in Engine::all() {
        let stage = Stage::open(&engine).await;
        let (root, alice) = (sign_in(&stage.nobody(), "root").await, stage.alice());
        let (yan, user) = account(&stage.nobody(), "yan@example.com", "Yan").await;
        let body = json!({ "groupId": stage.acme, "personId": yan.id, "role": "admin" });
        root.post("/v1/people", body).await.was(201);
        let yan = sign_in_again(&yan).await;
        let below = json!({ "slug": "yans", "name": "Yans", "type": "business",
            "parentGroupId": stage.acme });
        let below = yan.post("/v1/groups", below).await.was(201).id();
        let note = json!({ "groupId": below, "type": "note", "name": "for Acme" });
        let note = yan.post("/v1/things", note).await.was(201).id();
        let own = group(&yan, "of-yan", "Of Yan").await;
        let path = format!("/v1/users/{user}/erase");
        root.post(&path, json!({ "contents": "keep" })).await.was(202);
        let told = erased(&root, &yan.id).await;
        assert_eq!(told["metadata"]["groups"], 2, "{told}");
        alice.get(&format!("/v1/things/{note}")).await.was(200);
        root.get(&format!("/v1/groups/{own}")).await.was(404);
    }
}
