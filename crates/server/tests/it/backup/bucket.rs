//! Backups in a bucket.

use serde_json::json as body;

use super::s3::{ACCESS_KEY, BUCKET, GOSSIP, S3, Trouble};
use super::{at_rest, bad, elsewhere, fatten, good, json};
use crate::people::Person;
use crate::process::Server;
use crate::stage::sign_in;

/// Says where and who.
fn to_s3(server: &mut Server, s3: &S3) {
    for (name, value) in [
        ("SIXFOLD_BACKUP_TO", format!("s3://{BUCKET}/prod/eu").as_str()),
        ("SIXFOLD_BACKUP_UNENCRYPTED", "true"),
        ("SIXFOLD_BACKUP_S3_ENDPOINT", &s3.url),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ] {
        server.set(name, value);
    }
}

async fn say(server: &Server, arguments: &[&str]) -> crate::process::Said {
    // The double lives on this test's runtime.
    tokio::task::block_in_place(|| server.say(arguments))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_go_there_and_come_back() {
    let mut stage = at_rest().await;
    let s3 = S3::start().await;
    to_s3(&mut stage.server, &s3);
    let create = ["backup", "create", "--json"];
    let small = json(&good(say(&stage.server, &create).await).out);
    assert_eq!((s3.in_parts(), s3.left()), (0, 0), "a small one goes at once");
    fatten(&stage.server, 20);
    let large = json(&good(say(&stage.server, &create).await).out);
    assert_eq!((s3.in_parts(), s3.left()), (1, 0), "a large one goes in parts");
    good(say(&stage.server, &create).await);
    let (small, large) = (&small["manifest"]["name"], &large["manifest"]["name"]);
    let (small, large) = (small.as_str().expect("a name"), large.as_str().expect("a name"));
    assert!(s3.names().contains(&format!("prod/eu/{large}")), "{:?}", s3.names());

    s3.put("prod/eu/readme.txt", b"not ours".to_vec());
    s3.put("prod/other/sixfold-x.backup", b"not ours".to_vec());
    let list = json(&good(say(&stage.server, &["backup", "list", "--json"]).await).out);
    assert_eq!(list.as_array().map(Vec::len), Some(3), "{list}");
    assert!(list[0]["manifest"]["databaseBytes"].as_u64().is_some_and(|bytes| bytes > 20 << 20));

    let mut other = elsewhere(&stage.server);
    to_s3(&mut other, &s3);
    good(say(&other, &["backup", "verify", small]).await);
    let address = format!("s3://{BUCKET}/prod/eu/{large}");
    let said = good(say(&other, &["backup", "restore", &address, "--json"]).await);
    assert_eq!(json(&said.out)["keys"], "fit");
    good(say(&other, &["doctor"]).await);
    other.run();
    stage.alice().at(other.url()).fresh().get("/v1/groups").await.was(401);
    let root = sign_in(&Person::nobody(other.url()), "root").await;
    let list = root.get("/v1/backups").await.was(200).json();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(3), "{list}");
    assert_eq!(root.get("/v1/backups/status").await.json()["place"], body!("s3"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_there_is_said_and_leaves_nothing() {
    let mut stage = at_rest().await;
    let s3 = S3::start().await;
    to_s3(&mut stage.server, &s3);
    let made = json(&good(say(&stage.server, &["backup", "create", "--json"]).await).out);
    let name = made["manifest"]["name"].as_str().expect("a name").to_owned();
    let key = format!("prod/eu/{name}");
    bad(
        &say(&stage.server, &["backup", "verify", "sixfold-no.backup", "--json"]).await,
        "backup_absent",
    );
    let whole = s3.get(&key);
    s3.put(&key, whole[..whole.len() / 2].to_vec());
    bad(&say(&stage.server, &["backup", "verify", &name, "--json"]).await, "backup_truncated");
    s3.put(&key, whole);
    good(say(&stage.server, &["backup", "verify", &name]).await);

    fatten(&stage.server, 20);
    s3.trouble(Trouble::Parts);
    bad(&say(&stage.server, &["backup", "create", "--json"]).await, "backup_place_failed");
    assert_eq!(s3.left(), 0, "what was begun is called off");
    s3.trouble(Trouble::End);
    let made = json(&good(say(&stage.server, &["backup", "create", "--json"]).await).out);
    let late = made["manifest"]["name"].as_str().expect("a name").to_owned();
    assert_eq!(s3.names().len(), 2, "one whose end was tried twice is there all the same");
    good(say(&stage.server, &["backup", "verify", &late]).await);
    s3.trouble(Trouble::Silent);
    stage.server.set("SIXFOLD_BACKUP_S3_TIMEOUT_S", "1");
    for arguments in [&["backup", "create", "--json"][..], &["backup", "list", "--json"]] {
        bad(&say(&stage.server, arguments).await, "backup_place_failed");
    }
    s3.trouble(Trouble::None);
    assert_eq!(s3.names(), [key, format!("prod/eu/{late}")], "nothing else is there");
    stage.server.set("AWS_ACCESS_KEY_ID", "SOMEBODYELSE");
    let refused = say(&stage.server, &["backup", "list", "--json"]).await;
    bad(&refused, "backup_place_failed");
    assert!(refused.err.contains("403") && refused.err.contains("AccessDenied"), "{refused:?}");
    assert!(!refused.err.contains(GOSSIP) && !refused.err.contains(&s3.url), "{refused:?}");
    assert!(!stage.server.data_dir().join("backups.scratch").exists());
}
