//! https of the server's own: the certificate that is shown, and how another one takes its place
//! without anybody being sent away.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use kernel::Clock;
use tokio::net::TcpListener;
use web::{Certificate, Certificates, Tls};

use super::listen;
use super::signals::Again;
use crate::config::Settings;
use crate::exit::Stop;

/// Files are looked at this often; a signal (SIGHUP) does not wait for it.
const LOOK: Duration = Duration::from_secs(5);
/// A certificate with fewer days left is told of.
pub(crate) const DAYS_LEFT: i64 = 7;

/// What makes the server's port one of https, and the plain one beside it.
pub(super) struct Https {
    own: Option<Own>,
    again: Again,
}

struct Own {
    tls: Tls,
    certificates: Certificates,
    files: Files,
    plain: Option<TcpListener>,
}

impl Https {
    /// Reads the certificate and takes the second port.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Stop> {
        let (server, again) = (&settings.server, Again::new()?);
        if !server.has_tls() {
            return Ok(Self { own: None, again });
        }
        let mut files = Files::new(&server.tls_cert, &server.tls_key);
        // Looked at with the other settings already; files may have changed since.
        let found = files.read().map_err(|(key, said)| {
            Stop::refused("certificate_unusable", format!("server.{key} {said}"))
        })?;
        told_of(&found, host_of(&server.public_url));
        let certificates = Certificates::default();
        certificates.show(found);
        let plain = match server.redirect_port {
            0 => None,
            port => Some(listen(&server.host, port).await?),
        };
        let tls = Tls::new(&certificates, settings.web.max_handshakes)?;
        Ok(Self { own: Some(Own { tls, certificates, files, plain }), again })
    }

    pub(super) fn tls(&self) -> Option<Tls> {
        self.own.as_ref().map(|own| own.tls.clone())
    }

    /// What goes on beside serving, until `told`: the plain port, and looking at the files.
    pub(super) async fn beside<T: Future<Output = ()>>(
        self,
        settings: &Settings,
        url: &str,
        told: impl Fn() -> T,
    ) {
        let Self { own, again } = self;
        let Some(Own { certificates, files, plain, .. }) = own else {
            tokio::select! { () = nothing(again) => {}, () = told() => {} }
            return;
        };
        let led = async {
            let Some(plain) = plain else { return };
            let served = web::serve(plain, web::redirect(url), &settings.web, None, told()).await;
            if let Err(error) = served {
                tracing::error!(cause = error.cause(), "the plain port is closed");
            }
        };
        let host = host_of(&settings.server.public_url);
        let kept = async {
            tokio::select! { () = keep(files, &certificates, again, host) => {}, () = told() => {} }
        };
        tokio::join!(led, kept);
    }
}

/// Without a certificate of its own the server has nothing to read again; a signal ends nothing.
async fn nothing(mut again: Again) {
    loop {
        again.asked().await;
        tracing::info!("asked to read the certificate again, and there is none");
    }
}

/// Shows what is in the files, whenever they change or somebody says so.
async fn keep(mut files: Files, certificates: &Certificates, mut again: Again, host: &str) {
    loop {
        let asked = tokio::select! {
            () = again.asked() => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        if !asked && !files.changed() {
            continue;
        }
        match files.read() {
            Ok(found) if certificates.shown().is_some_and(|shown| shown.is(&found)) => {}
            Ok(found) => {
                tracing::info!(ends = %found.ends(), "another certificate is shown from now on");
                told_of(&found, host);
                certificates.show(found);
            }
            // Perhaps one of the two is still being written.
            Err((key, said)) => {
                tracing::warn!("the certificate stays as it was: server.{key} {said}");
            }
        }
    }
}

/// What an operator should know about a certificate that is good.
fn told_of(found: &Certificate, host: &str) {
    let days = (found.ends().seconds() - Clock::System.now().seconds()) / 86_400;
    if days < DAYS_LEFT {
        tracing::warn!(ends = %found.ends(), "the certificate ends soon: renew it");
    }
    if !host.is_empty() && !found.is_for(host) {
        let names = found.names().join(", ");
        tracing::warn!(names, host, "the certificate is not for where people come");
    }
}

/// The host of an address, without its port.
pub(crate) fn host_of(url: &str) -> &str {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// The two files, and how they looked when they were read last.
struct Files {
    paths: [PathBuf; 2],
    seen: [Option<(SystemTime, u64)>; 2],
}

impl Files {
    fn new(certificate: &Path, key: &Path) -> Self {
        Self { paths: [certificate.to_owned(), key.to_owned()], seen: [None; 2] }
    }

    /// Whether one was written since.
    fn changed(&self) -> bool {
        self.look() != self.seen
    }

    fn read(&mut self) -> Result<Certificate, web::Flaw> {
        // First: what is written meanwhile is another change.
        self.seen = self.look();
        let [certificate, key] = &self.paths;
        Certificate::read(certificate, key, Clock::System.now())
    }

    fn look(&self) -> [Option<(SystemTime, u64)>; 2] {
        self.paths.each_ref().map(|path| {
            let about = fs::metadata(path).ok()?;
            Some((about.modified().ok()?, about.len()))
        })
    }
}
