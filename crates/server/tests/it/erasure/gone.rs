//! Groups that are found late, and groups that were gone before: their log goes, too.

use std::path::PathBuf;

use serde_json::json;

use super::tables::tells;
use super::{account, erased, is_nowhere, verified};
use crate::engines::Engine;
use crate::people::Person;
use crate::stage::{PASSWORD, Stage, group, member, sign_in};
use crate::store;

/// In the log of what was theirs alone.
const WORD: &str = "xqteam";
/// In the log of what was somebody else's, too.
const KEPT: &str = "xqkept";

/// Makes a team, which has no members at first.
async fn team(person: &Person, of: &str, name: &str) -> String {
    let body = json!({ "name": name, "organizationId": of });
    person.post("/v1/auth/organization/create-team", body).await.was(200).id()
}

/// A folder as retention makes one for old events of a group.
fn archived(stage: &Stage, group: &str) -> PathBuf {
    let folder = stage.server.data_dir().join("archive").join("events").join(group);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("2014-01-01.ndjson.gz"), WORD).expect("a file");
    folder
}

fn are_gone(folders: &[PathBuf]) {
    for folder in folders {
        assert!(!folder.exists(), "{}", folder.display());
    }
}

/// One round finds what is below, and the next that another group is not theirs any more.
#[tokio::test]
async fn what_is_found_below_a_group_goes_although_another_group_stays() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let (root, alice) = (sign_in(&stage.nobody(), "root").await, stage.alice());
        let (ora, user) = account(&stage.nobody(), "ora@example.com", "Ora").await;
        let top = group(&ora, "of-ora", "Of Ora").await;
        let shared = group(&ora, "shared-by-ora", "Shared").await;
        let below = team(&ora, &top, &format!("{WORD} one")).await;
        let depot = group(&root, "depot", "Depot").await;
        let late = team(&root, &depot, &format!("{WORD} two")).await;
        let folders = [archived(&stage, &below), archived(&stage, &late)];
        ora.post("/v1/auth/delete-user", json!({ "password": PASSWORD })).await.was(200);

        // Meanwhile somebody is let into one group, and another team comes below the other.
        for back in [&top, &shared] {
            root.post(&format!("/v1/groups/{back}/restore"), json!({})).await.was(200);
        }
        member(&root, &shared, &alice, "group_owner").await;
        let here = json!({ "parentGroupId": top });
        root.patch(&format!("/v1/groups/{late}"), here).await.was(200);
        root.post(&format!("/v1/users/{user}/erase"), json!({})).await.was(202);
        let told = erased(&root, &ora.id).await;
        // The personal one, the one of theirs, and its two teams.
        assert_eq!(told["metadata"]["groups"], 4, "{told}");
        alice.get(&format!("/v1/groups/{shared}")).await.was(200);
        for gone in [&top, &below, &late] {
            root.get(&format!("/v1/groups/{gone}")).await.was(404);
        }

        stage.server.stop();
        verified(&stage.server);
        are_gone(&folders);
        is_nowhere(&stage, WORD).await;
    }
}

#[tokio::test]
async fn the_log_of_what_was_theirs_alone_and_deleted_before_goes_too() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let (root, bob) = (sign_in(&stage.nobody(), "root").await, stage.bob());
        let (gil, user) = account(&stage.nobody(), "gil@example.com", "Gil").await;
        let club = format!("{WORD}-club");
        let alone = group(&gil, &club, &format!("{WORD} Club")).await;
        let below = team(&gil, &alone, &format!("{WORD} team")).await;
        let note = json!({ "groupId": alone, "type": "note", "name": format!("{WORD} note") });
        gil.post("/v1/things", note).await.was(201);
        let shared = group(&gil, "shared-by-gil", KEPT).await;
        member(&gil, &shared, &bob, "group_user").await;
        let folders = [archived(&stage, &alone), archived(&stage, &below)];
        for (id, slug) in [(&alone, club.as_str()), (&shared, "shared-by-gil")] {
            let path = format!("/v1/groups/{id}?cascade=true");
            gil.delete(&path).await.was(204);
            gil.delete(&format!("{path}&permanent=true&confirm={slug}")).await.was(204);
        }
        root.post(&format!("/v1/users/{user}/erase"), json!({})).await.was(202);
        let told = erased(&root, &gil.id).await;
        // The personal one, the club and its team.
        assert_eq!(told["metadata"]["groups"], 3, "{told}");

        stage.server.stop();
        verified(&stage.server);
        are_gone(&folders);
        assert_eq!(store::count(&stage, "removed_groups").await, 0);
        assert!(!tells(&stage, KEPT).await.is_empty(), "it was Bob's group, too");
        is_nowhere(&stage, WORD).await;
    }
}
