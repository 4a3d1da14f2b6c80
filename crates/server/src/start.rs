//! The opening sequence, and the way back: settings, log, data directory, database, keys, rooms,
//! port; then people are let in until a signal says otherwise.
//!
//! Whatever is wrong is told before the first connection is accepted. A second start over the
//! same data changes nothing.

mod directory;
mod files;
pub(crate) mod keys;
mod opening;
mod signals;
mod tls;
mod welcome;

use std::time::{Duration, Instant};

use kernel::Mail;
use ops::traces::Exporter;
use tokio::net::TcpListener;
use tokio::sync::watch;
use types::Result;
use web::Shed;

use crate::config::{self, Settings};
use crate::exit::Stop;
use crate::{backups, house, log};

pub(crate) use self::directory::{Place, is_writable};
pub(crate) use self::opening::{database_settings, in_data_dir, open};
use self::signals::Signals;
pub(crate) use self::tls::{DAYS_LEFT, host_of};
pub(crate) use self::welcome::without_password;

/// How their names begin. Some are settings; of the others whoever set them should hear.
const OPENTELEMETRY: &str = "OTEL_";

/// Serves until a signal.
pub(crate) async fn serve(settings: Settings) -> Result<(), Stop> {
    let began = Instant::now();
    // Before anything that takes its time: the first process of a container misses what it does
    // not listen for.
    let signals = Signals::new()?;
    let (lines, lost) = log::start_apart(&settings);
    files::make_room(&settings);
    let app = tokio::select! {
        opened = open(&settings) => opened?,
        // A step of the schema that is half done is undone, as after a power cut.
        () = signals.first() => return Ok(()),
    };
    app.meters().lost_lines.is(move || i64::try_from(lost.dropped_lines()).ok());
    let outcome = serve_app(&settings, &app, began, signals).await;
    app.db.close().await;
    // The last lines are written before the process ends.
    drop(lines);
    outcome
}

async fn serve_app(
    settings: &Settings,
    app: &kernel::App,
    began: Instant,
    signals: Signals,
) -> Result<(), Stop> {
    // Before anything is written, and because links need to know the port.
    let server = &settings.server;
    let listener = listen(&server.host, server.port, "PORT or --port").await?;
    let address = listener.local_addr()?;
    let url = server.url(address);
    let https = tls::Https::open(settings, &app.egress).await?;
    https.tell_end(&app.meters().certificate_ends);
    tokio::select! {
        booted = house::boot(app) => booted.map_err(|error| Stop::opening(&error))?,
        () = signals.first() => return Ok(()),
    }
    let backups = backups::of(settings).map_err(|error| Stop::opening(&error))?;
    backups.begin(app.now());
    let exporter = Exporter::start(app, &settings.traces).map_err(|error| Stop::opening(&error))?;
    let shed = Shed::default();
    let built = house::build(app, settings, &url, &shed, &backups).await;
    let (router, live) = built.map_err(|error| Stop::opening(&error))?;
    let setup = house::is_setup_open(app).await.map_err(|error| Stop::opening(&error))?;
    let token = setup.then(|| app.keys.setup_token());
    warn(app).await?;
    let ignored = config::ignored(OPENTELEMETRY);
    if !ignored.is_empty() {
        let names = ignored.join(", ");
        tracing::warn!(names, "variables of OpenTelemetry that are not read here");
    }
    welcome::print(settings, address, &url, token, began.elapsed());

    let mut tasks = house::tasks(app, &live, settings, &url, &shed, &backups);
    let (stop, stopped) = watch::channel(false);
    let grace = Duration::from_millis(settings.web.shutdown_grace_ms);
    let stopping = tokio::spawn(async move {
        signals.first().await;
        // The door first: there may be many sockets to end, and nobody is to come meanwhile.
        stop.send_replace(true);
        live.close();
        let _ = tokio::time::timeout(grace, live.closed()).await;
    });
    let told = || {
        let mut stopped = stopped.clone();
        async move {
            // Whoever tells is only dropped after telling.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    };
    let (tls, http) = (https.tls(), &app.meters().http);
    let main = web::serve(listener, router, &settings.web, tls, &http.connections, told());
    let beside = https.beside(settings, &url, &http.redirects, &told);
    let (served, ()) = tokio::join!(main, beside);
    // Sockets are no requests in flight; what the last of them is told goes out all the same.
    if served.is_ok() {
        let _ = stopping.await;
    }
    tasks.abort_all();
    while tasks.join_next().await.is_some() {}
    if let Err(error) = kernel::usage::flush(app).await {
        tracing::warn!(cause = error.cause(), "the last calls by API keys were not noted");
    }
    house::seal(app).await;
    if let Some(exporter) = exporter {
        exporter.finish().await;
    }
    tracing::info!("stopped");
    served.map_err(Stop::from)
}

/// What an operator should know, though it keeps nobody out.
async fn warn(app: &kernel::App) -> Result<(), Stop> {
    if matches!(app.mail, Mail::Nowhere) {
        tracing::warn!(
            "nobody gets letters, so no links to sign in and no new passwords: set mail.smtp_url"
        );
    }
    if let Some(gap) = app.db.wall_gap().await.map_err(|error| Stop::opening(&error))? {
        tracing::warn!(
            "row-level security is not in effect: {gap}; connect as a plain role that owns the database"
        );
    }
    Ok(())
}

/// `setting` is where this port comes from.
async fn listen(host: &str, port: u16, setting: &str) -> Result<TcpListener, Stop> {
    TcpListener::bind((host, port)).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Stop::refused(
            "port_in_use",
            format!(
                "Port {port} on {host} is in use by another program: stop that one, or choose \
                 another with {setting}."
            ),
        ),
        std::io::ErrorKind::PermissionDenied => Stop::refused(
            "port_not_allowed",
            format!(
                "This user may not listen on port {port}: choose one above 1023 with {setting}, or \
                 give the right to low ports (CAP_NET_BIND_SERVICE)."
            ),
        ),
        _ => Stop::refused(
            "address_unusable",
            format!(
                "Listening on {host}, port {port}, is not possible ({error}): check \
                 SIXFOLD_SERVER_HOST and {setting}."
            ),
        ),
    })
}
