//! One keep-alive connection with one request in flight, sent exactly once: a client that quietly
//! tried again would hide what this is about.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// How long an answer may take: the server promises one within 30 seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of the longest answer.
const MAX_BODY: usize = 64 << 20;

/// Somebody who calls the server.
pub struct Client {
    address: SocketAddr,
    token: String,
    stream: Option<BufReader<TcpStream>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub text: String,
}

impl Answer {
    /// Its body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A text of its body.
    ///
    /// # Errors
    /// When there is none at the pointer.
    pub fn text_at(&self, pointer: &str) -> Result<String> {
        let json = self.json();
        let text = json.pointer(pointer).and_then(Value::as_str);
        Ok(text.with_context(|| format!("no text at {pointer} in {self:?}"))?.to_owned())
    }

    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Client {
    /// Nothing is sent yet.
    pub(crate) const fn new(address: SocketAddr, token: String) -> Self {
        Self { address, token, stream: None }
    }

    /// Whether somebody listens there.
    pub(crate) fn is_answered(&mut self) -> bool {
        self.stream = self.connect().ok();
        self.stream.is_some()
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// When the connection ends before the answer does: whether it was carried out is not known.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n",
            self.address
        );
        if !self.token.is_empty() {
            text.push_str(&format!("authorization: Bearer {}\r\n", self.token));
        }
        if let Some(key) = key {
            text.push_str(&format!("idempotency-key: {key}\r\n"));
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        stream.get_mut().write_all(text.as_bytes()).context("the request was not taken")?;
        let (answer, close) = receive(&mut stream)?;
        if !close {
            self.stream = Some(stream);
        }
        Ok(answer)
    }

    /// Reads, which may be sent again on another connection.
    ///
    /// # Errors
    /// When the answer is not a 200.
    pub fn get(&mut self, path: &str) -> Result<Value> {
        let answer = match self.send("GET", path, None, None) {
            Ok(answer) => answer,
            Err(_) => self.send("GET", path, None, None)?,
        };
        ensure!(answer.status == 200, "GET {path} was answered {answer:?}");
        Ok(answer.json())
    }

    /// Every row of a list, page by page.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn walk(&mut self, path: &str) -> Result<Vec<Value>> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}&limit=200{cursor}"))?;
            rows.extend(page["data"].as_array().context("a list")?.iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(rows),
            }
        }
    }

    fn connect(&self) -> Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(BufReader::new(stream))
    }
}

/// The answer, and whether the connection ends with it.
fn receive(stream: &mut BufReader<TcpStream>) -> Result<(Answer, bool)> {
    let head = line(stream)?;
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status = status.and_then(|digits| digits.parse().ok());
    let status: u16 = status.with_context(|| format!("no answer in HTTP/1.1: {head:?}"))?;
    let (mut length, mut chunked, mut close) = (0, false, false);
    loop {
        let header = line(stream)?.to_ascii_lowercase();
        let Some((name, value)) = header.split_once(':') else {
            ensure!(header.is_empty(), "no header: {header:?}");
            break;
        };
        match (name, value.trim()) {
            ("content-length", value) => length = value.parse().context("a length")?,
            ("transfer-encoding", value) => chunked = value == "chunked",
            ("connection", value) => close = value == "close",
            _ => {}
        }
    }
    let body = if chunked { chunks(stream)? } else { exactly(stream, length)? };
    let text = String::from_utf8(body).context("an answer in UTF-8")?;
    Ok((Answer { status, text }, close))
}

fn chunks(stream: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(line(stream)?.trim(), 16).context("a chunk's size")?;
        ensure!(body.len() + size <= MAX_BODY, "the answer is too long");
        body.extend(exactly(stream, size)?);
        ensure!(line(stream)?.is_empty(), "a chunk ends with its line");
        if size == 0 {
            return Ok(body);
        }
    }
}

fn exactly(stream: &mut BufReader<TcpStream>, length: usize) -> Result<Vec<u8>> {
    ensure!(length <= MAX_BODY, "the answer is too long");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).context("the answer has no end")?;
    Ok(body)
}

/// A line without its end; a connection that ends in it is none.
fn line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).context("the answer did not come")?;
    match line.strip_suffix("\r\n") {
        Some(whole) => Ok(whole.to_owned()),
        None => bail!("the connection ended before the answer did"),
    }
}
