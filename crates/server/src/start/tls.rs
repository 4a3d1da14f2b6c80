//! https of the server's own: the certificate that is shown, and how another one takes its place
//! without anybody being sent away.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use kernel::{Clock, Egress};
use telemetry::{Connections, Elsewhere};
use tokio::net::TcpListener;
use web::{Certificate, Certificates, Challenges, Tls};

use super::listen;
use super::signals::Again;
use crate::acme::Acme;
use crate::config::Settings;
use crate::exit::Stop;

/// Files are looked at this often; a signal (SIGHUP) does not wait for it.
const LOOK: Duration = Duration::from_secs(5);
/// One that ends soon is told of so often.
const DAY: Duration = Duration::from_secs(86_400);
/// A certificate with fewer days left is told of.
pub(crate) const DAYS_LEFT: i64 = 7;

/// What makes the server's port one of https, and the plain one beside it.
pub(super) struct Https {
    own: Option<Own>,
}

struct Own {
    tls: Tls,
    certificates: Certificates,
    source: Source,
    again: Again,
    plain: Option<TcpListener>,
    challenges: Challenges,
}

/// Where certificates come from.
enum Source {
    Files(Files),
    Authority(Box<Acme>),
}

impl Https {
    /// Reads the certificate and takes the second port.
    pub(super) async fn open(settings: &Settings, egress: &Egress) -> Result<Self, Stop> {
        let server = &settings.server;
        if !server.has_tls() {
            return Ok(Self { own: None });
        }
        let again = Again::new()?;
        let (certificates, challenges) = (Certificates::default(), Challenges::default());
        let source = if server.has_files() {
            let mut files = Files::new(&server.tls_cert, &server.tls_key);
            // Looked at with the other settings already; files may have changed since.
            let found = files.read().map_err(|(key, said)| {
                Stop::refused("certificate_unusable", format!("server.{key} {said}"))
            })?;
            told_of(&found, host_of(&server.public_url));
            certificates.show(found);
            Source::Files(files)
        } else {
            let acme = Acme::new(settings, egress, &challenges);
            match acme.place.certificate() {
                Some(found) => certificates.show(found),
                None => tracing::warn!("nobody can be let in before there is a certificate"),
            }
            Source::Authority(Box::new(acme))
        };
        let plain = match server.redirect_port {
            0 => None,
            port => Some(listen(&server.host, port, "SIXFOLD_SERVER_REDIRECT_PORT").await?),
        };
        let tls = Tls::new(&certificates, settings.web.max_handshakes)?;
        Ok(Self { own: Some(Own { tls, certificates, source, again, plain, challenges }) })
    }

    /// Has it told when the certificate ends that is shown at that time.
    pub(super) fn tell_end(&self, told: &Elsewhere) {
        if let Some(own) = &self.own {
            let certificates = own.certificates.clone();
            told.is(move || certificates.shown().map(|shown| shown.ends().seconds()));
        }
    }

    pub(super) fn tls(&self) -> Option<Tls> {
        self.own.as_ref().map(|own| own.tls.clone())
    }

    /// What goes on beside serving, until `told`: the plain port, and looking at the files.
    pub(super) async fn beside<T: Future<Output = ()>>(
        self,
        settings: &Settings,
        url: &str,
        redirects: &Connections,
        told: impl Fn() -> T,
    ) {
        let Some(own) = self.own else { return };
        let Own { certificates, source, mut again, plain, challenges, .. } = own;
        let led = async {
            let Some(plain) = plain else { return };
            let router = web::redirect(url, &challenges);
            let served = web::serve(plain, router, &settings.web, None, redirects, told()).await;
            if let Err(error) = served {
                tracing::error!(cause = error.cause(), "the plain port is closed");
            }
        };
        let host = host_of(&settings.server.public_url);
        let kept = async {
            match source {
                Source::Files(files) => keep(files, &certificates, again, host).await,
                Source::Authority(acme) => {
                    acme.keep(&certificates, async || again.asked().await).await;
                }
            }
        };
        let kept = async {
            tokio::select! { () = kept => {}, () = told() => {} }
        };
        tokio::join!(led, kept);
    }
}

/// Shows what is in the files, whenever they change or somebody says so.
async fn keep(mut files: Files, certificates: &Certificates, mut again: Again, host: &str) {
    let (mut told, mut complaint) = (Instant::now(), String::new());
    loop {
        let asked = tokio::select! {
            () = again.asked() => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        if told.elapsed() >= DAY {
            told = Instant::now();
            certificates.shown().inspect(|shown| told_of(shown, host));
        }
        if !asked && !files.changed() {
            continue;
        }
        match files.read() {
            Ok(found) => {
                complaint.clear();
                if certificates.shown().is_none_or(|shown| !shown.is(&found)) {
                    tracing::info!(ends = %found.ends(), "another certificate is shown from now on");
                    told_of(&found, host);
                    certificates.show(found);
                }
            }
            // Perhaps one of the two is still being written, or begins in a minute: it is looked
            // at again, but told once.
            Err((key, said)) => {
                files.forget();
                let said = format!("server.{key} {said}");
                if said != complaint {
                    tracing::warn!("the certificate stays as it was: {said}");
                    complaint = said;
                }
            }
        }
    }
}

/// What an operator should know about a certificate that is good.
fn told_of(found: &Certificate, host: &str) {
    let days = (found.ends().seconds() - Clock::System.now().seconds()) / 86_400;
    if days < 0 {
        tracing::error!(ends = %found.ends(), "the certificate has ended: browsers refuse it");
    } else if days < DAYS_LEFT {
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

    /// Has them read again at the next look.
    fn forget(&mut self) {
        self.seen = [None; 2];
    }

    fn look(&self) -> [Option<(SystemTime, u64)>; 2] {
        self.paths.each_ref().map(|path| {
            let about = fs::metadata(path).ok()?;
            Some((about.modified().ok()?, about.len()))
        })
    }
}
