//! Who may not, and what cannot be.

use serde_json::json;

use super::{account, erased, sign_in_again};
use crate::engines::Engine;
use crate::people::Person;
use crate::process::text;
use crate::stage::{Stage, sign_in};
use crate::store;

const NOBODY: &str = "user_00000000000000000000000000";

#[tokio::test]
async fn only_owners_of_the_platform_erase_and_only_in_person_and_just_now() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let root = sign_in(&stage.nobody(), "root").await;
        let (xen, user) = account(&stage.nobody(), "xen@example.com", "Xen").await;
        let (export, erase) =
            (format!("/v1/users/{user}/export"), format!("/v1/users/{user}/erase"));
        for path in [&export, &"/v1/people/me/export".to_owned()] {
            stage.nobody().get(path).await.was_problem(401, "unauthenticated");
        }
        stage.nobody().post(&erase, json!({})).await.was_problem(401, "unauthenticated");
        for person in [&stage.alice(), &xen] {
            person.get(&export).await.was_problem(403, "forbidden");
            person.post(&erase, json!({})).await.was_problem(403, "forbidden");
        }
        let key = json!({ "name": "k", "groupId": root.home, "permissions": ["*"] });
        let key = root.post("/v1/api-keys", key).await.was(201).text_at("/key");
        let key = Person { token: Some(key), ..root.clone() };
        key.get(&export).await.was_problem(403, "forbidden");
        key.post(&erase, json!({})).await.was_problem(403, "forbidden");
        key.get("/v1/people/me/export").await.was_problem(401, "unauthenticated");

        for unknown in [NOBODY, xen.id.as_str(), "nonsense"] {
            let answer = root.post(&format!("/v1/users/{unknown}/erase"), json!({})).await;
            assert!(matches!(answer.status, 404 | 422), "{answer:?}");
            let answer = root.get(&format!("/v1/users/{unknown}/export")).await;
            assert!(matches!(answer.status, 404 | 422), "{answer:?}");
        }
        for wrong in [json!({ "contents": "burn" }), json!({ "contents": 1 }), json!({ "all": 1 })]
        {
            assert_eq!(root.post(&erase, wrong).await.status, 422);
        }
        let own = format!("/v1/users/{}/erase", user_of(&root).await);
        root.post(&own, json!({})).await.was_problem(409, "own_account");
        let only = format!("/v1/users/{}/erase", user_of(&stage.alice()).await);
        root.post(&only, json!({})).await.was_problem(409, "only_owner");
        stage.alice().get(&format!("/v1/groups/{}", stage.acme)).await.was(200);

        // Acting as somebody tells nothing of them, and a session from yesterday nothing at all.
        let acting = root.post(&format!("/v1/users/{user}/impersonate"), json!({})).await.was(200);
        let acting = Person { token: Some(acting.text_at("/token")), ..xen.clone() };
        acting.get("/v1/people/me/export").await.was_problem(403, "impersonating");
        let xen = sign_in_again(&xen).await;
        stage.server.stop();
        store::run(&stage, "update sessions set authenticated_at = 1").await;
        stage.server.run();
        let (root, xen) = (root.at(stage.server.url()).fresh(), xen.at(stage.server.url()).fresh());
        xen.get("/v1/people/me/export").await.was_problem(403, "session_not_fresh");
        root.get(&export).await.was_problem(403, "session_not_fresh");
        root.post(&erase, json!({})).await.was_problem(403, "session_not_fresh");
        root.get(&format!("/v1/users/{user}")).await.was(200);
    }
}

async fn user_of(person: &Person) -> String {
    person.get("/v1/auth/get-session").await.was(200).text_at("/user/id")
}

#[tokio::test]
async fn the_command_line_refuses_before_it_changes_anything() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        stage.server.stop();
        let file = text(&stage.server.folder().join("there.ndjson"));
        std::fs::write(&file, "mine").expect("a file");
        let nowhere = text(&stage.server.folder().join("no-such-folder").join("x.ndjson"));
        let alice = "alice@example.com";
        for (arguments, code, said) in [
            (&["erase"][..], 2, "USER"),
            (&["erase", alice], 2, "not_confirmed"),
            (&["erase", alice, "--contents", "burn", "--yes"], 2, "neither"),
            (&["erase", "nobody@example.com", "--yes"], 1, "unknown_user"),
            (&["erase", NOBODY, "--yes"], 1, "unknown_user"),
            (&["erase", "nonsense", "--yes"], 1, "unknown_user"),
            (&["erase", alice, "--yes"], 1, "only_owner"),
            (&["erase", "root@example.com", "--yes"], 1, "only_owner"),
            (&["erase", "bob@example.com", "--export", &file, "--yes"], 2, "output_exists"),
            (&["erase", "bob@example.com", "--export", &nowhere, "--yes"], 1, "output_unwritable"),
            (&["export-person", alice], 2, "FILE"),
            (&["export-person", alice, &file], 2, "output_exists"),
            (&["export-person", "nobody@example.com", &nowhere], 1, "unknown_user"),
            (&["export-person", alice, &nowhere], 1, "output_unwritable"),
        ] {
            let all = [&["admin", "--json"][..], arguments].concat();
            let told = stage.server.say(&all);
            assert_eq!(told.code, code, "{arguments:?}: {told:?}");
            assert!(told.err.contains(said), "{arguments:?}: {told:?}");
        }
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "mine");
        stage.server.run();
        for person in [stage.alice(), stage.bob()] {
            let person = person.at(stage.server.url());
            person.get(&format!("/v1/groups/{}", stage.acme)).await.was(200);
        }
    }
}

