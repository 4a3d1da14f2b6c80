//! What is asked: each scenario as a request rendered once, with small gaps that are filled per
//! call.

use std::cell::Cell;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::Value;

use crate::client;
use crate::ids::{Dice, IdPool};
use crate::stage::{World, render};

/// The thing type and the connection type of the load; both are built in, and the connection may
/// link two such things.
pub(crate) const THING_TYPE: &str = "blog_post";
const CONNECTION_TYPE: &str = "references";

/// Width of the running number in a thing's name.
const DIGITS: usize = 16;

/// Stands in a template for a byte to be filled in; cannot occur in a request.
const GAP: u8 = 1;

/// Sign-ins from one address before another visitor calls: servers bound attempts per address, and
/// this measures the sign-in, not the bound.
const SIGN_INS_PER_VISITOR: u32 = 10;

/// A load that can be asked for on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Scenario {
    /// `POST /v1/things`
    CreateThing,
    /// `GET /v1/things/:id` of a random thing
    GetThing,
    /// `GET /v1/things?groupId=…&limit=50`
    #[value(name = "list-50")]
    List50,
    /// `POST /v1/connections` between two things not yet connected
    CreateConnection,
    /// `POST /v1/auth/sign-in/email`
    SignIn,
    /// 80 % get-thing, 20 % create-thing
    Mixed,
    /// `GET /v1/auth/ok` without a credential
    NoSession,
    /// `GET /v1/auth/ok` with a session's token: the difference is the session check
    Session,
    /// create-thing, get-thing and list-50 at growing table sizes
    Sizes,
    /// What signing in and sessions cost
    Identity,
    /// Filtered, sorted, counted, summed up and exported, over `--rows` things of one type
    Queries,
    /// Full-text search over `--documents` things
    Search,
    /// Bulk and batch requests of a thousand
    Writes,
    /// A flat tenant beside a tree of ten thousand groups, 50 deep
    Tree,
    /// The access check itself, without a server
    Access,
    /// Background jobs from enqueue to done, with handlers that do nothing
    Jobs,
    /// How long after a change its webhook is on the wire
    Webhook,
    /// Three times the capacity, in an open loop: who is answered how soon, who is refused how soon
    Overload,
    /// create-thing beside backups, and a restore, over `--rows` things
    Backup,
    /// How soon a server is back that was killed under create-thing, over `--rows` things
    Recovery,
}

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CreateThing => "create-thing",
            Self::GetThing => "get-thing",
            Self::List50 => "list-50",
            Self::CreateConnection => "create-connection",
            Self::SignIn => "sign-in",
            Self::Mixed => "mixed",
            Self::NoSession => "no-session",
            Self::Session => "session",
            Self::Sizes => "sizes",
            Self::Identity => "identity",
            Self::Queries => "queries",
            Self::Search => "search",
            Self::Writes => "writes",
            Self::Tree => "tree",
            Self::Access => "access",
            Self::Jobs => "jobs",
            Self::Webhook => "webhook",
            Self::Overload => "overload",
            Self::Backup => "backup",
            Self::Recovery => "recovery",
        }
    }

    /// Whether it runs on a server of its own.
    pub(crate) fn is_apart(self) -> bool {
        matches!(
            self,
            Self::Sizes
                | Self::Identity
                | Self::Queries
                | Self::Search
                | Self::Writes
                | Self::Tree
                | Self::Access
                | Self::Jobs
                | Self::Webhook
                | Self::Overload
                | Self::Backup
                | Self::Recovery
        )
    }
}

/// A rendered request and where its gaps are.
struct Form {
    bytes: Vec<u8>,
    gaps: Vec<Range<usize>>,
}

impl Form {
    fn new(bytes: Vec<u8>) -> Self {
        let mut gaps: Vec<Range<usize>> = Vec::new();
        for (position, byte) in bytes.iter().enumerate() {
            match gaps.last_mut() {
                _ if *byte != GAP => {}
                Some(gap) if gap.end == position => gap.end += 1,
                _ => gaps.push(position..position + 1),
            }
        }
        Self { bytes, gaps }
    }

    fn fill(&mut self, gap: usize, value: &[u8]) {
        self.bytes[self.gaps[gap].clone()].copy_from_slice(value);
    }
}

/// One call to be made.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a [u8],
    pub(crate) expected: &'static [u16],
    /// Hang up and call from this address from now on.
    pub(crate) visitor: Option<Ipv4Addr>,
}

