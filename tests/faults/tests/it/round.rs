//! What all rounds have in common: a group and a ledger of its own, and the judgement at its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use faults::{Counts, House, Judgement, Ledger, Load, Outcome, judge, settle};
use serde_json::json;

/// How long those who follow the log may take to be at its end.
const FOLLOWING: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// A group that one load writes into.
pub(crate) struct Round {
    pub(crate) group: String,
    ledger: Arc<Ledger>,
}

impl Round {
    /// Of a house that runs.
    pub(crate) fn of(house: &mut House) -> Result<Self> {
        let group = house.group()?;
        let ledger = Ledger::create(&house.folder().join(format!("{group}.ledger")))?;
        Ok(Self { group, ledger: Arc::new(ledger) })
    }

    /// Starts to write.
    pub(crate) fn load(&self, house: &House) -> Load {
        Load::start(house, &self.group, &self.ledger)
    }

    /// After the last interruption of its database: the server goes on by itself, was honest all
    /// along, and has lost nothing. One sentence about it.
    pub(crate) fn heals(&self, mut house: House, load: Load) -> Result<String> {
        let seen = load.seen()?.done;
        load.until(|counts| counts.done >= seen + 50).context("after the last interruption")?;
        let counts = load.end()?;
        // A database that went away is no fault of ours: 500 would say so.
        let honest = counts.statuses.keys().all(|status| *status == 503);
        ensure!(honest, "{}", told(&counts));
        ensure!(!house.was_killed()?, "the server is gone: {}", house.told());
        house.until_well()?;
        house.kill()?;
        house.start()?;
        let mut sum = Sum::default();
        sum.add(self.judge(&mut house)?);
        house.examine()?;
        house.stop()?;
        Ok(format!("{}; {}", told(&counts), sum.sentence()))
    }

    /// All is there that was acknowledged; then whoever may ask again does, and all of that is there
    /// once.
    pub(crate) fn judge(&self, house: &mut House) -> Result<Judgement> {
        self.judged(house).with_context(|| house.told())
    }

    /// Those who follow the log have taken each event once: search finds what is there, and the
    /// sealed log has no hole.
    pub(crate) fn followed(&self, house: &House) -> Result<()> {
        let mut client = house.client();
        let things = client.walk(&format!("/v1/things?groupId={}&type=note", self.group))?.len();
        // Each name begins with a writer's number.
        let query = json!({ "groupId": self.group, "query": "w*", "facets": true, "limit": 1 });
        let end = Instant::now() + FOLLOWING;
        loop {
            let found = client.send("POST", "/v1/knowledge/search", None, Some(&query))?;
            let facets = &found.json()["facets"];
            if facets["complete"] == true && facets["counted"] == things {
                break;
            }
            let told = || format!("{things} things are there, search says {facets}");
            ensure!(Instant::now() < end, "{}", told());
            std::thread::sleep(LOOK);
        }
        house.verify()
    }

    fn judged(&self, house: &House) -> Result<Judgement> {
        let mut client = house.client();
        let found = judge(&mut client, &self.group, &self.ledger.read()?)?;
        settle(&mut client, &self.group, &self.ledger).context("after the first judgement")?;
        let ledger = self.ledger.read()?;
        let open = |outcome: &Outcome| matches!(outcome, Outcome::Unknown);
        let left = ledger.iter().filter(|written| written.keyed && open(&written.outcome)).count();
        ensure!(left == 0, "{left} writes with a key have no outcome");
        judge(&mut client, &self.group, &ledger).context("after the unknown was settled")?;
        Ok(found)
    }
}

/// What many rounds came to.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) rounds: usize,
    pub(crate) acknowledged: usize,
    pub(crate) unknown: usize,
    pub(crate) unknown_there: usize,
}

impl Sum {
    pub(crate) fn add(&mut self, judgement: Judgement) {
        self.rounds += 1;
        self.acknowledged += judgement.acknowledged;
        self.unknown += judgement.unknown;
        self.unknown_there += judgement.unknown_there;
    }

    /// One sentence for whoever reads the log of a run.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "{} acknowledged, none lost; {} of unknown outcome, {} of them there",
            self.acknowledged, self.unknown, self.unknown_there
        )
    }
}

/// How the writers were told of a fault.
pub(crate) fn told(counts: &Counts) -> String {
    format!("{} acknowledged, failures by status {:?}", counts.done, counts.statuses)
}
