//! One keep-alive connection with one request in flight.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::response::{Chunks, Framing, decode_chunks, parse_head};

/// Largest answer that is read.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// How long a single request outside the load may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came back: the status, and where in the connection's buffer the body lies.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: Range<usize>,
    chunked: bool,
}

/// A connection that opens itself when it is needed and again after the server has closed it.
pub(crate) struct Client {
    address: SocketAddr,
    source: Option<Ipv4Addr>,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, source: None, stream: None, buffer: vec![0; 16 * 1024] }
    }

    /// Calls from this loopback address from now on, as another visitor would.
    pub(crate) fn call_from(&mut self, source: Option<Ipv4Addr>) {
        self.source = source;
        self.stream = None;
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address, self.source).await?,
        };
        stream.write_all(request).await.context("could not send the request")?;
        let (answer, close) = self.receive(&mut stream).await?;
        if !close {
            self.stream = Some(stream);
        }
        Ok(answer)
    }

    /// The body of the last answer.
    pub(crate) fn body(&self, answer: &Answer) -> Result<Cow<'_, [u8]>> {
        let raw = &self.buffer[answer.body.clone()];
        if answer.chunked { decode_chunks(raw).map(Cow::Owned) } else { Ok(Cow::Borrowed(raw)) }
    }

    async fn receive(&mut self, stream: &mut TcpStream) -> Result<(Answer, bool)> {
        let mut filled = 0;
        let head = loop {
            self.fill(stream, &mut filled).await?;
            if let Some(head) = parse_head(&self.buffer[..filled])? {
                break head;
            }
        };
        let start = head.length;
        let end = match head.framing {
            Framing::Length(length) => {
                while filled < start + length {
                    self.fill(stream, &mut filled).await?;
                }
                start + length
            }
            Framing::Chunked => {
                let mut chunks = Chunks::default();
                loop {
                    if let Some(length) = chunks.end(&self.buffer[start..filled])? {
                        break start + length;
                    }
                    self.fill(stream, &mut filled).await?;
                }
            }
            Framing::Close => {
                while self.read(stream, &mut filled).await? > 0 {}
                filled
            }
        };
        if end != filled {
            bail!("the server sent {} bytes more than the answer", filled - end);
        }
        let answer = Answer {
            status: head.status,
            body: start..end,
            chunked: head.framing == Framing::Chunked,
        };
        Ok((answer, head.close))
    }

    /// Reads at least one byte more.
    async fn fill(&mut self, stream: &mut TcpStream, filled: &mut usize) -> Result<()> {
        if self.read(stream, filled).await? == 0 {
            bail!(
                "the server closed the connection in the middle of an answer ({filled} bytes of it had arrived)"
            );
        }
        Ok(())
    }

    async fn read(&mut self, stream: &mut TcpStream, filled: &mut usize) -> Result<usize> {
        if *filled == self.buffer.len() {
            if *filled >= MAX_ANSWER {
                bail!("the answer is larger than {MAX_ANSWER} bytes");
            }
            self.buffer.resize(*filled * 2, 0);
        }
        let count =
            stream.read(&mut self.buffer[*filled..]).await.context("could not read the answer")?;
        *filled += count;
        Ok(count)
    }
}

/// One request on a connection of its own: for everything around the load.
pub(crate) async fn once(
    address: SocketAddr,
    source: Option<Ipv4Addr>,
    request: &[u8],
) -> Result<(u16, Vec<u8>)> {
    let mut client = Client::new(address);
    client.source = source;
    let answer = tokio::time::timeout(PATIENCE, client.send(request))
        .await
        .context("the server did not answer")??;
    let body = client.body(&answer)?.into_owned();
    Ok((answer.status, body))
}

/// A connection, from another loopback address if one is named.
pub(crate) async fn connect(address: SocketAddr, source: Option<Ipv4Addr>) -> Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let (Some(source), true) = (source, address.is_ipv4()) {
        socket
            .bind(SocketAddr::new(IpAddr::V4(source), 0))
            .with_context(|| format!("could not call from {source}"))?;
    }
    let stream = socket.connect(address).await.context("could not connect")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