/// The requests of one connection, one after the other.
pub(crate) struct Worker {
    step: Step,
    dice: Dice,
    numbers: Rc<Cell<u64>>,
    visitors: Rc<Cell<u64>>,
    things: Rc<IdPool>,
}

enum Step {
    Create(Form),
    Get(Form),
    /// Again and again the same.
    Same(Vec<u8>),
    /// Any of these, drawn evenly.
    Any(Rc<[Vec<u8>]>),
    Connect(Form),
    SignIn {
        accounts: Vec<Vec<u8>>,
        calls: u32,
    },
    Mixed {
        get: Form,
        create: Form,
    },
}

impl Worker {
    /// Renders the requests of connection number `index`.
    pub(crate) fn new(scenario: Scenario, world: &World, index: u32) -> Result<Self> {
        let step = match scenario {
            Scenario::CreateThing => Step::Create(create_form(world)),
            Scenario::GetThing => Step::Get(get_form(world)?),
            Scenario::List50 => Step::Same(list_request(world)),
            Scenario::CreateConnection => Step::Connect(connect_form(world)?),
            Scenario::SignIn => Step::SignIn { accounts: sign_in_requests(world)?, calls: 0 },
            Scenario::Mixed => Step::Mixed { get: get_form(world)?, create: create_form(world) },
            Scenario::NoSession => {
                Step::Same(render(world.address, "GET", "/v1/auth/ok", None, None))
            }
            Scenario::Session => Step::Same(world.request("GET", "/v1/auth/ok", None)),
            _ => bail!("this is several loads, not one"),
        };
        Ok(Self {
            step,
            dice: Dice::new(world.run ^ u64::from(index)),
            numbers: world.numbers.clone(),
            visitors: world.visitors.clone(),
            things: world.things.clone(),
        })
    }

    /// Sends any of `requests`, each to be answered with 200.
    pub(crate) fn any(requests: &Rc<[Vec<u8>]>, world: &World, index: u32) -> Self {
        Self {
            step: Step::Any(Rc::clone(requests)),
            dice: Dice::new(world.run ^ u64::from(index)),
            numbers: world.numbers.clone(),
            visitors: world.visitors.clone(),
            things: world.things.clone(),
        }
    }

    /// The next call; cheap, because it stands between two measurements.
    pub(crate) fn next(&mut self) -> Call<'_> {
        match &mut self.step {
            Step::Create(form) => create(form, &self.numbers),
            Step::Get(form) => get(form, &self.things, &mut self.dice),
            Step::Same(request) => Call { request, expected: &[200], visitor: None },
            Step::Any(requests) => {
                let request = &requests[self.dice.below(requests.len())];
                Call { request, expected: &[200], visitor: None }
            }
            Step::Connect(form) => {
                let (from, to) = pair(take(&self.numbers), self.things.len());
                form.fill(0, self.things.get(from));
                form.fill(1, self.things.get(to));
                // 200 when two numbers meet the same pair, after all pairs have been used up.
                Call { request: &form.bytes, expected: &[201, 200], visitor: None }
            }
            Step::SignIn { accounts, calls } => {
                let moves = calls.is_multiple_of(SIGN_INS_PER_VISITOR);
                *calls += 1;
                let account = self.dice.below(accounts.len());
                Call {
                    request: &accounts[account],
                    expected: &[200],
                    visitor: moves.then(|| visitor(take(&self.visitors))),
                }
            }
            Step::Mixed { get: form, create: new } => {
                if self.dice.below(5) == 0 {
                    create(new, &self.numbers)
                } else {
                    get(form, &self.things, &mut self.dice)
                }
            }
        }
    }
}

fn create<'a>(form: &'a mut Form, numbers: &Cell<u64>) -> Call<'a> {
    let number = decimal(take(numbers));
    for gap in 0..form.gaps.len() {
        form.fill(gap, &number);
    }
    Call { request: &form.bytes, expected: &[201], visitor: None }
}

fn get<'a>(form: &'a mut Form, things: &IdPool, dice: &mut Dice) -> Call<'a> {
    form.fill(0, things.get(dice.below(things.len())));
    Call { request: &form.bytes, expected: &[200], visitor: None }
}

/// The next running number.
fn take(numbers: &Cell<u64>) -> u64 {
    let number = numbers.get();
    numbers.set(number + 1);
    number
}

