//! A fresh house with this room and a probe, on each engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use database::{Db, args};
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt as _;
use identity::{IdentityApp, Settings, Surroundings};
use kernel::jobs::Jobs;
use kernel::mail::{Mailbox, Received};
use kernel::{App, Clock, Egress, Keys, Mail, Parts, Random};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use web::{By, Edge, Origins, Reply};

#[path = "../../../database/tests/it/plain.rs"]
mod plain;

const LOCAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";
pub(crate) const PASSWORD: &str = "analytical engine";
/// For another server to answer, however busy the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// For a letter to come.
const DELIVERY: Duration = Duration::from_secs(60);
/// Connections of a house: many tests have theirs on one server at the same time.
const CONNECTIONS: usize = 4;

pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) house: IdentityApp,
    pub(crate) router: Router,
    mailbox: Mailbox,
    worker: tokio::task::JoinHandle<()>,
    clock: Arc<AtomicI64>,
    folder: tempfile::TempDir,
    server: Option<(String, String)>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    pub(crate) fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// `name=value` of one of the cookies that were set; empty when it was not.
    pub(crate) fn kept(&self, name: &str) -> String {
        let all = self.headers.get_all(header::SET_COOKIE).iter();
        all.filter_map(|value| value.to_str().unwrap().split(';').next())
            .rfind(|pair| pair.starts_with(&format!("{name}=")))
            .unwrap_or_default()
            .to_owned()
    }

    /// `name=value` of the cookie that was set.
    pub(crate) fn cookie(&self) -> String {
        let set = self.headers.get(header::SET_COOKIE).map_or("", |value| value.to_str().unwrap());
        set.split(';').next().unwrap_or_default().to_owned()
    }
}

