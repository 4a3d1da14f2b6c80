//! What is there, held against the ledger.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::client::Client;
use crate::deed::Deed;
use crate::ledger::{Outcome, Written};

/// Faults that are shown; one is bad enough.
const SHOWN: usize = 20;

/// What a judge found to be in order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Judgement {
    /// Writes that were acknowledged, all of them there.
    pub acknowledged: usize,
    /// Writes whose client knows no outcome.
    pub unknown: usize,
    /// Those of them that are there.
    pub unknown_there: usize,
    /// Writes of which the server said that nothing was written, none of them there.
    pub unwritten: usize,
    /// Things.
    pub things: usize,
    /// Events about things and connections.
    pub events: usize,
}

struct Thing {
    name: String,
    version: u64,
}

impl Thing {
    /// The name it was made with.
    fn first_name(&self) -> &str {
        self.name.split('r').next().unwrap_or_default()
    }
}

/// What the API shows of a group.
struct Shown {
    things: HashMap<String, Thing>,
    /// From where to where.
    connections: HashMap<String, (String, String)>,
    /// What the log tells of each thing and connection, the first event first.
    events: HashMap<String, Vec<Told>>,
}

/// An event, as much of it as the ledger can tell: its type, and the name it gives.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    kind: String,
    name: String,
}

impl Told {
    fn new(kind: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), name: name.to_owned() }
    }

    fn read(row: &Value) -> Result<Self> {
        let kind = row["type"].as_str().with_context(|| format!("no type in {row}"))?;
        let name = match kind {
            "thing_created" => &row["metadata"]["name"],
            "thing_updated" => &row["metadata"]["changes"]["name"]["to"],
            _ => &Value::Null,
        };
        Ok(Self::new(kind, name.as_str().unwrap_or_default()))
    }
}

/// Compares a group with the ledger of those who alone wrote into it.
///
/// # Errors
/// With everything that is wrong.
pub fn judge(client: &mut Client, group: &str, ledger: &[Written]) -> Result<Judgement> {
    let shown = Shown::read(client, group)?;
    let mut judge = Judge { shown, ledger, faults: Vec::new(), found: Judgement::default() };
    judge.made();
    judge.renamed();
    judge.connected();
    judge.recorded();
    let Judge { faults, found, .. } = judge;
    let all = faults.len();
    let some = faults.into_iter().take(SHOWN).collect::<Vec<_>>().join("\n  ");
    ensure!(all == 0, "{all} faults in {found:?}:\n  {some}");
    Ok(found)
}

impl Shown {
    fn holds(&self, id: &str) -> bool {
        self.things.contains_key(id) || self.connections.contains_key(id)
    }

    fn read(client: &mut Client, group: &str) -> Result<Self> {
        let text = |row: &Value, name: &str| {
            let text = row[name].as_str().with_context(|| format!("no {name} in {row}"));
            text.map(str::to_owned)
        };
        let mut shown =
            Self { things: HashMap::new(), connections: HashMap::new(), events: HashMap::new() };
        for row in client.walk(&format!("/v1/things?groupId={group}&type=note"))? {
            let version = row["version"].as_u64().context("a version")?;
            let thing = Thing { name: text(&row, "name")?, version };
            let again = shown.things.insert(text(&row, "id")?, thing);
            ensure!(again.is_none(), "a list shows a thing twice: {row}");
        }
        for row in client.walk(&format!("/v1/connections?groupId={group}"))? {
            let ends = (text(&row, "fromId")?, text(&row, "toId")?);
            let again = shown.connections.insert(text(&row, "id")?, ends);
            ensure!(again.is_none(), "a list shows a connection twice: {row}");
        }
        let (mut before, mut ids) = (i64::MAX, HashSet::new());
        for row in client.walk(&format!("/v1/events?groupId={group}"))? {
            let seq = row["seq"].as_i64().context("a seq")?;
            ensure!(seq < before, "a page does not go on where one ended: {seq} after {before}");
            before = seq;
            ensure!(ids.insert(text(&row, "id")?), "two events with one id: {row}");
            let target = row["targetId"].as_str().unwrap_or_default();
            if target.starts_with("thing_") || target.starts_with("connection_") {
                shown.events.entry(target.to_owned()).or_default().push(Told::read(&row)?);
            }
        }
        // The list shows the newest first.
        shown.events.values_mut().for_each(|of| of.reverse());
        Ok(shown)
    }
}

struct Judge<'a> {
    shown: Shown,
    ledger: &'a [Written],
    faults: Vec<String>,
    found: Judgement,
}

