use crate::stage::Stage;
use std::time::Instant;
#[tokio::test]
async fn speed() {
    let stages = Stage::each().await;
    for stage in stages {
        let alice = stage.sign_up("alice").await;
        let bob = stage.post("/v1/auth/signup", serde_json::json!({"email":"b@example.com","password":"analytical engine"})).await;
        for (what, token) in [("none", String::new()), ("ses", alice.text("/token")), ("jwt", bob.text("/accessToken"))] {
            let bearer = format!("Bearer {token}");
            let n = 100_000;
            let started = Instant::now();
            for _ in 0..n {
                let mut request = http::Request::get("/v1/nothing");
                if !token.is_empty() { request = request.header("authorization", &bearer); }
                let request = request.body(axum::body::Body::empty()).unwrap();
                let _ = tower::ServiceExt::oneshot(stage.router.clone(), request).await.unwrap();
            }
            println!("{} {what}: {:?} a request", stage.app.db.engine().name(), started.elapsed() / n);
        }
        stage.done().await;
    }
}
