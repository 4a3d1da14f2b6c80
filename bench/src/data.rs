//! What the scenarios of the data API share: a type with indexed properties, things of it, and
//! requests that are drawn from many of one kind.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::client;
use crate::ids::{mix, thing_id};
use crate::load::{self, Load};
use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::report::Report;
use crate::run::conditions;
use crate::scenario::{Worker, clip};
use crate::server::House;
use crate::sizes::rest;
use crate::stage::World;
use crate::words;

/// The type of the things; registered, with three indexed properties.
pub(crate) const TYPE: &str = "measured_item";
/// Values of `category`.
pub(crate) const CATEGORIES: u64 = 20;
/// Values of `stock`.
pub(crate) const STOCKS: u64 = 1000;
/// Cents that the highest `price` has.
pub(crate) const PRICES: u64 = 10_000_000;

/// Requests of one kind.
pub(crate) struct Ask {
    pub(crate) name: &'static str,
    pub(crate) requests: Rc<[Vec<u8>]>,
    /// What each request is about: rows written or read.
    pub(crate) items: u64,
    /// What an answer must be like.
    pub(crate) holds: fn(&Value) -> bool,
}

impl Ask {
    /// Requests that answer JSON.
    pub(crate) fn new(
        name: &'static str,
        requests: Vec<Vec<u8>>,
        items: u64,
        holds: fn(&Value) -> bool,
    ) -> Self {
        Self { name, requests: requests.into(), items, holds }
    }
}

/// A running server on a fresh database, with somebody in it.
pub(crate) struct Stage {
    pub(crate) house: House,
    pub(crate) world: World,
}

impl Stage {
    /// Starts a server and registers the type.
    pub(crate) async fn open(
        engine: Engine,
        options: &RunOptions,
        databases: &mut Databases,
        report: &mut Report,
    ) -> Result<Self> {
        if engine == Engine::Running {
            bail!("the scenarios of the data API fill a database of their own");
        }
        let mut house = House::open(engine, &options.place, databases).await?;
        if !report.has_conditions() {
            conditions(engine, &house, &options.place, report).await?;
        }
        house.start().await?;
        let world = World::build(house.address()?).await?;
        let definition = json!({
            "properties": {
                "price": {"type": "number"}, "stock": {"type": "integer"},
                "category": {"type": "string"}, "text": {"type": "string"},
            },
            "indexed": ["price", "stock", "category"],
        });
        let path = format!("/v1/groups/{}/types/thing/{TYPE}", world.group);
        world.ask("PUT", &path, Some(&definition), 200).await?;
        Ok(Self { house, world })
    }

    /// Stops the server, imports what `write` writes, and starts it again.
    pub(crate) async fn import(
        &mut self,
        write: impl Fn(&mut BufWriter<File>, &World) -> Result<()>,
    ) -> Result<Duration> {
        self.house.stop().await?;
        let path = self.house.directory().join("lines.ndjson");
        let mut out = BufWriter::new(File::create(&path)?);
        write(&mut out, &self.world).context("could not write the file to import")?;
        out.flush()?;
        let time = self.house.import(&path).await?;
        std::fs::remove_file(&path)?;
        self.house.start().await?;
        self.world.address = self.house.address()?;
        Ok(time)
    }

    /// Imports `count` things of the type.
    pub(crate) async fn fill(&mut self, count: u64, report: &mut Report) -> Result<()> {
        let time = self
            .import(|out, world| {
                for number in 0..count {
                    let (id, group) = (thing_id(number), &world.group);
                    let fields = item(number);
                    writeln!(
                        out,
                        r#"{{"kind":"thing","id":"{id}","groupId":"{group}",{fields}}}"#
                    )?;
                }
                Ok(())
            })
            .await?;
        let seconds = time.as_secs_f64();
        report.note(format!(
            "Filled with {count} things of a type with three indexed properties by sixfold \
             import: {seconds:.1} s, {:.0} things/s.",
            count as f64 / seconds
        ));
        Ok(())
    }

    /// Waits until the server has done what the fill left to it.
    pub(crate) async fn rest(&self) -> Result<()> {
        rest(self.house.pid()).await
    }

    /// Asks once and looks into the answer, then measures.
    pub(crate) async fn measure(
        &self,
        ask: &Ask,
        things: Option<u64>,
        connections: u32,
        options: &RunOptions,
        report: &mut Report,
    ) -> Result<()> {
        let first = ask.requests.first().context("a scenario without requests")?;
        let begin = Instant::now();
        let (status, body) = client::once(self.world.address, None, first).await?;
        let alone = begin.elapsed();
        let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if status != 200 || !(ask.holds)(&value) {
            let text = clip(&String::from_utf8_lossy(&body));
            report.failure(ask.name, &format!("was answered with {status}: {text}"));
            return Ok(());
        }
        let load = Load {
            connections,
            warm_up: Duration::from_secs(options.warm_up),
            // At least some answers of what takes long.
            measure: Duration::from_secs(options.seconds).max(alone * 5),
            pid: self.house.pid(),
        };
        let outcome = load::measure_with(self.world.address, &load, |index| {
            Ok(Worker::any(&ask.requests, &self.world, index))
        })
        .await?;
        report.row(ask.name, things, connections, &outcome);
        if ask.items > 1 {
            let count = outcome.latencies.len() * ask.items;
            report.note(format!(
                "{}: {:.0} rows/s with {connections} connections.",
                ask.name,
                count as f64 / outcome.elapsed.as_secs_f64()
            ));
        }
        if let Some(sample) = &outcome.sample {
            let text = format!("{} wrong answers, the first: {sample}", outcome.failures);
            report.failure(ask.name, &text);
        }
        Ok(())
    }
}

/// The fields of thing number `number`.
pub(crate) fn item(number: u64) -> String {
    let (price, stock) = (mix(number) % PRICES, mix(number ^ 1) % STOCKS);
    let category = mix(number ^ 2) % CATEGORIES;
    let words = words::of_text(number);
    let (name, text) = words.split_at(4);
    format!(
        r#""type":"{TYPE}","name":"{}","properties":{{"price":{}.{:02},"stock":{stock},"category":"category-{category}","text":"{}"}}"#,
        name.join(" "),
        price / 100,
        price % 100,
        text.join(" ")
    )
}
