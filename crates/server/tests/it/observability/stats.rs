//! `GET /v1/ops/stats`.

use crate::engines::Engine;
use crate::stage::on_both;

#[tokio::test]
async fn the_state_of_the_house_is_told_to_its_owner() {
    on_both(async |stage| {
        let stats = stage.root().get("/v1/ops/stats").await.was(200).json();
        let engine = if stage.engine == Engine::Sqlite { "sqlite" } else { "postgres" };
        assert_eq!(stats["engine"], engine);
        assert_eq!(stats["version"], env!("CARGO_PKG_VERSION"));
        assert!(stats["requests"]["answered"].as_u64() > Some(0), "{stats}");
        assert!(stats["database"]["writes"].as_u64() > Some(0), "{stats}");
        assert!(stats["store"]["sizeBytes"].as_u64() > Some(0), "{stats}");
        let followers = stats["store"]["followers"].as_array().expect("followers");
        for name in ["live", "search"] {
            assert!(followers.iter().any(|one| one["name"] == name), "{name}: {stats}");
        }
        let jobs = stats["store"]["jobs"].as_array().expect("jobs");
        assert!(jobs.iter().any(|one| one["kind"] == "mail.deliver"), "{stats}");
        for person in [stage.alice(), stage.bob(), stage.carol()] {
            person.get("/v1/ops/stats").await.was_problem(403, "forbidden");
        }
        stage.nobody().get("/v1/ops/stats").await.was_problem(401, "unauthenticated");
    })
    .await;
}
