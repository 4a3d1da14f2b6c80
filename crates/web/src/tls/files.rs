//! A certificate and its key, from two PEM files, looked at before anybody sees them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use types::Time;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// What is wrong: the setting that names the file, and a sentence.
pub type Flaw = (&'static str, String);

/// A certificate with everything above it, and its key.
#[derive(Clone)]
pub struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    begins: Time,
    ends: Time,
    names: Arc<[String]>,
}

impl Certificate {
    /// Reads and checks both files.
    ///
    /// # Errors
    /// When one is missing or no PEM, when they do not belong together, when others may read the
    /// key, and when the certificate is not good at `now`.
    pub fn read(certificate: &Path, key: &Path, now: Time) -> Result<Self, Flaw> {
        let chain = file("tls_cert", certificate)?;
        if others_may_read(key) {
            let said = format!(
                "its file {} may be read by other users: run `chmod 600` on it",
                key.display()
            );
            return Err(("tls_key", said));
        }
        let found = Self::of(&chain, &file("tls_key", key)?)?;
        found.check(now)?;
        Ok(found)
    }

    /// From the text of both.
    ///
    /// # Errors
    /// When one is no PEM, and when they do not belong together.
    pub fn of(chain: &[u8], key: &[u8]) -> Result<Self, Flaw> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| ("tls_cert", format!("is not PEM: {error}")))?;
        let Some(first) = chain.first() else {
            let said = "holds no certificate: it begins with `-----BEGIN CERTIFICATE-----`";
            return Err(("tls_cert", said.to_owned()));
        };
        let (begins, ends, names) =
            read(first).ok_or_else(|| ("tls_cert", "holds no X.509 certificate".to_owned()))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
            let said = "holds no private key in PEM; one with a passphrase cannot be read";
            ("tls_key", said.to_owned())
        })?;
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        let key = key.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                ("tls_key", "is not the key of the certificate in tls_cert".to_owned())
            }
            other => ("tls_key", format!("cannot be used: {other}")),
        })?;
        Ok(Self { key: Arc::new(key), begins, ends, names: names.into() })
    }

    fn check(&self, now: Time) -> Result<(), Flaw> {
        if now >= self.ends {
            return Err(("tls_cert", format!("ended at {}: renew it", self.ends)));
        }
        if now < self.begins {
            let said =
                format!("begins at {}, and it is {now} by this machine's clock", self.begins);
            return Err(("tls_cert", said));
        }
        Ok(())
    }

    /// From when on it is good.
    #[must_use]
    pub const fn begins(&self) -> Time {
        self.begins
    }

    /// Until when it is good.
    #[must_use]
    pub const fn ends(&self) -> Time {
        self.ends
    }

    /// Whom it is for.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it is for this host.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(above) => host.split_once('.').is_some_and(|(_, rest)| rest == above),
            None => *name == host,
        })
    }

    /// Whether another is the same.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.key.cert == other.key.cert
    }
}

/// When it begins and ends, and the names and addresses it is for.
fn read(certificate: &CertificateDer<'_>) -> Option<(Time, Time, Vec<String>)> {
    let about = x509_cert::Certificate::from_der(certificate).ok()?.tbs_certificate;
    let time = |time: x509_cert::time::Time| {
        Time::from_micros(i64::try_from(time.to_unix_duration().as_micros()).unwrap_or(i64::MAX))
    };
    let names = about.get::<SubjectAltName>().ok().flatten();
    let names = names.map_or_else(Vec::new, |(_, names)| names.0.iter().filter_map(name).collect());
    Some((time(about.validity.not_before), time(about.validity.not_after), names))
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
            let any = four.or_else(|_| <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from));
            any.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

fn file(key: &'static str, path: &Path) -> Result<Vec<u8>, Flaw> {
    fs::read(path)
        .map_err(|error| (key, format!("its file {} cannot be read: {error}", path.display())))
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_path: &Path) -> bool {
    false
}
