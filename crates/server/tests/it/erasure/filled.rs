//! Somebody who is everywhere: in each table that can hold anything of a person.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::json;

use super::account;
use crate::engines::Engine;
use crate::people::Person;
use crate::stage::{PASSWORD, Stage, group, member, sign_in};
use crate::store;

/// In everything that is theirs alone, or names them.
pub(super) const WORD: &str = "xqcanary";
pub(super) const EMAIL: &str = "xqcanary@example.com";
/// In what they own at Acme.
pub(super) const SHARED: &str = "xqshared";
/// Of somebody else, who is erased later.
pub(super) const LATER: &str = "zqlater";

pub(super) struct Filled {
    pub(super) person: Person,
    /// Their login.
    pub(super) user: String,
    /// Things at Acme: one of theirs, and one of Alice's.
    pub(super) shared: String,
    pub(super) of_alice: String,
}

impl Filled {
    /// The server was stopped in between, and runs.
    pub(super) async fn fill(stage: &mut Stage) -> Self {
        let root = sign_in(&stage.nobody(), "root").await;
        // Letters wait.
        root.post("/v1/jobs/queues/mail.deliver/pause", json!({})).await.was(200);
        let (person, user) = account(&stage.nobody(), EMAIL, &format!("{WORD} Person")).await;
        root.patch(&format!("/v1/users/{user}"), json!({ "emailVerified": true })).await.was(200);
        let body = json!({ "email": EMAIL, "password": PASSWORD });
        let request = stage.nobody().request(Method::POST, "/v1/auth/sign-in/email").json(&body);
        stage.nobody().send(request.header("user-agent", WORD)).await.was(200);
        profile(&person).await;
        at_home(&person).await;
        club(&person).await;
        outside(stage, &person).await;
        let (shared, of_alice) = at_acme(stage, &person).await;
        stage.server.stop();
        by_hand(stage).await;
        let archive = archive(stage, &person);
        std::fs::create_dir_all(&archive).expect("a folder");
        std::fs::write(archive.join("2014-01-01.ndjson.gz"), WORD).expect("a file");
        stage.server.run();
        let url = stage.server.url().to_owned();
        let (person, root) = (person.at(&url).fresh(), root.at(&url).fresh());
        // The pause is in the store.
        let queues = root.get("/v1/jobs/queues").await.was(200).text;
        assert!(queues.contains("mail.deliver"), "{queues}");
        stage.follow();
        Self { person, user, shared, of_alice }
    }

    /// Where retention put old events of their own group.
    pub(super) fn archive(&self, stage: &Stage) -> PathBuf {
        archive(stage, &self.person)
    }
}

fn archive(stage: &Stage, person: &Person) -> PathBuf {
    stage.server.data_dir().join("archive").join("events").join(&person.home)
}

async fn profile(person: &Person) {
    let record = json!({ "bio": format!("{WORD} writes"), "username": WORD,
        "avatar": format!("https://{WORD}.example.com/a.png"), "metadata": { "shoe": WORD } });
    person.patch(&format!("/v1/people/{}", person.id), record).await.was(200);
    let image = json!({ "image": format!("https://example.com/{WORD}.png") });
    person.post("/v1/auth/update-user", image).await.was(200);
    person.patch("/v1/people/me/preferences", json!({ "theme": "dark" })).await.was(200);
    let choices = json!({ "digest": { "frequency": "daily", "hour": 7 } });
    person.patch("/v1/notifications/preferences", choices).await.was(200);
    person.post("/v1/auth/sign-in/magic-link", json!({ "email": EMAIL })).await.was(200);
    person.post("/v1/auth/request-password-reset", json!({ "email": EMAIL })).await.was(200);
}

/// A thing that was changed, with what hangs on it.
async fn thing(person: &Person, group: &str, word: &str, key: &str) -> String {
    let body = json!({ "groupId": group, "type": "note", "name": format!("{word} note"),
        "properties": { "body": word } });
    let request = person.request(Method::POST, "/v1/things").json(&body);
    let id = person.send(request.header("idempotency-key", key)).await.was(201).id();
    let change = json!({ "name": format!("{word} changed") });
    person.patch(&format!("/v1/things/{id}"), change).await.was(200);
    let knowledge = json!({ "type": "document", "text": format!("{word} knows"),
        "sourceThingId": id, "metadata": { "from": word } });
    person.post("/v1/knowledge", knowledge).await.was(201);
    id
}

async fn connect(person: &Person, from: &str, to: &str, word: &str) {
    let body = json!({ "type": "part_of", "fromId": from, "toId": to,
        "metadata": { "why": word } });
    person.post("/v1/connections", body).await.was(201);
}

async fn at_home(person: &Person) {
    let one = thing(person, &person.home, WORD, "one").await;
    let other = thing(person, &person.home, WORD, "other").await;
    connect(person, &one, &other, WORD).await;
    let event = json!({ "groupId": person.home, "type": "task_event",
        "metadata": { "said": WORD } });
    person.post("/v1/events", event).await.was(201);
    let key = json!({ "name": format!("{WORD} key"), "groupId": person.home, "permissions": [] });
    person.post("/v1/api-keys", key).await.was(201);
    let hook = json!({ "groupId": person.home, "url": "http://127.0.0.1:9/",
        "description": WORD, "enabled": false });
    person.post("/v1/webhooks", hook).await.was(201);
}

