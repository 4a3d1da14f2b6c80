use anyhow::{Context, Result};

use super::{Chunks, Framing, Head, decode_chunks, parse_head};

fn head(text: &str) -> Result<Head> {
    parse_head(text.as_bytes())?.context("incomplete")
}

#[test]
fn reads_status_and_length() -> Result<()> {
    let text =
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nCONTENT-LENGTH:  42 \r\n\r\n{";
    let head = head(text)?;
    assert_eq!(
        head,
        Head { status: 201, length: text.len() - 1, framing: Framing::Length(42), close: false }
    );
    Ok(())
}

#[test]
fn reads_chunked_also_when_a_length_is_given() -> Result<()> {
    let head = head("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: Chunked\r\n\r\n")?;
    assert_eq!(head.framing, Framing::Chunked);
    Ok(())
}

#[test]
fn similar_header_names_are_not_confused() -> Result<()> {
    let head = head(
        "HTTP/1.1 200 OK\r\ncontent-length-hint: 9\r\nx-content-length: 8\r\ncontent-length: 7\r\n\r\n",
    )?;
    assert_eq!(head.framing, Framing::Length(7));
    Ok(())
}

#[test]
fn no_content_has_no_body() -> Result<()> {
    assert_eq!(head("HTTP/1.1 204 No Content\r\n\r\n")?.framing, Framing::Length(0));
    Ok(())
}

#[test]
fn a_connection_closes_when_told_or_unframed_or_old() -> Result<()> {
    assert!(head("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")?.close);
    assert!(head("HTTP/1.1 200 OK\r\n\r\n")?.close);
    assert!(head("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n")?.close);
    assert!(!head("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n")?.close);
    Ok(())
}

#[test]
fn every_prefix_of_a_head_is_incomplete() -> Result<()> {
    let text = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\n\r\n";
    for end in 0..text.len() {
        assert_eq!(parse_head(&text.as_bytes()[..end])?, None, "at {end}");
    }
    assert!(parse_head(text.as_bytes())?.is_some());
    Ok(())
}

#[test]
fn nonsense_is_refused() {
    for text in [
        "hello\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9999999999999999999999\r\n\r\n",
    ] {
        assert!(parse_head(text.as_bytes()).is_err(), "{text:?}");
    }
    let endless = vec![b'x'; 70 * 1024];
    assert!(parse_head(&endless).is_err());
}

#[test]
fn chunks_end_where_they_end_however_they_arrive() -> Result<()> {
    let body = b"5\r\nhello\r\n1;name=value\r\n \r\nA\r\n0123456789\r\n0\r\nx-trailer: 1\r\n\r\n";
    for step in 1..=body.len() {
        let mut chunks = Chunks::default();
        let mut seen = 0;
        let mut end = None;
        while end.is_none() && seen < body.len() {
            seen = (seen + step).min(body.len());
            end = chunks.end(&body[..seen])?;
            assert!(end.is_none() || seen == body.len(), "ended at {seen} in steps of {step}");
        }
        assert_eq!(end, Some(body.len()), "in steps of {step}");
    }
    assert_eq!(decode_chunks(body)?, b"hello 0123456789");
    Ok(())
}

#[test]
fn broken_chunks_are_refused() {
    assert!(Chunks::default().end(b"zz\r\n").is_err());
    assert!(Chunks::default().end(&[b'1'; 300]).is_err());
    assert!(decode_chunks(b"5\r\nhel").is_err());
}