/// Asked for twice, and with the account gone already.
#[tokio::test]
async fn who_waits_to_be_erased_can_be_erased_at_once() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let root = sign_in(&stage.nobody(), "root").await;
        let (wim, user) = account(&stage.nobody(), "wim@example.com", "Wim").await;
        root.delete(&format!("/v1/users/{user}")).await.was(204);
        let erase = format!("/v1/users/{user}/erase");
        root.post(&erase, json!({})).await.was(202);
        erased(&root, &wim.id).await;
        root.post(&erase, json!({})).await.was_problem(404, "not_found");

        let (ute, user) = account(&stage.nobody(), "ute@example.com", "Ute").await;
        root.delete(&format!("/v1/users/{user}")).await.was(204);
        stage.server.stop();
        // By the address that the account had, and by what is left of the person.
        let said = stage.server.say(&["admin", "erase", "ute@example.com", "--yes", "--json"]);
        assert_eq!((said.code, said.out.contains(&ute.id)), (0, true), "{said:?}");
        for gone in [ute.id.as_str(), wim.id.as_str(), user.as_str()] {
            let said = stage.server.say(&["admin", "erase", gone, "--yes", "--json"]);
            assert_eq!((said.code, said.err.contains("unknown_user")), (1, true), "{said:?}");
        }
        assert_eq!(store::count(&stage, "erasures where erased_at is null").await, 0);
        assert_eq!(store::count(&stage, "erasures where email is not null").await, 0);
    }
}

/// Its job was given up, or is not there any more.
#[tokio::test]
async fn an_erasure_that_was_given_up_is_tried_again() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let root = sign_in(&stage.nobody(), "root").await;
        let (ada, user) = account(&stage.nobody(), "ada.late@example.com", "Ada").await;
        root.delete(&format!("/v1/users/{user}")).await.was(204);
        stage.server.stop();
        store::run(&stage, "update jobs set state = 'dead' where kind = 'erase_person'").await;
        store::run(&stage, "update erasures set due_at = 1").await;
        let late = "update job_schedules set next_at = 1 where name = 'erasure.again'";
        store::run(&stage, late).await;
        stage.server.run();
        let root = sign_in(&Person::nobody(stage.server.url()), "root").await;
        erased(&root, &ada.id).await;
    }
}

/// An address nobody has proven may be anybody's.
#[tokio::test]
async fn who_signs_up_with_the_address_of_another_is_told_and_erases_nothing_of_theirs() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let email = "victim@example.com";
        let invitation = json!({ "email": email, "role": "member", "organizationId": stage.acme });
        stage.alice().post("/v1/auth/organization/invite-member", invitation).await.was(200);
        let plaza = json!({ "slug": "plaza-of-carol", "name": "Plaza", "type": "business",
            "settings": { "visibility": "public" } });
        let plaza = stage.carol().post("/v1/groups", plaza).await.was(201).id();
        let letter = json!({ "name": "Victim", "email": email, "subject": "Hello",
            "message": "To the plaza", "groupId": plaza });
        stage.nobody().post("/v1/contact", letter).await.was(202);
        let (thief, user) = account(&stage.nobody(), email, "Thief").await;
        let told = thief.get("/v1/people/me/export").await.was(200).text;
        for kind in ["invitation", "contactSubmission"] {
            assert!(!told.contains(&format!("\"kind\":\"{kind}\"")), "{told}");
        }
        let root = sign_in(&stage.nobody(), "root").await;
        root.post(&format!("/v1/users/{user}/erase"), json!({})).await.was(202);
        erased(&root, &thief.id).await;
        let kept = format!("invitations where email = '{email}'");
        assert_eq!(store::count(&stage, &kept).await, 1);
        let written = "things where type = 'contact_submission'";
        assert_eq!(store::count(&stage, written).await, 1);
        stage.server.stop();
    }
}
