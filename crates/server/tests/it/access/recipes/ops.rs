//! What is asked about background jobs, backups and the sealed log.

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
        "get_audit_checkpoint" | "list_audit_checkpoints" => {
            sealed(scene).await;
            vec![Ask::default()]
        }
        "get_audit_inclusion" => {
            sealed(scene).await;
            vec![
                about("of a shared thing", &scene.event),
                about("of a private thing", &scene.private_event),
            ]
        }
        "get_audit_consistency" => {
            sealed(scene).await;
            vec![query("from the first event", "?from=1".to_owned())]
        }
        "pause_job_queue" | "resume_job_queue" => vec![about("", kind)],
        _ => return None,
    })
}

/// Waits until the events there are sealed.
async fn sealed(scene: &Scene) {
    for id in [&scene.event, &scene.private_event] {
        let path = format!("/v1/audit/events/{id}");
        while scene.root.get(&path).await.status == 404 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
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
