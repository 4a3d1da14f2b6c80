//! Something is changed over HTTP: how long until somebody who listens is told.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::task::JoinSet;

use super::wire::Wire;
use super::{cost, histogram, record, spread};
use crate::client::Client;
use crate::options::LiveOptions;
use crate::proc::Snapshot;
use crate::report::Report;
use crate::stage::{World, text};

/// Connections that change things, in turn.
const LANES: u32 = 8;
/// How long the last event may take.
const PATIENCE: Duration = Duration::from_secs(10);
const MARK: &str = "\"targetId\":\"";

/// Measures it.
pub(super) async fn measure(
    world: &World,
    options: &LiveOptions,
    pid: u32,
    report: &mut Report,
) -> Result<()> {
    let mut listener = Wire::open(world.address, None, Some(world.token())).await?;
    let topic = serde_json::json!({ "topic": format!("group:{}", world.group) }).to_string();
    listener.ask(1, "subscribe", &topic).await?;
    let told = Rc::new(RefCell::new(HashMap::new()));
    let hearing = {
        let told = Rc::clone(&told);
        tokio::task::spawn_local(async move {
            while let Ok(packet) = listener.packet().await {
                if let Some((_, rest)) = packet.split_once(MARK)
                    && let Some((id, _)) = rest.split_once('"')
                {
                    told.borrow_mut().entry(id.to_owned()).or_insert_with(Instant::now);
                }
            }
        })
    };
    let pause = Duration::from_secs(1) * LANES / options.event_rate;
    let start = Instant::now() + Duration::from_millis(50);
    let end = start + Duration::from_secs(options.seconds);
    let before = Snapshot::take(Some(pid))?;
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let body =
            serde_json::json!({ "groupId": world.group, "type": "note", "name": "Measured" });
        let request = world.request("POST", "/v1/things", Some(&body.to_string()));
        let (mut client, mut due) = (Client::new(world.address), start + pause * lane / LANES);
        lanes.spawn_local(async move {
            let mut made = Vec::new();
            while due < end {
                tokio::time::sleep_until(due.into()).await;
                let asked = Instant::now();
                let answer = client.send(&request).await?;
                let answered = Instant::now();
                if answer.status != 201 {
                    bail!("a change was answered with {}", answer.status);
                }
                let thing: serde_json::Value = serde_json::from_slice(&client.body(&answer)?)?;
                made.push((text(&thing, "id")?, asked, answered));
                due += pause;
            }
            anyhow::Ok(made)
        });
    }
    let mut made = Vec::new();
    while let Some(lane) = lanes.join_next().await {
        made.extend(lane??);
    }
    let elapsed = start.elapsed();
    let usage = Snapshot::take(Some(pid))?.since(&before, elapsed);
    let deadline = Instant::now() + PATIENCE;
    while told.borrow().len() < made.len() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    hearing.abort();
    let (mut since_asked, mut since_answered) = (histogram()?, histogram()?);
    for (id, asked, answered) in &made {
        let at = *told.borrow().get(id).context("an event was not told")?;
        record(&mut since_asked, at.saturating_duration_since(*asked));
        record(&mut since_answered, at.saturating_duration_since(*answered));
    }
    report.note(format!(
        "events: {:.0} changes a second over HTTP and one listener; from the answer, which comes \
         after the commit, to the event {} (an event that is there first counts 0); from the request \
         to the event {}; {}.",
        made.len() as f64 / elapsed.as_secs_f64(),
        spread(&since_answered),
        spread(&since_asked),
        cost(&usage, elapsed, "change", made.len() as u64),
    ));
    Ok(())
}
