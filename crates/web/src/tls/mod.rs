//! https without a proxy: who we are, by the certificate of this moment, and the handshake.
//!
//! A handshake is bounded in time and in number, so that those who begin one and leave it at that
//! take no place from others for long. The certificate may be exchanged at any moment: connections
//! that are open keep theirs.

mod files;

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{Acceptor, ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use types::Result;

pub use self::files::{Certificate, Flaw};

/// The protocol both ends agree on, by its name in the handshake.
pub(crate) const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// So long a client has for the rest of a handshake once there is a place for it: others wait for
/// that place, and it takes one or two ways there and back.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// The certificate of this moment. Cheap to clone; all clones show the same.
#[derive(Clone, Default)]
pub struct Certificates(Arc<Shown>);

#[derive(Default)]
struct Shown(RwLock<Option<Certificate>>);

impl Certificates {
    /// Shows this one from now on.
    pub fn show(&self, certificate: Certificate) {
        *self.0.0.write().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
    }

    /// The one that is shown.
    #[must_use]
    pub fn shown(&self) -> Option<Certificate> {
        self.0.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        shown.as_ref().map(|certificate| Arc::clone(&certificate.key))
    }
}

/// What makes a connection one over https. Cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<Handshakes>);

struct Handshakes {
    config: Arc<ServerConfig>,
    places: Semaphore,
}

impl Tls {
    /// TLS 1.2 and 1.3 with these certificates; so many handshakes at once.
    ///
    /// # Errors
    /// When there is no randomness for the keys of resumed sessions.
    pub fn new(certificates: &Certificates, handshakes: usize) -> Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let shown: Arc<dyn ResolvesServerCert> = Arc::clone(&certificates.0) as _;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(shown);
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        // Whoever comes back shows a ticket, and nothing is kept for them here.
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        config.send_tls13_tickets = 1;
        let places = Semaphore::new(handshakes.clamp(1, Semaphore::MAX_PERMITS));
        Ok(Self(Arc::new(Handshakes { config: Arc::new(config), places })))
    }

    /// Shakes hands. The place for it is taken once the client has said its first word, so that
    /// whoever says nothing keeps nobody waiting.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let _place = self.0.places.acquire().await.map_err(io::Error::other)?;
        // Waiting for a place is counted elsewhere: who comes late is not to have less time for it.
        tokio::time::timeout(HANDSHAKE, begun.into_stream(Arc::clone(&self.0.config))).await?
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
