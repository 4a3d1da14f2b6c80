use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Client, once};

/// A server that answers the requests of each connection with the given pieces, one list per
/// request, and hangs up after the last. Returns its address and counts nothing: what arrives is
/// checked by the client under test.
async fn stub(answers: Vec<Vec<&'static str>>) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answers = answers.clone();
            tokio::spawn(async move {
                let mut request = [0; 1024];
                for pieces in answers {
                    if stream.read(&mut request).await? == 0 {
                        break;
                    }
                    for piece in pieces {
                        stream.write_all(piece.as_bytes()).await?;
                        stream.flush().await?;
                        // Lets the client see each piece alone.
                        tokio::task::yield_now().await;
                        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                    }
                }
                std::io::Result::Ok(())
            });
        }
    });
    Ok(address)
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn one_connection_carries_many_answers() -> Result<()> {
    let address = stub(vec![
        vec!["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst"],
        vec!["HTTP/1.1 20", "1 Created\r\ncontent-length: 6\r\n\r", "\nsec", "ond"],
        vec![
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nthi",
            "\r\n2\r\nrd\r",
            "\n0\r\n\r\n",
        ],
        vec!["HTTP/1.1 204 No Content\r\n\r\n"],
    ])
    .await?;
    let mut client = Client::new(address);
    for (status, body) in [(200, "first"), (201, "second"), (200, "third"), (204, "")] {
        let answer = client.send(REQUEST).await?;
        assert_eq!(answer.status, status);
        assert_eq!(client.body(&answer)?, body.as_bytes());
    }
    Ok(())
}

#[tokio::test]
async fn a_polite_close_is_followed_by_a_new_connection() -> Result<()> {
    let address =
        stub(vec![vec!["HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"]])
            .await?;
    let mut client = Client::new(address);
    for _ in 0..3 {
        assert_eq!(client.send(REQUEST).await?.status, 200);
    }
    Ok(())
}

#[tokio::test]
async fn an_unframed_answer_ends_with_the_connection() -> Result<()> {
    let address = stub(vec![vec!["HTTP/1.1 200 OK\r\n\r\nall", " of it"]]).await?;
    assert_eq!(once(address, None, REQUEST).await?, (200, b"all of it".to_vec()));
    Ok(())
}

#[tokio::test]
async fn a_cut_answer_is_an_error_and_the_next_call_starts_anew() -> Result<()> {
    let address = stub(vec![vec!["HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\ncut"]]).await?;
    let mut client = Client::new(address);
    for _ in 0..2 {
        let error = client.send(REQUEST).await.map(|answer| answer.status);
        assert!(error.is_err_and(|error| error.to_string().contains("in the middle")));
    }
    Ok(())
}

#[tokio::test]
async fn more_than_the_answer_is_an_error() -> Result<()> {
    let address =
        stub(vec![vec!["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more"]]).await?;
    assert!(Client::new(address).send(REQUEST).await.is_err());
    Ok(())
}

#[tokio::test]
async fn an_answer_larger_than_the_buffer_is_read_whole() -> Result<()> {
    let text: &'static str = Box::leak("x".repeat(100_000).into_boxed_str());
    let address =
        stub(vec![vec!["HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", text]]).await?;
    assert_eq!(once(address, None, REQUEST).await?.1.len(), 100_000);
    Ok(())
}

#[tokio::test]
async fn another_visitor_calls_from_another_address() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let visitor = Ipv4Addr::new(127, 9, 8, 7);
    let mut client = Client::new(listener.local_addr()?);
    client.call_from(Some(visitor));
    let server = async {
        let (mut stream, peer) = listener.accept().await?;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
        anyhow::Ok(peer.ip())
    };
    let (answer, peer) = tokio::join!(client.send(REQUEST), server);
    assert_eq!(answer?.status, 204);
    assert_eq!(peer?, visitor);
    Ok(())
}