/// Number `number` in a walk over the ordered pairs of different numbers below `count`, each met
/// once before any repeats.
fn pair(number: u64, count: usize) -> (usize, usize) {
    let count = count as u64;
    let from = number % count;
    let distance = 1 + (number / count) % (count - 1);
    (from as usize, ((from + distance) % count) as usize)
}

/// A loopback address of this machine that is not 127.0.0.1; repeats after 15 million.
pub(crate) fn visitor(number: u64) -> Ipv4Addr {
    let part = |divisor: u64| u8::try_from(1 + (number / divisor) % 250).unwrap_or(1);
    Ipv4Addr::new(127, part(62_500), part(250), part(1))
}

fn decimal(mut number: u64) -> [u8; DIGITS] {
    let mut text = [b'0'; DIGITS];
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    text
}

fn gap(width: usize) -> String {
    char::from(GAP).to_string().repeat(width)
}

/// The body of a new thing, with `number` in its name and slug.
pub(crate) fn thing_fields(number: &str) -> String {
    format!(
        r#""type":"{THING_TYPE}","name":"Measured post {number}","properties":{{"slug":"post-{number}","category":"notes","tags":["measure","repeat","compare"],"excerpt":"What a small server does in one second.","content":"A thing of ordinary size: a name, a slug, a few tags and a paragraph of text, so that rows are neither empty nor large. It is written together with its event in one transaction."}}"#
    )
}

fn create_form(world: &World) -> Form {
    let body = format!(r#"{{"groupId":"{}",{}}}"#, world.group, thing_fields(&gap(DIGITS)));
    Form::new(world.request("POST", "/v1/things", Some(&body)))
}

fn get_form(world: &World) -> Result<Form> {
    let path = format!("/v1/things/{}", gap(thing_width(world)?));
    Ok(Form::new(world.request("GET", &path, None)))
}

fn list_request(world: &World) -> Vec<u8> {
    world.request("GET", &format!("/v1/things?groupId={}&limit=50", world.group), None)
}

fn connect_form(world: &World) -> Result<Form> {
    let id = gap(thing_width(world)?);
    let body = format!(r#"{{"type":"{CONNECTION_TYPE}","fromId":"{id}","toId":"{id}"}}"#);
    Ok(Form::new(world.request("POST", "/v1/connections", Some(&body))))
}

fn thing_width(world: &World) -> Result<usize> {
    if world.things.len() < 2 {
        bail!("this scenario needs things that exist");
    }
    Ok(world.things.get(0).len())
}

/// The sign-in of every account.
pub(crate) fn sign_in_requests(world: &World) -> Result<Vec<Vec<u8>>> {
    if world.accounts.is_empty() {
        bail!("this scenario needs accounts");
    }
    let request = |account: &crate::stage::Account| {
        let body = serde_json::json!({ "email": account.email, "password": account.password });
        render(world.address, "POST", "/v1/auth/sign-in/email", None, Some(&body.to_string()))
    };
    Ok(world.accounts.iter().map(request).collect())
}

/// Makes the scenario's call once and looks into the answer, so that a fast wrong answer is not
/// measured as a good one.
pub(crate) async fn rehearse(scenario: Scenario, world: &World) -> Result<()> {
    let mut worker = Worker::new(scenario, world, u32::MAX)?;
    let call = worker.next();
    let (status, body) = client::once(world.address, call.visitor, call.request).await?;
    let text = String::from_utf8_lossy(&body);
    if !call.expected.contains(&status) {
        bail!("{} was answered with {status}: {}", scenario.name(), clip(&text));
    }
    let value: Value = serde_json::from_slice(&body).context("the answer is not JSON")?;
    let holds = match scenario {
        Scenario::List50 => {
            value["data"].as_array().is_some_and(|data| data.len() == 50)
                && value["hasMore"] == true
        }
        Scenario::SignIn => value["token"].is_string(),
        Scenario::NoSession | Scenario::Session => value["ok"] == true,
        Scenario::CreateConnection => {
            value["fromId"].is_string() && value["type"] == CONNECTION_TYPE
        }
        _ => {
            value["id"].is_string()
                && value["type"] == THING_TYPE
                && value["properties"]["content"].is_string()
        }
    };
    if !holds {
        bail!(
            "{} was answered with {status} but not with what was asked for: {}",
            scenario.name(),
            clip(&text)
        );
    }
    Ok(())
}

/// The beginning of a text, for a message.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(600).collect()
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
