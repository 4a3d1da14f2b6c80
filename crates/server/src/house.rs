//! The one place that names the rooms: their routes, their tasks, and what the command line needs
//! of them. Adding a room is a line in [`openapi`], [`build`] and — if it works in the
//! background — [`tasks`].

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use database::{Engine, Waits};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use identity::{Desk, IdentityApp, SigningKey, Surroundings};
use kernel::erasure::{self, Rooms};
use kernel::jobs::Jobs;
use kernel::{App, Caller};
use live::Live;
use ops::backup::Backups;
use tokio::task::JoinSet;
use types::{PersonId, Result, Secret};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, SecurityRequirement,
};
use web::{Door, Edge, Idempotency, Origins, Shed, Waited};

use crate::config::{Mode, Settings};
use crate::{alias, health, landing, memory, setup_page};

/// What is answered however busy the server is: probes. A stream of events is none: its place ends
/// where its answer begins, and until then it asks the store as others do.
const UNCOUNTED: [&str; 3] = ["/v1/health", "/v1/ready", "/metrics"];
/// Operations without parameters that let any pass: probes send what keeps their answers out of
/// caches, and other programs what their settings append to an address.
const FREE: [&str; 3] = ["/v1/health", "/v1/ready", "/v1/receivers/{id}/in"];
/// Another node's commits are waited for this long before asking again; followers look by
/// themselves anyway.
const NEWS: Duration = Duration::from_secs(30);
/// Before a background task that broke is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// The whole API's description, made from the routes; needs neither database nor settings.
pub(crate) fn openapi() -> OpenApi {
    let mut whole = frame();
    for room in [
        health::router().into_openapi(),
        identity::router().into_openapi(),
        world::router().into_openapi(),
        website::router().into_openapi(),
        live::router().into_openapi(),
        ops::router().into_openapi(),
        ops::metrics_router().into_openapi(),
        integrations::router().into_openapi(),
    ] {
        whole.merge(room);
    }
    web::complete(&mut whole, &FREE);
    whole
}

/// Everything behind the door, and what keeps connections open there; `url` is where people reach
/// it.
///
/// # Errors
/// When the API's description cannot be written, or the signing keys cannot be read.
pub(crate) async fn build(
    app: &App,
    settings: &Settings,
    url: &str,
    shed: &Shed,
    backups: &Backups,
) -> Result<(Router, Live)> {
    let identity = identity(app, settings, url)?;
    identity::ready(&identity).await?;
    let live = live::new(app.clone(), settings.live.clone(), who(&identity));
    let (live_routes, _) = live::router().split_for_parts();
    let (identity_routes, _) = identity::router().split_for_parts();
    let (world_routes, _) = world::router().split_for_parts();
    let (website_routes, _) = website::router().split_for_parts();
    let whole = openapi();
    let ops = ops::new(app.clone(), &settings.ops, backups.clone());
    let (ops_routes, _) = ops::router().split_for_parts();
    let (metrics_routes, _) = ops::metrics_router().split_for_parts();
    let (integrations_routes, _) = integrations::router().split_for_parts();
    let outside = integrations::new(app.clone(), settings.webhooks.clone());
    let once = Idempotency::new(app.clone(), &settings.web).long(world::long_body);
    let rooms = Router::new()
        .merge(identity_routes.with_state(identity.clone()))
        .merge(world_routes.with_state(world::new(app.clone())))
        .merge(website_routes.with_state(app.clone()))
        .merge(live_routes.with_state(live.clone()))
        .merge(ops_routes.with_state(ops.clone()))
        .merge(integrations_routes.with_state(outside))
        .layer(from_fn_with_state(once, web::once))
        .layer(from_fn_with_state(Door::of(&whole, &FREE), web::knock))
        // Every route of every room is told who calls.
        .layer(from_fn_with_state(identity, identity::authenticate));

    let (health_routes, _) = health::router().split_for_parts();
    let router = Router::new()
        .merge(rooms)
        .merge(health_routes.with_state(health::new(app.clone())))
        .merge(metrics_routes.with_state(ops))
        .merge(web::openapi_routes(&whole)?)
        .merge(setup_page::routes())
        .merge(landing::routes(&settings.identity.app_url))
        .route("/", get(front_page));
    let mut known: Vec<(&str, &str)> = web::operations(&whole).collect();
    known.extend([(live::SOCKETS, "GET"), (live::SOCKETS, "POST")]);
    app.meters().http.know(known);
    let edge = edge(app, &settings.web, settings, url);
    let edge = edge.shedding(shed.clone()).uncounted(&UNCOUNTED);
    let router = web::with_fallbacks(router).layer(edge.layer());
    let sockets = live::socket_io(&live).layer(socket_edge(app, settings, url).layer());
    Ok((sockets.fallback_service(alias::with_aliases(router)), live))
}