async fn who_am_i(By(caller): By) -> Reply<Value> {
    let identity = caller.identity();
    Reply(json!({
        "person": caller.person(),
        "session": identity.session,
        "key": identity.key.as_ref().map(|key| key.id),
        "platformOwner": identity.platform_owner,
        "memberships": identity.memberships.iter().map(|one| json!({
            "group": one.group,
            "role": one.role.name(),
            "rights": kernel::access::Right::ALL.iter().copied()
                .filter(|right| one.rights.has(*right)).map(kernel::access::Right::name)
                .collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    }))
}

/// The room behind its door, with a probe beside it.
fn router(house: &IdentityApp) -> Router {
    let (routes, _) = identity::router().split_for_parts();
    let origins = Origins::default().with("http://localhost:8080");
    Router::new()
        .merge(routes.with_state(house.clone()))
        .merge(world::router().split_for_parts().0.with_state(world::new(App::clone(house))))
        .route("/v1/me", get(who_am_i))
        .route("/v1/me", post(who_am_i))
        .layer(axum::middleware::from_fn_with_state(house.clone(), identity::authenticate))
        .layer(Edge::new(&web::Settings::default(), origins).layer())
}

impl Stage {
    async fn over(
        url: String,
        folder: tempfile::TempDir,
        server: Option<(String, String)>,
        patience: Duration,
    ) -> Self {
        let store = database::Settings { url, connections: CONNECTIONS, ..Default::default() };
        let db = Db::open(&store).await.unwrap();
        let clock = Arc::new(AtomicI64::new(1_800_000_000_000_000));
        let keys = Keys::new([1; 32], [2; 32]);
        let clocked = Clock::Fixed(Arc::clone(&clock));
        let mailbox = Mailbox::default();
        let mail = Mail::Mailbox(mailbox.clone());
        let app = App::new(Parts {
            mail,
            egress: Egress::within(patience),
            ..Parts::new(db, keys, clocked, Random::default())
        });
        // Cheap hashes: these tests are not about Argon2.
        let settings = Settings {
            argon2_memory_kib: 64,
            argon2_passes: 1,
            callback_origins: vec!["https://app.example.com".to_owned()],
            tries_per_minute: 1_000_000,
            ..Settings::default()
        };
        let origins = Origins::default().with("http://localhost:8080");
        let surroundings = Surroundings {
            public_url: "http://localhost:8080".to_owned(),
            origins,
            development: true,
        };
        let house = identity::new(app.clone(), settings, surroundings).unwrap();
        let jobs = identity::jobs(kernel::mail::jobs(Jobs::default()));
        let worker = tokio::spawn(jobs.run(app.clone()));
        identity::boot(&app).await.unwrap();
        let router = router(&house);
        Self { app, house, router, mailbox, worker, clock, folder, server }
    }

    /// The same house, where people can also sign in at these providers.
    pub(crate) fn offer(&mut self, providers: &identity::ProviderSettings) {
        self.house = self.house.clone().with_providers(providers);
        self.router = router(&self.house);
    }

    async fn sqlite(patience: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::over(url, folder, None, patience).await
    }

    async fn postgres(patience: Duration) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = server().await?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sixfold_identity_{}_{number}", std::process::id());
        admin(&server, &plain::make_role()).await;
        admin(&server, &plain::make_database(&name)).await;
        let url = plain::address(&server, &name);
        let folder = tempfile::tempdir().unwrap();
        Some(Self::over(url, folder, Some((server, name)), patience).await)
    }

    pub(crate) async fn each() -> Vec<Self> {
        Self::each_within(PATIENCE).await
    }

    /// The same, where other servers are given so much time to answer.
    pub(crate) async fn each_within(patience: Duration) -> Vec<Self> {
        let mut all = vec![Self::sqlite(patience).await];
        all.extend(Self::postgres(patience).await);
        all
    }

    /// What the house records is in the ontology: listed, and nobody else's to say.
    async fn events_are_known(&self) {
        let mut told = self.events().await;
        told.sort();
        told.dedup();
        let known = &kernel::ontology::built_in().event_types;
        told.retain(|kind| !known.iter().any(|one| one.name == *kind));
        assert!(told.is_empty(), "not in ontology.json: {told:?}");
    }

    pub(crate) async fn done(self) {
        self.events_are_known().await;
        self.worker.abort();
        self.app.db.close().await;
        let Self { server, folder, .. } = self;
        drop(folder);
        if let Some((server, name)) = server {
            admin(&server, &format!("drop database {name} with (force)")).await;
        }
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            None => Body::empty(),
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[], Some(body)).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], None).await
    }

    pub(crate) async fn as_bearer(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Value,
    ) -> Answer {
        let body = (!body.is_null()).then_some(body);
        self.send(method, path, &[("authorization", &format!("Bearer {token}"))], body).await
    }

    pub(crate) async fn sign_up(&self, name: &str) -> Answer {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email, "password": PASSWORD });
        let answer = self.post("/v1/auth/sign-up/email", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    /// The last letter of a kind to somebody, as soon as it arrives.
    pub(crate) async fn letter(&self, kind: &str, to: &str) -> Received {
        let deadline = Instant::now() + DELIVERY;
        loop {
            let letters = self.mailbox.letters();
            let found = letters.into_iter().rfind(|one| one.kind == kind && one.to == to);
            if let Some(found) = found {
                return found;
            }
            assert!(Instant::now() < deadline, "no {kind} for {to}; there are {:?}", self.kinds());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Who got which kinds of letters so far.
    pub(crate) fn kinds(&self) -> Vec<(String, String)> {
        self.mailbox.letters().into_iter().map(|one| (one.kind, one.to)).collect()
    }

    /// Types of all events, in order.
    pub(crate) async fn events(&self) -> Vec<String> {
        self.app
            .db
            .unbound()
            .read(async |tx| {
                tx.all("select type from events order by seq", args![], |row| row.get(0)).await
            })
            .await
            .unwrap()
    }

    /// Everything that events say, as one text.
    pub(crate) async fn told(&self) -> String {
        let all: Vec<String> = self
            .app
            .db
            .unbound()
            .read(async |tx| {
                tx.all("select metadata from events order by seq", args![], |row| {
                    Ok(row.get::<types::Json>(0)?.as_str().to_owned())
                })
                .await
            })
            .await
            .unwrap();
        all.join("\n")
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        self.app
            .db
            .unbound()
            .read(async move |tx| tx.one(sql, args![], |row| row.get(0)).await)
            .await
            .unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told about the server by the environment")]
async fn server() -> Option<String> {
    let given = std::env::var("SIXFOLD_TEST_POSTGRES").ok();
    let address = given.clone().unwrap_or_else(|| LOCAL.to_owned());
    let reached = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.is_ok();
    let required = std::env::var("SIXFOLD_TEST_REQUIRE").unwrap_or_default().contains("postgres");
    assert!(reached || !(required || given.is_some()), "PostgreSQL is required, does not answer");
    if !reached {
        println!("PostgreSQL does not answer on localhost: only SQLite runs");
    }
    reached.then_some(address)
}

async fn admin(server: &str, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

/// Runs one body on every engine.
#[macro_export]
macro_rules! on_each {
    ($name:ident, |$stage:ident| $body:block) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            for $stage in $crate::stage::Stage::each().await {
                println!("engine: {}", $stage.app.db.engine().name());
                $body
                $stage.done().await;
            }
        }
    };
}
