//! A disk that fails or is full: whoever writes is told so, nothing is acknowledged that is not on
//! it, reading goes on, and when the disk is well the server is. SQLite only: PostgreSQL's disk is
//! its own business.

use anyhow::{Result, ensure};
use faults::{Engine, House, Injection, strace, tell};

use crate::round::{Round, told};

/// Calls of each thread that go well before the first one fails.
const WELL: u64 = 40;

#[test]
fn a_sync_that_fails_acknowledges_nothing() -> Result<()> {
    fails("fdatasync", "EIO", 500)
}

#[test]
fn a_write_that_fails_acknowledges_nothing() -> Result<()> {
    fails("pwrite64", "EIO", 500)
}

#[test]
fn a_full_disk_is_told_by_name() -> Result<()> {
    fails("pwrite64", "ENOSPC", 507)
}

fn fails(call: &str, error: &str, status: u16) -> Result<()> {
    let Some(strace) = strace("a disk that fails")? else { return Ok(()) };
    let mut house = House::open(&Engine::Sqlite)?;
    let round = Round::of(&mut house)?;
    house.stop()?;
    let files = ["sixfold.db", "sixfold.db-wal"].map(|name| house.data(name));
    let injection = Injection::fail(call, error, WELL).on(files);
    ensure!(house.start_under(&strace, &injection)?, "it needs no {call} to start");
    let load = round.load(&house);

    // Each writer waits for one answer at a time: once all of them were told twice, no answer from
    // before the fault is under way any more.
    let before = load.until(|counts| counts.all_failed(2))?;
    let during = load.until(|counts| counts.all_failed(6))?;
    ensure!(during.writing > 0, "the server is gone: {}", house.told());
    ensure!(
        during.done == before.done,
        "{} writes were acknowledged while no {call} succeeded",
        during.done - before.done
    );
    ensure!(during.statuses.contains_key(&status), "no {status}: {:?}", during.statuses);
    let mut reader = house.client();
    reader.get("/v1/health")?;
    reader.get(&format!("/v1/things?groupId={}", round.group))?;

    house.mend()?;
    load.until(|counts| counts.done >= during.done + 100)?;
    let counts = load.end()?;
    house.until_well()?;
    let live = round.judge(&mut house)?;
    house.kill()?;
    house.start()?;
    let after = round.judge(&mut house)?;
    // What has a name for itself also has a promise.
    ensure!(status != 507 || after.unwritten > 0, "nobody was told that nothing was written");
    ensure!(live.things <= after.things, "{live:?} and after a restart {after:?}");
    house.examine()?;
    house.stop()?;
    tell(&format!("{call} with {error}: {}, all there", told(&counts)));
    Ok(())
}

#[test]
fn a_log_that_cannot_be_folded_back_costs_space_and_nothing_else() -> Result<()> {
    let Some(strace) = strace("a database file that cannot be written")? else { return Ok(()) };
    let mut house = House::open(&Engine::Sqlite)?;
    let round = Round::of(&mut house)?;
    house.stop()?;
    let injection = Injection::fail("pwrite64", "EIO", 1).on([house.data("sixfold.db")]);
    ensure!(house.start_under(&strace, &injection)?, "the log is enough to start");
    let load = round.load(&house);
    let counts = load.until(|counts| counts.done >= 300)?;
    ensure!(counts.statuses.is_empty(), "somebody was told: {counts:?}");
    ensure!(house.has_told("was not folded back"), "the log was folded back: {}", house.told());
    house.mend()?;
    load.until(|seen| seen.done >= counts.done + 100)?;
    house.kill()?;
    let counts = load.end()?;
    house.start()?;
    round.judge(&mut house)?;
    house.examine()?;
    house.stop()?;
    tell(&format!("no folding back: {}, all there", told(&counts)));
    Ok(())
}
