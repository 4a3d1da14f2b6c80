//! What must exist before a load: a user who signed up like anybody, a group of theirs, things in
//! it.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::client;
use crate::ids::{IdPool, mix};
use crate::scenario::{clip, sign_in_requests, visitor};

/// Accounts that sign in.
const ACCOUNTS: u64 = 16;

/// Somebody who can sign in.
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) password: String,
}

/// Everything a scenario needs to know of the server it loads.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    /// Tells this run's rows from another's.
    pub(crate) run: u64,
    token: String,
    pub(crate) group: String,
    pub(crate) things: Rc<IdPool>,
    pub(crate) accounts: Vec<Account>,
    /// The next number for a thing's name or a pair of things.
    pub(crate) numbers: Rc<Cell<u64>>,
    /// The next loopback address to call from.
    pub(crate) visitors: Rc<Cell<u64>>,
}

impl World {
    /// Signs up a user over HTTP and lets them create a group.
    pub(crate) async fn build(address: SocketAddr) -> Result<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let run = mix(since.as_nanos() as u64 ^ u64::from(std::process::id()));
        let visitors = Cell::new(run % 10_000_000);
        let owner = Account::new(run, 0);
        let token = sign_up(address, next_visitor(&visitors), &owner).await?;
        let mut world = Self {
            address,
            run,
            token,
            group: String::new(),
            things: Rc::default(),
            accounts: vec![owner],
            numbers: Rc::new(Cell::new(0)),
            visitors: Rc::new(visitors),
        };
        let group = json!({ "name": "Measured", "slug": format!("measured-{run:016x}"), "type": "organization" });
        let group = world.ask("POST", "/v1/groups", Some(&group), 201).await?;
        world.group = text(&group, "id")?;
        Ok(world)
    }

    /// Signs up the other accounts of the sign-in scenario.
    pub(crate) async fn add_accounts(&mut self) -> Result<()> {
        for number in self.accounts.len() as u64..ACCOUNTS {
            let account = Account::new(self.run, number);
            sign_up(self.address, next_visitor(&self.visitors), &account).await?;
            self.accounts.push(account);
        }
        Ok(())
    }

    /// The median time of a few sign-ins, one after the other with nothing else going on: close to
    /// one password hash.
    pub(crate) async fn sign_in_alone(&self) -> Result<Duration> {
        let mut times = Vec::new();
        for request in sign_in_requests(self)?.iter().take(11) {
            let start = Instant::now();
            let (status, body) =
                client::once(self.address, Some(next_visitor(&self.visitors)), request).await?;
            times.push(start.elapsed());
            if status != 200 {
                bail!(
                    "signing in was answered with {status}: {}",
                    clip(&String::from_utf8_lossy(&body))
                );
            }
        }
        times.sort();
        times.get(times.len() / 2).copied().context("nobody can sign in")
    }

    /// The token of the signed-in user.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Signs up somebody else; their token.
    pub(crate) async fn somebody(&self, number: u64) -> Result<String> {
        let account = Account::new(self.run, ACCOUNTS + number);
        sign_up(self.address, next_visitor(&self.visitors), &account).await
    }

    /// A request of the signed-in user.
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&str>) -> Vec<u8> {
        render(self.address, method, path, Some(&self.token), body)
    }

    /// Asks once, outside of any load.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        expected: u16,
    ) -> Result<Value> {
        let body = body.map(ToString::to_string);
        let request = self.request(method, path, body.as_deref());
        ask(self.address, None, &request, expected)
            .await
            .with_context(|| format!("{method} {path}"))
    }
}

impl Account {
    fn new(run: u64, number: u64) -> Self {
        let secret = mix(run ^ mix(number));
        Self {
            email: format!("m{run:016x}-{number}@example.com"),
            password: format!("Vq7-{:016x}-{:08x}", secret, mix(secret) as u32),
        }
    }
}

/// A whole HTTP/1.1 request.
pub(crate) fn render(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&str>,
) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n");
    if let Some(token) = token {
        text.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    if let Some(body) = body {
        text.push_str(&format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        ));
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    text.into_bytes()
}

async fn sign_up(address: SocketAddr, visitor: Ipv4Addr, account: &Account) -> Result<String> {
    let body =
        json!({ "name": "Measuring Person", "email": account.email, "password": account.password });
    let request = render(address, "POST", "/v1/auth/sign-up/email", None, Some(&body.to_string()));
    let answer = ask(address, Some(visitor), &request, 200).await.context("signing up")?;
    text(&answer, "token")
}

async fn ask(
    address: SocketAddr,
    source: Option<Ipv4Addr>,
    request: &[u8],
    expected: u16,
) -> Result<Value> {
    let (status, body) = client::once(address, source, request).await?;
    if status != expected {
        bail!(
            "expected {expected}, was answered with {status}: {}",
            clip(&String::from_utf8_lossy(&body))
        );
    }
    serde_json::from_slice(&body).context("the answer is not JSON")
}

pub(crate) fn text(value: &Value, field: &str) -> Result<String> {
    let text = value[field].as_str().with_context(|| format!("the answer has no {field:?}"))?;
    Ok(text.to_owned())
}

fn next_visitor(visitors: &Cell<u64>) -> Ipv4Addr {
    let number = visitors.get();
    visitors.set(number + 1);
    visitor(number)
}
