//! Sending letters by SMTP: one connection each, so that no letter waits for another.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use types::{Error, Result, Secret, Time};
use url::{Host, Url};
use uuid::Uuid;

use super::Letter;
use super::settings::Settings;
use super::templates::{Written, plain};
use crate::jobs;

/// From the first connection to the server's last word; a job has longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// For each answer of the server.
const STEP: Duration = Duration::from_secs(15);
/// Refusals that are about us, not about the letter: once the operator has repaired the
/// credentials, the letter can go.
const REPAIRABLE: [u16; 4] = [530, 534, 535, 538];

/// The way to a mail server.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    pub(super) fn new(
        url: &Secret<String>,
        settings: &Settings,
    ) -> Result<Self, (&'static str, String)> {
        Ok(Self {
            transport: transport(url, settings).map_err(|said| ("smtp_url", said))?,
            from: sender(settings).map_err(|said| ("from", said))?,
        })
    }

    /// Sends one letter. Sent again, it has the same `Message-ID`, so that mailboxes recognise it.
    ///
    /// # Errors
    /// [`jobs::hopeless`] when the server will never take it; else try again. What the server
    /// said stays out of it: servers repeat addresses.
    pub(super) async fn send(
        &self,
        id: Uuid,
        written_at: Time,
        letter: &Letter,
        written: &Written,
    ) -> Result<()> {
        let message = self.message(id, written_at, letter, written)?;
        match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refused(&error)),
            Err(_) => Err(Error::internal("the mail server took too long")),
        }
    }

    fn message(
        &self,
        id: Uuid,
        written_at: Time,
        letter: &Letter,
        written: &Written,
    ) -> Result<Message> {
        let never = |_| jobs::hopeless("the letter has no address that mail could be sent to");
        let to: Address = letter.to.parse().map_err(never)?;
        let name = plain(&letter.name);
        let date = UNIX_EPOCH + Duration::from_secs(written_at.seconds().max(0).unsigned_abs());
        let domain = self.from.email.domain();
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new((!name.is_empty()).then_some(name), to))
            .subject(written.subject.as_str())
            .date(date)
            .message_id(Some(format!("<{}@{domain}>", id.simple())))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
        for (name, value) in unsubscribing(&letter.unsubscribe) {
            builder = builder.raw_header(HeaderValue::new(name, value));
        }
        builder
            .multipart(MultiPart::alternative_plain_html(
                written.text.clone(),
                written.html.clone(),
            ))
            .map_err(|_| jobs::hopeless("the letter cannot be put into a message"))
    }
}

/// How a mail program unsubscribes by itself, without asking anybody to sign in (RFC 8058).
fn unsubscribing(url: &str) -> Vec<(HeaderName, String)> {
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>,".contains(&byte));
    if url.is_empty() || !is_plain {
        return Vec::new();
    }
    vec![
        (HeaderName::new_from_ascii_str("List-Unsubscribe"), format!("<{url}>")),
        (
            HeaderName::new_from_ascii_str("List-Unsubscribe-Post"),
            "List-Unsubscribe=One-Click".to_owned(),
        ),
    ]
}

/// The way the settings name; a mistake is told without its value.
pub(super) fn transport(
    url: &Secret<String>,
    settings: &Settings,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let address = checked(url.reveal(), settings.smtp_plain)?;
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&address).map_err(|_| SHAPE)?;
    Ok(builder.timeout(Some(STEP)).build())
}

/// The sender the settings name.
pub(super) fn sender(settings: &Settings) -> Result<Mailbox, String> {
    if settings.from.is_empty() {
        return Err("is missing: the address letters come from, e.g. hello@example.com".to_owned());
    }
    let address: Address = settings.from.parse().map_err(|_| {
        "must be an e-mail address without a name, e.g. hello@example.com".to_owned()
    })?;
    Ok(Mailbox::new(Some(plain(&settings.app_name)), address))
}

const SHAPE: &str = "must be smtps://USER:PASSWORD@HOST:465 or smtp://USER:PASSWORD@HOST:587, \
                     with other signs in user and password percent-encoded";

/// The address as the transport is to be told: encrypted, unless that is not needed.
fn checked(text: &str, plain_allowed: bool) -> Result<String, &'static str> {
    let mut url = Url::parse(text).map_err(|_| SHAPE)?;
    let wants_tls = match url.query() {
        None => false,
        Some("tls=required") => true,
        Some(_) => return Err("may have no query but `?tls=required`"),
    };
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err("must not go on after the port");
    }
    if url.username().is_empty() != url.password().is_none() {
        return Err("must have both user and password, or neither");
    }
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else { return Err(SHAPE) };
    let plain = (is_this_machine(host) || plain_allowed) && !wants_tls;
    match url.scheme() {
        "smtps" => {}
        "smtp" if plain => {
            // The library's default would be 25, where servers talk to servers.
            if url.port().is_none() {
                url.set_port(Some(587)).map_err(|()| SHAPE)?;
            }
        }
        "smtp" => url.set_query(Some("tls=required")),
        _ => return Err(SHAPE),
    }
    Ok(url.into())
}

fn is_this_machine(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        Ok(Host::Ipv4(ip)) => ip.is_loopback(),
        Ok(Host::Ipv6(ip)) => ip.is_loopback(),
        Err(_) => false,
    }
}

fn refused(error: &SmtpError) -> Error {
    let code = error.status().map(u16::from);
    match code {
        Some(code) if error.is_permanent() && !REPAIRABLE.contains(&code) => {
            jobs::hopeless(format!("the mail server refused the letter for good ({code})"))
        }
        Some(code) => Error::internal(format!("the mail server refused the letter ({code})")),
        None if error.is_client() => jobs::hopeless("the mail server cannot take such a letter"),
        None if error.is_tls() => Error::internal("no encrypted way to the mail server"),
        None if error.is_timeout() => Error::internal("the mail server took too long"),
        None => Error::internal("the mail server cannot be reached, or broke off"),
    }
}

#[cfg(test)]
#[path = "smtp_tests.rs"]
mod tests;
