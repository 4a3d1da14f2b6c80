//! Other people's verifiers, unchanged, on what we send; and their signatures on what we take.

use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use super::target::Target;
use super::{thing, webhook};
use crate::clients::{Client, skipped};
use crate::process::text;
use crate::stage::{Stage, on_both};

/// Requests with each of their secrets, in a file; and a receiver's path and secret.
async fn received(stage: &Stage, file: &Path, slug: &str) -> (String, String) {
    let (target, alice) = (Target::open().await, stage.alice());
    let team = crate::stage::group(&alice, slug, "Verified").await;
    let (id, first) = webhook(&alice, &team, &target.url("/in"), json!({})).await;
    thing(&alice, &team, "note", "ünïcødé \u{1f980} \"quoted\"").await;
    target.wait(1).await;
    let rotated = alice.post(&format!("/v1/webhooks/{id}/rotate"), json!({})).await.was(200);
    thing(&alice, &team, "note", "signed twice").await;
    let seen = target.wait(2).await;
    let one = |index: usize, secret: &str| {
        let seen = &seen[index];
        json!({ "secret": secret, "headers": seen.headers, "body": seen.body })
    };
    let second = rotated.text_at("/secret");
    let all = json!([one(0, &first), one(1, &first), one(1, &second)]);
    std::fs::write(file, all.to_string()).expect("a file");
    let body = json!({ "groupId": team, "name": "Shop", "signature": "standard",
        "eventType": "commerce_event" });
    let made = alice.post("/v1/receivers", body).await.was(201);
    (made.text_at("/path"), made.text_at("/secret"))
}

/// The server takes what the other side signed, once; and not with another body.
async fn take(stage: &Stage, path: &str, file: &Path, from: &str) {
    let signed = std::fs::read_to_string(file).expect("what it signed");
    let signed: Value = serde_json::from_str(&signed).expect("JSON");
    let door = stage.nobody();
    let send = async |body: String| {
        let mut request = door.request(Method::POST, path).body(body);
        for (name, value) in signed["headers"].as_object().into_iter().flatten() {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
        door.send(request).await
    };
    let body = signed["body"].as_str().unwrap_or_default().to_owned();
    send(format!("{body} ")).await.was_problem(401, "invalid_signature");
    let event = send(body.clone()).await.was(200).text_at("/eventId");
    assert_eq!(send(body).await.was(200).json()["duplicate"], true);
    let event = stage.alice().get(&format!("/v1/events/{event}")).await.was(200).json();
    assert_eq!(event["metadata"]["payload"]["data"]["id"], from);
}

#[tokio::test]
async fn the_verifier_of_npm_takes_what_we_send_and_we_what_it_signs() {
    let Some(client) = Client::find("webhooks") else { return };
    on_both(async |stage| {
        let [file, signed] =
            ["npm-received.json", "npm-signed.json"].map(|name| stage.server.folder().join(name));
        let (path, secret) = received(stage, &file, "verified-npm").await;
        let variables = [
            ("SIXFOLD_RECEIVED", text(&file)),
            ("SIXFOLD_SIGNED", text(&signed)),
            ("SIXFOLD_SECRET", secret),
        ];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        client.run("verify.mjs", &stage.server, &variables);
        take(stage, &path, &signed, "from npm").await;
    })
    .await;
}

#[tokio::test]
async fn the_verifier_of_pypi_takes_what_we_send_and_we_what_it_signs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/webhooks");
    let python = folder.join(".venv/bin/python");
    if !python.exists() {
        let lack = "its packages are missing: run `just clients`";
        return skipped("python", "the client webhooks", lack);
    }
    on_both(async |stage| {
        let [file, signed] =
            ["pypi-received.json", "pypi-signed.json"].map(|name| stage.server.folder().join(name));
        let (path, secret) = received(stage, &file, "verified-pypi").await;
        let output = Command::new(&python)
            .arg(folder.join("verify.py"))
            .env("SIXFOLD_RECEIVED", &file)
            .env("SIXFOLD_SIGNED", &signed)
            .env("SIXFOLD_SECRET", &secret)
            .output()
            .expect("python starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "verify.py failed: {said}");
        take(stage, &path, &signed, "from PyPI").await;
    })
    .await;
}
