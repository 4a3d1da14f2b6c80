//! What is asked about background jobs and backups.

use serde_json::json;

use super::{Ask, about, body, query};
use crate::access::scene::Scene;

pub(super) async fn of(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    let acme = &scene.acme;
    let kind = "identity.clean_up";
    Some(match operation {
        "list_jobs" => vec![
            query("of everywhere", String::new()),
            query("of Acme", format!("?groupId={acme}")),
            query("of a group below, of others", format!("?groupId={}", scene.annex)),
            query("of Alice's home", format!("?groupId={}", scene.alice.home)),
        ],
        "get_job" | "retry_job" | "cancel_job" => vec![about("of the house", &done(scene).await)],
        "redrive_jobs" => vec![
            body("of the house", json!({ "kind": kind })),
            body("of Acme", json!({ "kind": kind, "groupId": acme })),
            body("of a group below, of others", json!({ "kind": kind, "groupId": scene.annex })),
        ],
        "list_job_queues" | "list_job_schedules" | "get_ops_stats" | "get_metrics"
        | "list_backups" | "get_backup_status" | "create_backup" => vec![Ask::default()],
        "pause_job_queue" | "resume_job_queue" => vec![about("", kind)],
        _ => return None,
    })
}

/// A job of the house that is done.
async fn done(scene: &Scene) -> String {
    loop {
        let jobs = scene.root.get("/v1/jobs?state=done&limit=1").await.was(200).json();
        if let Some(id) = jobs["data"][0]["id"].as_str() {
            return id.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
