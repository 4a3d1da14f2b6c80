//! The least of an HTTP/1.1 response parser: status, length of the body, whether the connection
//! stays.
//!
//! It trusts nobody with memory (heads and bodies are bounded) but does not check what the load
//! does not need.

use anyhow::{Result, bail};

/// Longest head that is still taken for one.
const MAX_HEAD: usize = 64 * 1024;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes after the head (also: none at all).
    Length(usize),
    /// `transfer-encoding: chunked`.
    Chunked,
    /// Until the server hangs up.
    Close,
}

/// What the load needs to know of a response's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Bytes of the head including the empty line.
    pub(crate) length: usize,
    pub(crate) framing: Framing,
    /// The server will not take another request on this connection.
    pub(crate) close: bool,
}

/// Parses a response head at the start of `bytes`; `None` when it is not complete yet.
pub(crate) fn parse_head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some((line, mut position)) = next_line(bytes, 0) else {
        return too_long_or_incomplete(bytes);
    };
    let status = parse_status(line)?;
    let mut length = None;
    let mut chunked = false;
    let mut close = line.starts_with(b"HTTP/1.0");
    loop {
        let Some((line, next)) = next_line(bytes, position) else {
            return too_long_or_incomplete(bytes);
        };
        position = next;
        // Only names that begin with c or t matter; the others are passed over without a look.
        match line.first() {
            None => break,
            Some(b'c' | b'C') => {
                if let Some(value) = value_of(line, b"content-length:") {
                    length = Some(parse_number(value, 10)?);
                } else if let Some(value) = value_of(line, b"connection:") {
                    close = value.eq_ignore_ascii_case(b"close");
                }
            }
            Some(b't' | b'T') => {
                if let Some(value) = value_of(line, b"transfer-encoding:") {
                    chunked = value.eq_ignore_ascii_case(b"chunked");
                }
            }
            Some(_) => {}
        }
    }
    let framing = match (status, chunked, length) {
        (204 | 304, _, _) => Framing::Length(0),
        (_, true, _) => Framing::Chunked,
        (_, false, Some(length)) => Framing::Length(length),
        (_, false, None) => Framing::Close,
    };
    Ok(Some(Head { status, length: position, framing, close: close || framing == Framing::Close }))
}

/// Finds the end of a chunked body while it arrives; remembers how far it has looked.
#[derive(Default)]
pub(crate) struct Chunks {
    position: usize,
}

impl Chunks {
    /// Looks at the body so far, always given from its first byte; the body's encoded length once
    /// it is complete.
    pub(crate) fn end(&mut self, body: &[u8]) -> Result<Option<usize>> {
        while let Some((size, data)) = chunk_at(body, self.position)? {
            if size == 0 {
                return trailers_end(body, data);
            }
            // The chunk's data and its line break; only then is it behind us.
            let next = data + size + 2;
            if next > body.len() {
                return Ok(None);
            }
            self.position = next;
        }
        Ok(None)
    }
}

/// The data of a complete chunked body.
pub(crate) fn decode_chunks(body: &[u8]) -> Result<Vec<u8>> {
    let mut data = Vec::with_capacity(body.len());
    let mut position = 0;
    loop {
        match chunk_at(body, position)? {
            Some((0, _)) => return Ok(data),
            Some((size, start)) if start + size + 2 <= body.len() => {
                data.extend_from_slice(&body[start..start + size]);
                position = start + size + 2;
            }
            _ => bail!("the chunked body ends early"),
        }
    }
}

/// The size of the chunk whose size line begins at `position`, and where its data begins.
fn chunk_at(body: &[u8], position: usize) -> Result<Option<(usize, usize)>> {
    let Some((line, data)) = next_line(body, position) else {
        if body.len() - position > 256 {
            bail!("a chunk's size line is too long");
        }
        return Ok(None);
    };
    let digits = line.split(|byte| *byte == b';').next().unwrap_or(line);
    Ok(Some((parse_number(digits.trim_ascii(), 16)?, data)))
}

/// After the last chunk: trailer lines up to an empty one.
fn trailers_end(body: &[u8], mut position: usize) -> Result<Option<usize>> {
    while let Some((line, next)) = next_line(body, position) {
        if line.is_empty() {
            return Ok(Some(next));
        }
        position = next;
    }
    if body.len() - position > MAX_HEAD {
        bail!("the trailers are too long");
    }
    Ok(None)
}

/// The line that begins at `position` without its line break, and where the next one begins.
fn next_line(bytes: &[u8], position: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(position..)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = &rest[..end];
    Some((line.strip_suffix(b"\r").unwrap_or(line), position + end + 1))
}

fn too_long_or_incomplete(bytes: &[u8]) -> Result<Option<Head>> {
    if bytes.len() > MAX_HEAD {
        bail!("the response's head is longer than {MAX_HEAD} bytes");
    }
    Ok(None)
}

fn parse_status(line: &[u8]) -> Result<u16> {
    let digits = line
        .strip_prefix(b"HTTP/1.1 ")
        .or_else(|| line.strip_prefix(b"HTTP/1.0 "))
        .and_then(|rest| rest.get(..3));
    match digits.map(|digits| parse_number(digits, 10)) {
        Some(Ok(status @ 200..=599)) => Ok(status as u16),
        _ => bail!(
            "this is not an HTTP/1.1 answer: {:?}",
            String::from_utf8_lossy(&line[..line.len().min(80)])
        ),
    }
}

/// The trimmed value when the line is the header `name` (lower case, with its colon).
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, value) = line.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

/// A short number in base 10 or 16; no sign, no blanks, at most 15 digits.
fn parse_number(digits: &[u8], base: u32) -> Result<usize> {
    if digits.is_empty() || digits.len() > 15 {
        bail!(
            "this is not a length: {:?}",
            String::from_utf8_lossy(&digits[..digits.len().min(40)])
        );
    }
    let mut number = 0_u64;
    for byte in digits {
        match char::from(*byte).to_digit(base) {
            Some(digit) => number = number * u64::from(base) + u64::from(digit),
            None => bail!("this is not a length: {:?}", String::from_utf8_lossy(digits)),
        }
    }
    Ok(usize::try_from(number)?)
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