/// The edge of long connections: a request may wait as long as a heartbeat, and does not take the
/// place of one that is answered at once.
fn socket_edge(app: &App, settings: &Settings, url: &str) -> Edge {
    let patience = settings.live.heartbeat_s + settings.live.heartbeat_timeout_s;
    let web = web::Settings {
        request_timeout_ms: patience.saturating_mul(1_000),
        max_in_flight: settings.live.max_connections,
        // Who polls waits for something to happen.
        slow_request_ms: 0,
        ..settings.web.clone()
    };
    edge(app, &web, settings, url).idle()
}

fn edge(app: &App, web: &web::Settings, settings: &Settings, url: &str) -> Edge {
    Edge::new(web, origins(settings, url)).public_url(url).meters(app.db.meters())
}

/// How the live room finds out who its guests are.
fn who(identity: &IdentityApp) -> live::Who {
    let identity = identity.clone();
    Arc::new(move |parts: Parts| -> live::Found {
        let identity = identity.clone();
        Box::pin(async move { identity::who_sent(&identity, &parts).await })
    })
}

/// What has to be in the database before the first request, made if it is missing.
///
/// # Errors
/// As the store.
pub(crate) async fn boot(app: &App) -> Result<()> {
    if app.db.engine() == Engine::Sqlite {
        // Nobody else has this store, so whoever ran a job there is gone.
        kernel::jobs::recover(app).await?;
    }
    identity::boot(app).await
}

/// Whether nobody owns the platform yet.
///
/// # Errors
/// As the store.
pub(crate) async fn is_setup_open(app: &App) -> Result<bool> {
    identity::is_open(app).await
}

/// Makes a platform owner, from the machine itself.
///
/// # Errors
/// 409 when the address is taken; 422 when name, e-mail or password will not do.
pub(crate) async fn create_owner(
    app: &App,
    settings: &Settings,
    name: &str,
    email: &str,
    password: Secret<String>,
) -> Result<PersonId> {
    let url = &settings.server.public_url;
    identity::create_owner(&identity(app, settings, url)?, name, email, password).await
}

/// Where the command line administers accounts.
///
/// # Errors
/// When the settings of the room cannot be used.
pub(crate) fn desk(app: &App, settings: &Settings, task: &str) -> Result<Desk> {
    let server = &settings.server;
    // Nothing listens here, so without a public address links lead to where a server would.
    let url = server.url(format_args!("{}:{}", server.host, server.port));
    Ok(Desk::new(identity(app, settings, &url)?, task))
}

/// Every signing key, the oldest first.
///
/// # Errors
/// As the store.
pub(crate) async fn signing_keys(app: &App, settings: &Settings) -> Result<Vec<SigningKey>> {
    let house = identity(app, settings, &settings.server.public_url)?;
    identity::signing_keys(&house, &Caller::system("keys list")).await
}

/// Makes a new signing key.
///
/// # Errors
/// 409 when too many are published; as the store.
pub(crate) async fn rotate_signing_key(
    app: &App,
    settings: &Settings,
    immediately: bool,
) -> Result<SigningKey> {
    let house = identity(app, settings, &settings.server.public_url)?;
    identity::rotate_signing_key(&house, &Caller::system("keys rotate"), immediately).await
}

/// Ends a signing key.
///
/// # Errors
/// 404; 409 when it signs just now; as the store.
pub(crate) async fn retire_signing_key(app: &App, settings: &Settings, kid: &str) -> Result<()> {
    let house = identity(app, settings, &settings.server.public_url)?;
    identity::retire_signing_key(&house, &Caller::system("keys retire"), kid).await
}

/// Tells the log that the root key is another one.
///
/// # Errors
/// As the store.
pub(crate) async fn root_key_rotated(app: &App) -> Result<()> {
    identity::root_key_rotated(app, &Caller::system("keys rotate-root")).await
}

fn identity(app: &App, settings: &Settings, url: &str) -> Result<IdentityApp> {
    let surroundings = Surroundings {
        public_url: url.trim_end_matches('/').to_owned(),
        origins: origins(settings, url),
        development: settings.server.env == Mode::Development,
    };
    let identity = identity::new(app.clone(), settings.identity.clone(), surroundings)?;
    Ok(identity.with_providers(&settings.providers()).with_rooms(rooms()))
}

/// What all rooms hold about people. What refers to content goes before it, and what the house
/// itself holds comes last.
fn rooms() -> Rooms {
    let rooms = live::erasing(identity::erasing(Rooms::default()));
    erasure::house(world::erasing::erasing(integrations::erasing(rooms)))
}

/// Erases somebody who is to be erased, from the machine itself: beside nothing else, so that what
/// has to have read the log does so here.
///
/// # Errors
/// As the store.
pub(crate) async fn erase(app: &App, person: PersonId) -> Result<bool> {
    // Ends with this call.
    let mut followers = JoinSet::new();
    followers.spawn(world::search::follow(app.clone()));
    followers.spawn(ops::audit::follow(app.clone()));
    erasure::run(app, &rooms(), person, &["search", "audit"]).await
}