/// A group they are alone in, with one below it.
async fn club(person: &Person) {
    let top = group(person, &format!("{WORD}-club"), &format!("{WORD} Club")).await;
    let below = json!({ "slug": format!("{WORD}-cellar"), "name": WORD, "type": "business",
        "parentGroupId": top });
    let below = person.post("/v1/groups", below).await.was(201).id();
    thing(person, &below, WORD, "below").await;
    let label = json!({ "groupId": top, "type": "label", "text": format!("topic:{WORD}") });
    person.post("/v1/knowledge", label).await.was(201);
    let invitation = json!({ "email": "friend@example.com", "role": "member",
        "organizationId": top });
    person.post("/v1/auth/organization/invite-member", invitation).await.was(200);
}

/// What others hold of them.
async fn outside(stage: &Stage, person: &Person) {
    let carol = stage.carol();
    let invitation = json!({ "email": EMAIL, "role": "member", "organizationId": stage.globex });
    carol.post("/v1/auth/organization/invite-member", invitation).await.was(200);
    let settings = json!({ "visibility": "public", "joinPolicy": "approval_required" });
    let plaza = json!({ "slug": "plaza-of-carol", "name": "Plaza", "type": "business",
        "settings": settings });
    let plaza = carol.post("/v1/groups", plaza).await.was(201).id();
    let wish = json!({ "message": format!("{WORD} wants in") });
    person.post(&format!("/v1/groups/{plaza}/join"), wish).await.was(202);
    let letter = json!({ "name": WORD, "email": EMAIL, "subject": WORD, "message": WORD,
        "groupId": plaza });
    stage.nobody().post("/v1/contact", letter).await.was(202);
}

/// They work there; one thing of theirs, and one of Alice's.
async fn at_acme(stage: &Stage, person: &Person) -> (String, String) {
    let alice = stage.alice();
    let hook = json!({ "groupId": stage.acme, "url": "http://127.0.0.1:9/", "enabled": false });
    alice.post("/v1/webhooks", hook).await.was(201);
    member(&alice, &stage.acme, person, "group_user").await;
    let about = json!({ "groupId": stage.acme, "type": "task_event", "targetId": person.id,
        "metadata": { "said": format!("{WORD} was here") } });
    alice.post("/v1/events", about).await.was(201);
    let note = json!({ "groupId": stage.acme, "type": "note", "name": "of Alice" });
    let of_alice = alice.post("/v1/things", note).await.was(201).id();
    let shared = thing(person, &stage.acme, SHARED, "shared").await;
    connect(person, &shared, &of_alice, SHARED).await;
    // Of this one only the log still tells.
    let gone = thing(person, &stage.acme, SHARED, "gone").await;
    alice.delete(&format!("/v1/things/{gone}?permanent=true")).await.was(204);
    (shared, of_alice)
}

/// What only a browser, a Socket.IO client or a long story would leave.
async fn by_hand(stage: &Stage) {
    let bytes = if stage.engine == Engine::Sqlite { "blob" } else { "bytea" };
    let user = format!("from users u where u.email = '{EMAIL}'");
    let person = format!("from people p where p.email = '{EMAIL}'");
    let of_acme = "(select g.id from groups g where g.slug = 'acme')";
    let far = "9000000000000000";
    for statement in [
        format!(
            "insert into passkeys (id, user_id, name, credential_id, public_key, counter, \
             device_type, backed_up, created_at) select u.id, u.id, '{WORD} key', \
             cast('{WORD}' as {bytes}), cast('k' as {bytes}), 0, 'singleDevice', false, 1 {user}"
        ),
        format!(
            "insert into trusted_devices (id, user_id, token_hash, created_at, expires_at) \
             select u.id, u.id, cast('{WORD}' as {bytes}), 1, {far} {user}"
        ),
        format!(
            "insert into live_receipts (room_id, person_id, delivered_seq, read_seq, updated_at) \
             select t.id, t.owner_id, 1, 1, 1 from things t where t.name = '{SHARED} changed'"
        ),
        format!(
            "insert into live_sent (person_id, room_id, client_id, message_id, seq, sent_at) \
             select p.id, p.id, '{WORD}', p.id, 1, {far} {person}"
        ),
        format!(
            "insert into onboarding (person_id, steps, wallet_address, created_at, updated_at) \
             select p.id, '{{}}', '{WORD}', 1, 1 {person} \
             on conflict (person_id) do update set wallet_address = '{WORD}'"
        ),
        format!(
            "insert into import_runs (id, group_id, person_id, options, state, offset_bytes, \
             lines, created, updated, unchanged, failed, problem, created_at, updated_at) \
             select p.id, {of_acme}, p.id, '{{\"mapping\":\"{WORD}\"}}', 'failed', 0, 1, 0, 0, 0, \
             1, '{WORD}', 1, {far} {person}"
        ),
        format!(
            "insert into import_errors (import_id, line, errors) \
             select p.id, 1, '[{{\"message\":\"{WORD}\"}}]' {person}"
        ),
        format!(
            "insert into import_people (import_id, source_id, person_id) \
             select p.id, p.id, p.id {person}"
        ),
        format!(
            "insert into webhook_deliveries (id, webhook_id, event_id, event_type, seq, state, \
             attempts, step, due_at, created_at, updated_at) select e.id, w.id, e.id, e.type, \
             e.seq, 'failed', 1, 0, 1, 1, {far} from events e join webhooks w \
             on w.group_id = e.group_id where e.target_id in (select p.id {person}) \
             on conflict do nothing"
        ),
        format!(
            "insert into webhook_attempts (delivery_id, number, url, request, duration_ms, \
             created_at) select d.id, 99, 'http://127.0.0.1:9/', '{WORD}', 1, {far} \
             from webhook_deliveries d join events e on e.id = d.event_id \
             where e.target_id in (select p.id {person})"
        ),
    ] {
        store::run(stage, &statement).await;
    }
    let attempts = format!("webhook_attempts where request = '{WORD}'");
    assert!(store::count(stage, &attempts).await >= 2, "sent from home and from Acme");
}
