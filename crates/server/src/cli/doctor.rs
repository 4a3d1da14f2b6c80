//! `sixfold doctor`: looks at everything a start needs, changes nothing, and says what is wrong.

use std::path::Path;
use std::process::ExitCode;

use database::{Db, Engine, MigrationState, Tx};
use kernel::Clock;
use serde::Serialize;
use types::Result;
use web::Certificate;

use crate::acme;
use crate::config::{self, Flags, Mode, Settings};
use crate::exit::Stop;
use crate::start::{self, Place, keys};

/// Below this a database has no room to work.
const FREE_BYTES: u64 = 256 << 20;
/// 2025-01-01T00:00:00Z in seconds: this code is younger.
const BIRTH: i64 = 1_735_689_600;
const OLDEST_POSTGRES: i64 = 13;

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    name: &'static str,
    ok: bool,
    message: String,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn good(&mut self, name: &'static str, message: impl Into<String>) {
        self.0.push(Finding { name, ok: true, message: message.into() });
    }

    fn bad(&mut self, name: &'static str, message: impl Into<String>) {
        self.0.push(Finding { name, ok: false, message: message.into() });
    }
}

/// 0 when all is well, 1 when anything is not.
pub(super) async fn run(flags: &Flags, json: bool) -> Result<ExitCode, Stop> {
    let mut findings = Findings::default();
    clock(&mut findings);
    match config::load(flags) {
        Ok(settings) => {
            findings.good("configuration", "all settings are right");
            mail(&settings, &mut findings);
            certificate(&settings, &mut findings);
            directory(&settings, &mut findings);
            database(&settings, &mut findings).await;
            backups(&settings, &mut findings);
        }
        Err(mistakes) => {
            for mistake in mistakes {
                findings.bad("configuration", mistake.to_string());
            }
        }
    }
    let well = findings.0.iter().all(|finding| finding.ok);
    if json {
        super::print_json(&findings.0)?;
    } else {
        for Finding { name, ok, message } in &findings.0 {
            let mark = if *ok { '✓' } else { '✗' };
            super::print(&format!("{mark} {name}: {message}\n"))?;
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn clock(findings: &mut Findings) {
    let now = Clock::System.now();
    if now.seconds() > BIRTH {
        findings.good("clock", format!("{now}"));
    } else {
        findings.bad("clock", format!("it is {now} by this machine's clock: set it right"));
    }
}

/// That nobody gets letters is no mistake, but nobody should have to guess it.
fn mail(settings: &Settings, findings: &mut Findings) {
    let said = match (&settings.mail.smtp_url, settings.server.env) {
        (Some(_), _) => "letters are sent by SMTP; the server was not called",
        (None, Mode::Development) => "letters are kept: GET /v1/dev/mailbox",
        (None, Mode::Production) => "nobody gets letters until mail.smtp_url is set",
    };
    findings.good("mail", said);
}

/// The files themselves are part of the configuration, and were read with it.
fn certificate(settings: &Settings, findings: &mut Findings) {
    const NAME: &str = "certificate";
    let server = &settings.server;
    if !server.has_tls() {
        return findings.good(NAME, "none: https is a proxy's work");
    }
    let now = Clock::System.now();
    let read = if server.has_files() {
        let read = Certificate::read(&server.tls_cert, &server.tls_key, now);
        read.map_err(|(key, said)| format!("server.{key} {said}"))
    } else {
        let place = acme::Place::of(settings);
        if let Some(failure) = place.failure() {
            findings.bad("certificate authority", failure);
        }
        match place.certificate() {
            Some(found) => Ok(found),
            None => {
                return findings.good(NAME, "none yet; a start gets it, and lets nobody in before");
            }
        }
    };
    let found = match read {
        Ok(found) => found,
        Err(said) => return findings.bad(NAME, said),
    };
    let url = server.url("");
    let host = start::host_of(&url);
    if !host.is_empty() && !found.is_for(host) {
        let names = found.names().join(", ");
        return findings.bad(NAME, format!("it is for {names}, and people come to {host}"));
    }
    let days = (found.ends().seconds() - now.seconds()) / 86_400;
    let said = format!("good until {}, {days} days from now", found.ends());
    if days < start::DAYS_LEFT {
        findings.bad(NAME, format!("{said}: renew it"));
    } else {
        findings.good(NAME, said);
    }
}

fn directory(settings: &Settings, findings: &mut Findings) {
    const NAME: &str = "data directory";
    let path = settings.server.data_dir.as_path();
    let shown = path.display();
    match Place::at(path) {
        Err(error) => findings.bad(NAME, format!("{shown} cannot be read: {error}")),
        Ok(Place::SomethingElse) => findings.bad(NAME, format!("{shown} is not a directory")),
        Ok(Place::Absent) => {
            findings.good(NAME, format!("{shown} is not there yet; the first start makes it"));
        }
        Ok(Place::Directory) => match start::is_writable(path) {
            Ok(()) => {
                findings.good(NAME, format!("{shown} can be written"));
                free_space(path, findings);
            }
            Err(error) => findings.bad(NAME, format!("{shown} cannot be written: {error}")),
        },
    }
}

#[cfg(unix)]
fn free_space(path: &Path, findings: &mut Findings) {
    const NAME: &str = "free space";
    match rustix::fs::statvfs(path) {
        Ok(about) => {
            let free = about.f_bavail.saturating_mul(about.f_frsize);
            let said = format!("{} MiB where the data is", free >> 20);
            if free >= FREE_BYTES {
                findings.good(NAME, said);
            } else {
                findings.bad(NAME, format!("{said}: make room, writes will be refused"));
            }
        }
        Err(error) => findings.bad(NAME, format!("cannot be told: {error}")),
    }
}

#[cfg(not(unix))]
fn free_space(_path: &Path, _findings: &mut Findings) {}

async fn database(settings: &Settings, findings: &mut Findings) {
    const NAME: &str = "database";
    let store = start::database_settings(settings);
    let shown = start::without_password(&store.url);
    if super::absent_database(settings).is_some() {
        findings.good(NAME, format!("{shown} is not there yet; the first start makes it"));
        own_keys(settings, None, findings);
        return;
    }
    match Db::open_as_is(&store).await {
        Ok(db) => {
            findings.good(NAME, format!("{shown} opens"));
            schema(&db, settings, findings).await;
            damage(&db, findings).await;
            if db.engine() == Engine::Postgres {
                version(&db, findings).await;
                wall(&db, findings).await;
            }
            db.close().await;
        }
        Err(error) if error.code() == "database_in_use" => {
            findings.good(NAME, format!("{shown} is in use by a running sixfold; not looked into"));
            own_keys(settings, None, findings);
        }
        Err(error) => {
            let stop = Stop::opening(&error);
            findings.bad(NAME, format!("{} [{}]", stop.message(), stop.code()));
            own_keys(settings, None, findings);
        }
    }
}

async fn schema(db: &Db, settings: &Settings, findings: &mut Findings) {
    const NAME: &str = "migrations";
    let steps = match db.migrations().await {
        Ok(steps) => steps,
        Err(error) => return findings.bad(NAME, error.to_string()),
    };
    let count = |state| steps.iter().filter(|step| step.state == state).count();
    let (pending, unknown) = (count(MigrationState::Pending), count(MigrationState::Unknown));
    let changed = count(MigrationState::Changed);
    if unknown + changed > 0 {
        findings.bad(
            NAME,
            format!(
                "{unknown} steps are unknown to this binary and {changed} have another text: \
                 start the version that made this database"
            ),
        );
    } else if pending > 0 {
        findings.good(NAME, format!("{pending} pending; the next start applies them"));
    } else {
        findings.good(NAME, format!("all {} applied", steps.len()));
    }
    // The table of the fingerprint comes with a step of the schema.
    if count(MigrationState::Applied) == steps.len() {
        match db.unbound().read(async |tx: &mut Tx| keys::stored(tx).await).await {
            Ok(stored) => own_keys(settings, stored.as_deref(), findings),
            Err(error) => findings.bad("keys", error.to_string()),
        }
    } else {
        own_keys(settings, None, findings);
    }
}

fn own_keys(settings: &Settings, recorded: Option<&str>, findings: &mut Findings) {
    const NAME: &str = "keys";
    match (keys::present(settings), recorded) {
        (Err(error), _) => findings.bad(NAME, error.message().to_owned()),
        (Ok(None), None) => findings.good(NAME, "none yet; the first start makes them"),
        (Ok(None), Some(_)) => {
            let folder = keys::folder(settings);
            let said = format!(
                "the database holds data, but there are no keys in {}: restore them",
                folder.display()
            );
            findings.bad(NAME, said);
        }
        (Ok(Some(_)), None) => findings.good(NAME, "there, readable by their owner only"),
        (Ok(Some(own)), Some(recorded)) if keys::fingerprint(&own) == recorded => {
            findings.good(NAME, "there, readable by their owner only, and those of the database");
        }
        (Ok(Some(_)), Some(_)) => {
            findings.bad(NAME, "not those the database was made with: use the ones that were");
        }
    }
}

async fn damage(db: &Db, findings: &mut Findings) {
    const NAME: &str = "integrity";
    match db.check().await {
        Ok(problems) if problems.is_empty() => findings.good(NAME, "no damage found"),
        Ok(problems) => {
            let some: Vec<String> = problems.into_iter().take(3).collect();
            findings.bad(NAME, format!("{}; restore a backup", some.join("; ")));
        }
        Err(error) => findings.bad(NAME, error.to_string()),
    }
}

async fn version(db: &Db, findings: &mut Findings) {
    const NAME: &str = "PostgreSQL";
    let found = db
        .unbound()
        .read(async |tx: &mut Tx| {
            tx.one("select cast(current_setting('server_version_num') as bigint)", &[], |row| {
                row.get::<i64>(0)
            })
            .await
        })
        .await;
    match found.map(|number| number / 10_000) {
        Ok(major) if major >= OLDEST_POSTGRES => findings.good(NAME, format!("version {major}")),
        Ok(major) => findings
            .bad(NAME, format!("version {major} is too old: {OLDEST_POSTGRES} or newer is needed")),
        Err(error) => findings.bad(NAME, error.to_string()),
    }
}

/// How the last backup went, and whether one is overdue: a backup nobody misses is one nobody has.
fn backups(settings: &Settings, findings: &mut Findings) {
    const NAME: &str = "backups";
    let own = &settings.backup;
    if start::in_data_dir(&start::database_settings(settings)).is_none() {
        return findings.good(NAME, "made with pg_dump, not from here (docs/backup.md)");
    }
    let state = ops::backup::State::read(&settings.server.data_dir);
    // By the clock they are judged by those of the clock: what somebody made by hand is no schedule.
    let scheduled = !own.every.is_empty();
    let (last, good) = match scheduled {
        true => (&state.last_scheduled, &state.last_good_scheduled),
        false => (&state.last, &state.last_good),
    };
    if let Some(last) = last.as_ref().filter(|last| !last.ok) {
        let why = last.error.as_deref().unwrap_or_default();
        return findings.bad(NAME, format!("the last one failed at {}: {why}", last.finished_at));
    }
    let now = Clock::System.now();
    if let Some(good) = good.as_ref().filter(|good| good.started_at > now) {
        let said =
            "which is still to come: the clock was ahead, or is wrong now; the next one tells";
        return findings.bad(NAME, format!("the last one is of {}, {said}", good.started_at));
    }
    let tick = |from| kernel::jobs::tick_after(&own.every, from);
    // The tick behind the last one was missed, when the one behind that is over, too.
    let owed = state.owed_since(&own.every, now).filter(|_| scheduled);
    let missed = owed.and_then(tick).and_then(tick).is_some_and(|at| at < now);
    match (good, missed) {
        (Some(good), true) => {
            findings.bad(NAME, format!("the last one is of {}: one was missed", good.started_at));
        }
        (Some(good), false) => {
            findings.good(NAME, format!("the last one is of {}", good.started_at));
        }
        (None, true) => findings.bad(NAME, "the schedule has not made any: look into the log"),
        (None, false) => findings.good(
            NAME,
            match (own.to.is_empty(), scheduled) {
                (true, _) => "none yet, and no place for them: set backup.to",
                (false, false) => "none yet; backup.every says when they are made",
                (false, true) => "none yet; the schedule makes the first one",
            },
        ),
    }
}

/// Without it one wall is left between tenants.
async fn wall(db: &Db, findings: &mut Findings) {
    const NAME: &str = "row-level security";
    match db.wall_gap().await {
        Ok(None) => {
            findings.good(NAME, "in effect: tenants are kept apart by the database as well");
        }
        Ok(Some(gap)) => findings.bad(
            NAME,
            format!("not in effect: {gap}; connect as a plain role that owns the database"),
        ),
        Err(error) => findings.bad(NAME, error.to_string()),
    }
}
