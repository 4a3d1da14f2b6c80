//! How long after a change its webhook is on the wire, and how many go out a second.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::client::Client;
use crate::load;
use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::report::Report;
use crate::run::conditions;
use crate::scenario::{clip, thing_fields};
use crate::server::House;
use crate::stage::World;

/// Changes made one after the other.
const ALONE: u32 = 500;
/// Changes made by many at once.
const FLOOD: u64 = 5_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything on one engine.
pub(crate) async fn on_engine(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
    report: &mut Report,
) -> Result<()> {
    let mut house = House::open(engine, &options.place, databases).await?;
    if !report.has_conditions() {
        conditions(engine, &house, &options.place, report).await?;
    }
    house.set("SIXFOLD_EGRESS_ALLOW_PRIVATE", "127.0.0.1");
    house.start().await?;
    let world = World::build(house.address()?).await?;
    let (target, mut arrivals) = listen().await?;
    let webhook = json!({ "groupId": world.group, "url": format!("http://{target}/"),
        "eventTypes": ["thing_created"] });
    let mut client = Client::new(world.address);
    post(&mut client, &world, "/v1/webhooks", &webhook.to_string()).await?;
    alone(&mut client, &world, &mut arrivals, report).await?;

    let begin = Instant::now();
    load::fill(&world, FLOOD, 32).await?;
    let made = begin.elapsed();
    for _ in 0..FLOOD {
        arrival(&mut arrivals).await?;
    }
    let sent = begin.elapsed();
    report.note(format!(
        "{FLOOD} changes by 32 connections took {:.2} s; the last of their webhooks arrived after \
         {:.2} s: {:.0} a second.",
        made.as_secs_f64(),
        sent.as_secs_f64(),
        FLOOD as f64 / sent.as_secs_f64()
    ));
    house.stop().await?;
    databases.drop_all().await;
    Ok(())
}

/// One change after the other: from its answer, after the commit, to the request at the target.
async fn alone(
    client: &mut Client,
    world: &World,
    arrivals: &mut mpsc::UnboundedReceiver<Instant>,
    report: &mut Report,
) -> Result<()> {
    let mut after = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    for number in 0..ALONE {
        let body =
            format!(r#"{{"groupId":"{}",{}}}"#, world.group, thing_fields(&number.to_string()));
        post(client, world, "/v1/things", &body).await?;
        let answered = Instant::now();
        let arrived = arrival(arrivals).await?;
        let passed = arrived.saturating_duration_since(answered);
        after.saturating_record(u64::try_from(passed.as_micros()).unwrap_or(u64::MAX));
    }
    let at = |quantile| after.value_at_quantile(quantile) as f64 / 1000.0;
    report.note(format!(
        "A webhook's request arrives {:.2} ms after the answer to its change (median of {ALONE}, \
         one at a time; p90 {:.2} ms, p99 {:.2} ms).",
        at(0.5),
        at(0.9),
        at(0.99)
    ));
    Ok(())
}

async fn post(client: &mut Client, world: &World, path: &str, body: &str) -> Result<()> {
    let answer = client.send(&world.request("POST", path, Some(body))).await?;
    if answer.status != 201 {
        let said: Value = serde_json::from_slice(&client.body(&answer)?).unwrap_or_default();
        bail!("{path} was answered with {}: {}", answer.status, clip(&said.to_string()));
    }
    Ok(())
}

async fn arrival(arrivals: &mut mpsc::UnboundedReceiver<Instant>) -> Result<Instant> {
    let next = tokio::time::timeout(PATIENCE, arrivals.recv()).await;
    next.ok().flatten().context("a webhook did not arrive")
}

/// A target that answers at once and tells when each request came.
async fn listen() -> Result<(SocketAddr, mpsc::UnboundedReceiver<Instant>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (sender, arrivals) = mpsc::unbounded_channel();
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(serve(stream, sender.clone()));
        }
    });
    Ok((address, arrivals))
}

async fn serve(mut stream: TcpStream, sender: mpsc::UnboundedSender<Instant>) -> Result<()> {
    stream.set_nodelay(true)?;
    let (mut buffer, mut came) = (Vec::new(), None);
    loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        came.get_or_insert_with(Instant::now);
        buffer.extend_from_slice(&part[..read]);
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let whole = end + 4 + length.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        if buffer.len() < whole {
            continue;
        }
        buffer.drain(..whole);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
        if let Some(came) = came.take() {
            sender.send(came)?;
        }
    }
}