/// What goes on beside requests, until the set is dropped; `url` is where people reach it.
pub(crate) fn tasks(
    app: &App,
    live: &Live,
    settings: &Settings,
    url: &str,
    shed: &Shed,
    backups: &Backups,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(keep("memory", memory::give_back));
    if let Some(target) = settings.web.wait_target() {
        let (own, shed) = (app.clone(), shed.clone());
        tasks.spawn(keep("shedding", move || {
            let own = own.clone();
            shed.clone().keep(target, move |span| waited(&own, span))
        }));
    }
    let outside = integrations::new(app.clone(), settings.webhooks.clone());
    let jobs = kernel::usage::jobs(kernel::idempotency::jobs(kernel::mail::jobs(Jobs::default())));
    let jobs = world::jobs(identity::jobs(jobs), app);
    let jobs = world::notifications::jobs(jobs, &settings.notifications, url);
    let jobs = live::jobs(integrations::jobs(jobs, &outside));
    let jobs = erasure::jobs(ops::backup::jobs(jobs, backups), rooms());
    let own = app.clone();
    tasks.spawn(keep("jobs", move || jobs.clone().run(own.clone())));
    let own = app.clone();
    tasks.spawn(keep("search", move || world::search::follow(own.clone())));
    let own = app.clone();
    tasks.spawn(keep("audit", move || ops::audit::follow(own.clone())));
    let own = app.clone();
    tasks.spawn(keep("notifications", move || world::notifications::follow(own.clone())));
    tasks.spawn(keep("webhooks", move || integrations::run(outside.clone())));
    let own = app.clone();
    tasks.spawn(keep("calls", move || kernel::usage::follow_calls(own.clone())));
    let own = live.clone();
    tasks.spawn(keep("live", move || live::follow(own.clone())));
    if app.db.engine() == Engine::Postgres {
        let own = live.clone();
        tasks.spawn(keep("signals", move || live::talk(own.clone())));
        let own = app.clone();
        tasks.spawn(keep("news", move || news(own.clone())));
    }
    tasks
}

/// What has to happen when nothing happens any more, so that it is there while nobody is.
pub(crate) async fn seal(app: &App) {
    ops::audit::finish(app).await;
}

fn waited(app: &App, span: Duration) -> Waited {
    let Waits { reads: looks, writes: changes } = app.db.waits(span);
    Waited { looks, changes }
}

/// Wakes followers here when another node has committed.
async fn news(app: App) {
    loop {
        app.db.announced(NEWS).await;
        app.hub.wake();
    }
}

/// Runs a task that never ends by itself; should a bug end it, it is told and started again.
async fn keep<T>(name: &'static str, task: impl Fn() -> T + Send)
where
    T: Future<Output = ()> + Send + 'static,
{
    loop {
        // A set of one: what is in it ends with it.
        let mut running = JoinSet::new();
        running.spawn(task());
        let _ = running.join_next().await;
        tracing::error!(task = name, "a background task ended; it is started again");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The pages that may call with a visitor's cookie.
fn origins(settings: &Settings, url: &str) -> Origins {
    let development = settings.server.env == Mode::Development;
    Origins::new(&settings.web.cors_origins, development).with(url)
}

/// Until the console lives here, people who type the address want to know what it can do.
async fn front_page() -> Response {
    (StatusCode::FOUND, [(header::LOCATION, HeaderValue::from_static("/docs/"))]).into_response()
}

/// What no single route can say.
fn frame() -> OpenApi {
    const CREDENTIALS: [&str; 3] = ["bearer", "apiKey", "session"];
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A session token, an access token or an API key (`gsk_…`)."))
        .build();
    let metrics = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The setting `ops.metrics_token`, for whoever collects metrics."))
        .build();
    let key = ApiKeyValue::with_description("X-API-Key", "An API key (`gsk_…`).");
    let cookie = ApiKeyValue::with_description("__Host-sixfold", "A browser's session.");
    let components = ComponentsBuilder::new()
        .security_scheme(CREDENTIALS[0], SecurityScheme::Http(bearer))
        .security_scheme(CREDENTIALS[1], SecurityScheme::ApiKey(ApiKey::Header(key)))
        .security_scheme(CREDENTIALS[2], SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
        .security_scheme("metricsToken", SecurityScheme::Http(metrics))
        .build();
    let info = InfoBuilder::new()
        .title("Sixfold")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Groups, people, things, connections, events and knowledge. Every failure is an \
             RFC 9457 problem with a stable `code`; every answer carries `X-Request-Id`; lists \
             are paged by `limit` and `cursor`. `/api/v1/*` is the same as `/v1/*`, `/api/auth/*` \
             the same as `/v1/auth/*`.",
        ))
        .license(Some(
            LicenseBuilder::new()
                .name("MIT OR Apache-2.0")
                .identifier(Some("MIT OR Apache-2.0"))
                .build(),
        ))
        .build();
    let tag = TagBuilder::new()
        .name("operations")
        .description(Some("For whatever watches the server."))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .tags(Some([tag]))
        .components(Some(components))
        .security(Some(
            CREDENTIALS.map(|name| SecurityRequirement::new::<_, [&str; 0], &str>(name, [])),
        ))
        .build()
}
