//! Reading pages that users name, from a real server that means no good.

use std::net::SocketAddr;
use std::time::Duration;

use kernel::egress::{Bounds, Settings, Whose};
use kernel::{Document, Egress};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use types::{PersonId, Result};
use url::Url;
use uuid::Uuid;

const BOUNDS: Bounds =
    Bounds { types: &["text/html"], bytes: 4096, total: Duration::from_secs(600) };

/// A server at this machine, which answers by path.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                // Whoever hangs up early may do so.
                let _ = answer(stream, address).await;
            });
        }
    });
    address
}

async fn answer(mut stream: TcpStream, own: SocketAddr) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let redirect =
        |to: &str| format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let html = |more: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: text/html{more}\r\n");
    let text = match path {
        "/page" => html("; charset=UTF-8\r\nconnection: close\r\ncontent-length: 5") + "\r\nhello",
        "/head" => html(&format!("\r\ncontent-length: {}", head.len())) + "\r\n" + &head,
        "/near" => redirect("page"),
        "/metadata" => redirect("http://169.254.169.254/latest/"),
        "/other-port" => redirect(&format!("http://127.0.0.2:{}/page", own.port())),
        "/mapped" => redirect(&format!("http://[::ffff:127.0.0.2]:{}/page", own.port())),
        "/file" => redirect("file:///etc/passwd"),
        "/credentials" => redirect(&format!("http://me:secret@{own}/page")),
        "/nowhere" => "HTTP/1.1 302 Found\r\nlocation: http://\u{1}/\r\n\r\n".to_owned(),
        "/loop" => redirect("/loop"),
        "/missing" => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/large" => html("\r\ncontent-length: 4097") + "\r\n",
        "/short" => html("\r\nconnection: close\r\ncontent-length: 100") + "\r\nhello",
        "/picture" => {
            "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
        "/packed" => html("\r\ncontent-encoding: gzip\r\ncontent-length: 0") + "\r\n",
        "/rubbish" => "what?\r\n\r\n".to_owned(),
        "/endless" => {
            stream.write_all(html("\r\ntransfer-encoding: chunked\r\n").as_bytes()).await?;
            loop {
                stream.write_all(b"10\r\n0123456789abcdef\r\n").await?;
            }
        }
        // Silent until the other side has had enough.
        _ => return stream.read_u8().await.map(drop),
    };
    stream.write_all(text.as_bytes()).await
}

async fn fetch(egress: &Egress, url: &str, bounds: &Bounds) -> Result<Document> {
    egress.fetch_public(PersonId(Uuid::nil()), &Url::parse(url).expect(url), bounds).await
}

fn open() -> Egress {
    Egress::new(&Settings { allow_private: vec!["127.0.0.1".to_owned()] })
}

#[tokio::test]
async fn a_page_is_read_where_redirects_lead() {
    let (at, egress) = (server().await, open());
    let page = fetch(&egress, &format!("http://{at}/near#part"), &BOUNDS).await.expect("a page");
    assert_eq!((page.url.as_str(), page.body), (&*format!("http://{at}/page"), b"hello".to_vec()));
    assert_eq!(page.content_type, "text/html; charset=utf-8");
}

#[tokio::test]
async fn nothing_of_ours_goes_along() {
    let (at, egress) = (server().await, open());
    let page = fetch(&egress, &format!("http://{at}/head"), &BOUNDS).await.expect("a page");
    let head = String::from_utf8(page.body).expect("text").to_lowercase();
    assert!(head.contains("accept-encoding: identity") && head.contains("accept: text/html"));
    for ours in ["cookie", "authorization", "referer", "x-request-id", "traceparent"] {
        assert!(!head.contains(ours), "{head}");
    }
}

#[tokio::test]
async fn what_another_server_names_is_guarded_and_what_the_operator_names_is_not() {
    let at = server().await;
    for url in [format!("http://{at}/page"), format!("http://localhost:{}/page", at.port())] {
        let found = Egress::default().get(Whose::Operators, &url, &[]).await.expect(&url);
        assert_eq!((found.status, found.body), (200, b"hello".to_vec()));
        for refused in [
            Egress::default().get(Whose::Named, &url, &[]).await,
            Egress::default().post_form(Whose::Named, &url, &[], &[("a", "b")]).await,
        ] {
            assert_eq!(refused.err().expect(&url).code(), "egress_failed", "{url}");
        }
    }
    let found = open().get(Whose::Named, &format!("http://{at}/page"), &[]).await.expect("leave");
    assert_eq!(found.status, 200);
}

#[tokio::test]
async fn without_leave_nothing_at_this_machine_is_reached() {
    let at = server().await;
    for url in [
        format!("http://{at}/page"),
        format!("http://localhost:{}/page", at.port()),
        "http://localhost/".to_owned(),
        "http://127.0.0.1/".to_owned(),
    ] {
        let error = fetch(&Egress::default(), &url, &BOUNDS).await.expect_err(&url);
        assert_eq!(error.code(), "page_unreachable", "{url}");
    }
}

#[tokio::test]
async fn what_goes_wrong_has_a_name_and_no_redirect_leads_inside() {
    let (at, egress) = (server().await, open());
    for (path, code) in [
        ("metadata", "page_unreachable"),
        ("other-port", "page_unreachable"),
        ("mapped", "page_unreachable"),
        ("file", "page_unreachable"),
        ("credentials", "page_unreachable"),
        ("nowhere", "page_unreachable"),
        ("rubbish", "page_unreachable"),
        ("short", "page_unreachable"),
        ("loop", "too_many_redirects"),
        ("missing", "page_not_found"),
        ("large", "page_too_large"),
        ("endless", "page_too_large"),
        ("picture", "page_of_wrong_type"),
        ("packed", "page_of_wrong_type"),
    ] {
        let error = fetch(&egress, &format!("http://{at}/{path}"), &BOUNDS).await.expect_err(path);
        assert_eq!((error.kind().status(), error.code()), (422, code), "{path}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left() {
    let (at, egress) = (server().await, open());
    let bounds = Bounds { total: Duration::from_millis(50), ..BOUNDS };
    let error = fetch(&egress, &format!("http://{at}/silent"), &bounds).await.expect_err("late");
    assert_eq!(error.code(), "page_too_slow");
}
