//! Many people talk: how long until each knows that what they said is stored.
//!
//! Each message has its moment, whatever happened to the one before; the time counts from that
//! moment, so a server that falls behind is not asked more gently.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use super::wire::Wire;
use super::{cost, histogram, record, room, spread};
use crate::options::LiveOptions;
use crate::proc::Snapshot;
use crate::report::Report;
use crate::scenario::visitor;
use crate::stage::World;

const ROOMS: usize = 10;
/// Unmeasured time at the same rate.
const WARM_UP: Duration = Duration::from_secs(2);

/// Measures it.
pub(super) async fn measure(
    world: &World,
    options: &LiveOptions,
    pid: u32,
    report: &mut Report,
) -> Result<()> {
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(room(world).await?);
    }
    let mut wires = Vec::new();
    for number in 0..options.speakers {
        let source = Some(visitor(number.into()));
        wires.push(Wire::open(world.address, source, Some(world.token())).await?);
    }
    let latencies = Rc::new(RefCell::new(histogram()?));
    let pause = Duration::from_secs(1) * options.speakers / options.rate;
    let start = Instant::now() + Duration::from_millis(50);
    let (begin, end) = (start + WARM_UP, start + WARM_UP + Duration::from_secs(options.seconds));
    let mut speakers = JoinSet::new();
    for (number, mut wire) in (0_u32..).zip(wires) {
        let latencies = Rc::clone(&latencies);
        let room = &rooms[number as usize % ROOMS];
        let body = "x".repeat(options.body as usize);
        let message = serde_json::json!({ "room": room, "body": body }).to_string();
        // Their moments are spread evenly.
        let first = start + pause * number / options.speakers;
        speakers.spawn_local(async move {
            let mut due = first;
            for id in 0.. {
                if due >= end {
                    break;
                }
                tokio::time::sleep_until(due.into()).await;
                wire.ask(id, "message", &message).await?;
                if due >= begin {
                    record(&mut latencies.borrow_mut(), due.elapsed());
                }
                due += pause;
            }
            anyhow::Ok(())
        });
    }
    tokio::time::sleep_until(begin.into()).await;
    let before = Snapshot::take(Some(pid))?;
    while let Some(ended) = speakers.join_next().await {
        ended??;
    }
    let elapsed = begin.elapsed();
    let usage = Snapshot::take(Some(pid))?.since(&before, elapsed);
    let latencies = latencies.borrow();
    report.note(format!(
        "messages: {} a second were due from {} connections in {ROOMS} rooms, {:.0} a second were \
         acknowledged; from their moment to the acknowledgement {}; {}.",
        options.rate,
        options.speakers,
        latencies.len() as f64 / elapsed.as_secs_f64(),
        spread(&latencies),
        cost(&usage, elapsed, "message", latencies.len()),
    ));
    Ok(())
}
