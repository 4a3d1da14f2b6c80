use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use telemetry::Connections;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use types::Time;

use super::*;
use crate::streams::tests::{answer, opening};
use crate::{Settings, serve};

/// Certificates for tests, and for nothing else: `tests/tls`.
const ONE: (&str, &str) = (
    include_str!("../../../../tests/tls/one.pem"),
    include_str!("../../../../tests/tls/one.key.pem"),
);
const TWO: (&str, &str) = (
    include_str!("../../../../tests/tls/two.pem"),
    include_str!("../../../../tests/tls/two.key.pem"),
);
/// In 2027, the year 2200.
const NOW: i64 = 1_800_000_000_000_000;
const LATER: i64 = 7_258_118_400_000_000;

fn certificate((chain, key): (&str, &str)) -> (Certificate, RootCertStore) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()).unwrap();
    (Certificate::of(chain.as_bytes(), key.as_bytes()).unwrap(), roots)
}

#[test]
fn what_is_wrong_with_files_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let cert = write("cert.pem", ONE.0, 0o644);
    let (own, open) = (write("key.pem", ONE.1, 0o600), write("open.pem", ONE.1, 0o644));
    let (other, empty) = (write("other.pem", TWO.0, 0o644), write("empty.pem", "x", 0o600));
    let absent = folder.path().join("absent.pem");
    let now = Time::from_micros(NOW);
    let later = Time::from_micros(LATER);
    let good = Certificate::read(&cert, &own, now).unwrap_or_else(|flaw| panic!("{flaw:?}"));
    assert_eq!(good.names().first().map(String::as_str), Some("six.example"));
    assert!(good.ends().to_string().starts_with("2126-"), "{}", good.ends());
    for (cert, key, at, name, part) in [
        (&absent, &own, now, "tls_cert", "cannot be read"),
        (&cert, &absent, now, "tls_key", "cannot be read"),
        (&cert, &open, now, "tls_key", "chmod 600"),
        (&other, &own, now, "tls_key", "is not the key of the certificate"),
        (&empty, &own, now, "tls_cert", "holds no certificate"),
        (&own, &own, now, "tls_cert", "holds no certificate"),
        (&cert, &empty, now, "tls_key", "holds no private key"),
        (&cert, &own, later, "tls_cert", "ended at 2126"),
        (&cert, &own, Time::from_micros(0), "tls_cert", "begins at 2026"),
    ] {
        let (at_fault, said) = Certificate::read(cert, key, at).err().expect(part);
        assert_eq!(at_fault, name, "{said}");
        assert!(said.contains(part), "{said}");
        assert!(!said.contains("PRIVATE"), "{said}");
    }
}

#[test]
fn a_name_with_a_star_is_for_one_label() {
    let (found, _) = certificate(ONE);
    for host in ["six.example", "SIX.example", "a.six.example", "127.0.0.1", "[::1]"] {
        assert!(found.is_for(host), "{host}");
    }
    for host in ["example", "a.b.six.example", "x.example", "127.0.0.2", ""] {
        assert!(!found.is_for(host), "{host}");
    }
}

async fn house(certificates: &Certificates, settings: Settings) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tls = Tls::new(certificates, 4).unwrap();
    let router = Router::new().route("/", get(|| async { "hello" }));
    tokio::spawn(async move {
        let counted = Connections::default();
        serve(listener, router, &settings, Some(tls), &counted, std::future::pending()).await
    });
    address
}

async fn shaken(
    to: SocketAddr,
    roots: &RootCertStore,
    protocols: &[&[u8]],
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(to).await.unwrap();
    let name = ServerName::try_from("six.example").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn said(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn both_protocols_are_offered_and_the_client_chooses() {
    let (certificate, roots) = certificate(ONE);
    let certificates = Certificates::default();
    certificates.show(certificate);
    let address = house(&certificates, Settings::default()).await;
    for protocols in [&[][..], &[HTTP1], &[b"acme-tls/1".as_slice(), HTTP1]] {
        let stream = shaken(address, &roots, protocols).await.unwrap();
        let text = said(stream).await;
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("hello"), "{text}");
    }
    let mut stream = shaken(address, &roots, &[HTTP2, HTTP1]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(HTTP2));
    stream.write_all(&opening()).await.unwrap();
    assert_eq!(answer(&mut stream).await, (0x88, b"hello".to_vec()));
    assert!(shaken(address, &roots, &[b"spdy/3"]).await.is_err());
}

#[tokio::test]
async fn another_certificate_takes_its_place_and_nobody_is_sent_away() {
    let ((first, old), (second, new)) = (certificate(ONE), certificate(TWO));
    let certificates = Certificates::default();
    let address = house(&certificates, Settings::default()).await;
    assert!(shaken(address, &old, &[]).await.is_err(), "there is none yet");
    certificates.show(first);
    let before = shaken(address, &old, &[]).await.unwrap();
    certificates.show(second);
    assert!(shaken(address, &old, &[]).await.is_err());
    assert!(said(shaken(address, &new, &[]).await.unwrap()).await.contains("200"));
    assert!(said(before).await.contains("200"));
}

#[tokio::test]
async fn who_begins_a_handshake_and_leaves_it_at_that_keeps_nobody_out() {
    let (certificate, roots) = certificate(ONE);
    let certificates = Certificates::default();
    certificates.show(certificate);
    let settings =
        Settings { header_read_timeout_ms: 300, max_connections: 8, ..Settings::default() };
    let address = house(&certificates, settings).await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // A record of a handshake that does not go on.
        stream.write_all(&[22, 3, 1, 1, 0]).await.unwrap();
        silent.push(stream);
    }
    // Whoever comes meanwhile is sent away, and has a place soon.
    let stream = loop {
        match shaken(address, &roots, &[]).await {
            Ok(stream) => break stream,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    assert!(said(stream).await.contains("200"));
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0; 64]).await.unwrap_or(0), 0, "it was closed");
    }
}

/// The first word of a client.
fn hello() -> Vec<u8> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from("six.example").unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut said = Vec::new();
    client.write_tls(&mut said).unwrap();
    said
}

#[tokio::test(start_paused = true)]
async fn who_says_a_first_word_and_no_second_one_keeps_the_place_for_seconds() {
    let (certificate, _) = certificate(ONE);
    let certificates = Certificates::default();
    certificates.show(certificate);
    let tls = Tls::new(&certificates, 1).unwrap();
    let began = tokio::time::Instant::now();
    let mut open = Vec::new();
    let accepted = (0..3).map(|_| {
        let (client, server) = tokio::io::duplex(64 * 1024);
        open.push(client);
        let tls = tls.clone();
        tokio::spawn(async move { tls.accept(server).await.err().map(|error| error.kind()) })
    });
    let accepted: Vec<_> = accepted.collect();
    for client in &mut open {
        client.write_all(&hello()).await.unwrap();
    }
    for one in accepted {
        assert_eq!(one.await.unwrap(), Some(io::ErrorKind::TimedOut));
    }
    assert_eq!(began.elapsed().as_secs(), 3 * HANDSHAKE.as_secs());
}

#[tokio::test]
async fn plain_http_gets_no_answer_where_https_is_spoken() {
    let (certificate, _) = certificate(ONE);
    let certificates = Certificates::default();
    certificates.show(certificate);
    let address = house(&certificates, Settings::default()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    assert!(!String::from_utf8_lossy(&bytes).contains("HTTP"));
}