impl Judge<'_> {
    fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    /// What was acknowledged is there, nothing is there twice, by half, or from nowhere.
    fn made(&mut self) {
        let mut there: HashMap<String, &str> = HashMap::new();
        let mut twice = Vec::new();
        for (id, thing) in &self.shown.things {
            if there.insert(thing.first_name().to_owned(), id).is_some() {
                twice.push(format!("{} was made twice", thing.first_name()));
            }
        }
        let mut faults = twice;
        let mut expected = HashSet::new();
        for written in self.ledger {
            let names = written.deed.makes();
            expected.extend(names.iter().map(|name| (*name).to_owned()));
            let ids: Vec<_> = names.iter().filter_map(|name| there.get(*name)).collect();
            match &written.outcome {
                Outcome::Done(told) => {
                    self.found.acknowledged += 1;
                    let same = ids.iter().zip(told).all(|(found, told)| *found == told);
                    let lost = told.iter().any(|id| !self.shown.holds(id));
                    if ids.len() < names.len() || !same || lost {
                        faults.push(format!("{written:?} was acknowledged; there is {ids:?}"));
                    }
                }
                Outcome::Kept => {
                    self.found.acknowledged += 1;
                    if ids.len() < names.len() {
                        faults.push(format!("{written:?} is said to be kept; there is {ids:?}"));
                    }
                }
                Outcome::Refused(_) if ids.is_empty() => self.found.unwritten += 1,
                Outcome::Unknown if ids.is_empty() => self.found.unknown += 1,
                Outcome::Unknown if ids.len() == names.len() => {
                    self.found.unknown += 1;
                    self.found.unknown_there += 1;
                }
                _ => faults.push(format!("{written:?} is there, or half of it: {ids:?}")),
            }
        }
        faults.extend(
            there
                .keys()
                .filter(|name| !expected.contains(*name))
                .map(|name| format!("{name} is from nowhere")),
        );
        self.found.things = self.shown.things.len();
        self.faults.extend(faults);
    }

    /// A thing has the last name that was acknowledged, or one of unknown outcome; its version counts
    /// the names.
    fn renamed(&mut self) {
        let mut known: HashMap<&str, (u64, Option<&str>)> = HashMap::new();
        let mut unknown: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for written in self.ledger {
            let Deed::Rename { id, name } = &written.deed else { continue };
            match written.outcome {
                Outcome::Done(_) | Outcome::Kept => {
                    let (count, last) = known.entry(id).or_default();
                    (*count, *last) = (*count + 1, Some(name.as_str()));
                }
                Outcome::Unknown => {
                    unknown.entry(id).or_default().insert(name);
                }
                Outcome::Refused(_) => {}
            }
        }
        let mut faults = Vec::new();
        for (id, thing) in &self.shown.things {
            let (count, last) = known.get(id.as_str()).copied().unwrap_or_default();
            let last = last.unwrap_or_else(|| thing.first_name());
            let open = unknown.get(id.as_str());
            let is_open = open.is_some_and(|names| names.contains(thing.name.as_str()));
            let expected = count + 1 + u64::from(is_open);
            if (thing.name != last && !is_open) || thing.version != expected {
                faults.push(format!(
                    "{id} is {:?} in version {}; acknowledged is {last:?}, the version is {expected}",
                    thing.name, thing.version
                ));
            }
        }
        for id in known.keys().filter(|id| !self.shown.things.contains_key(**id)) {
            faults.push(format!("{id} was renamed and is gone"));
        }
        self.faults.extend(faults);
    }

    /// Each pair that is there has its connection, and there is no other one.
    fn connected(&mut self) {
        let ids: HashMap<&str, &str> =
            self.shown.things.iter().map(|(id, thing)| (thing.first_name(), id.as_str())).collect();
        let mut expected = HashSet::new();
        for written in self.ledger {
            let Deed::Pair { from, to } = &written.deed else { continue };
            if let (Some(from), Some(to)) = (ids.get(from.as_str()), ids.get(to.as_str())) {
                expected.insert(((*from).to_owned(), (*to).to_owned()));
            }
        }
        let there: HashSet<_> = self.shown.connections.values().cloned().collect();
        let missing: Vec<_> = expected.difference(&there).take(3).cloned().collect();
        let more: Vec<_> = there.difference(&expected).take(3).cloned().collect();
        if there.len() != self.shown.connections.len() || there != expected {
            self.fault(format!("connections: {missing:?} are missing, {more:?} are too many"));
        }
    }

    /// Everything that is there has exactly its events, in the order in which they were caused, and
    /// no event is about what is not there.
    fn recorded(&mut self) {
        let mut expected: HashMap<&str, Vec<Told>> = HashMap::new();
        for (id, thing) in &self.shown.things {
            let made = Told::new("thing_created", thing.first_name());
            expected.insert(id, vec![made]);
        }
        for written in self.ledger {
            let Deed::Rename { id, name } = &written.deed else { continue };
            let Some(thing) = self.shown.things.get(id) else { continue };
            let is_there = match written.outcome {
                Outcome::Done(_) | Outcome::Kept => true,
                Outcome::Unknown => thing.name == *name,
                Outcome::Refused(_) => false,
            };
            if is_there {
                expected.entry(id).or_default().push(Told::new("thing_updated", name));
            }
        }
        for id in self.shown.connections.keys() {
            expected.insert(id, vec![Told::new("connection_created", "")]);
        }
        let mut faults = Vec::new();
        for (id, of) in &expected {
            let there = self.shown.events.get(*id);
            if there != Some(of) {
                faults.push(format!("{id} has the events {there:?} and should have {of:?}"));
            }
        }
        for (id, of) in &self.shown.events {
            if !expected.contains_key(id.as_str()) {
                faults.push(format!("there are events about {id}, which is not there: {of:?}"));
            }
        }
        self.found.events = self.shown.events.values().map(Vec::len).sum();
        self.faults.extend(faults);
    }
}
