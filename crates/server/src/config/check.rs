//! What no single value can tell: whether the settings make sense together.

use std::net::IpAddr;
use std::path::Path;

use kernel::Clock;
use web::{Certificate, Flaw};

use super::Mistake;
use super::model::{Mode, Server, Settings, Table, key};

/// Every mistake in settings whose types are right.
pub(crate) fn all(settings: &Settings, table: &Table) -> Vec<Mistake> {
    let mut found: Vec<(&str, &str, String)> = Vec::new();
    server(&settings.server, &mut found);
    database(&settings.database.url, &mut found);
    keys(settings, &mut found);
    let of = |section: &'static str, rooms: Vec<(&'static str, String)>| {
        rooms.into_iter().map(move |(name, said)| (section, name, said))
    };
    found.extend(of("web", settings.web.mistakes()));
    found.extend(of("identity", settings.identity.mistakes()));
    found.extend(of("quotas", settings.quotas.mistakes()));
    found.extend(of("retention", settings.retention.mistakes()));
    found.extend(of("mail", settings.mail.mistakes()));
    found.extend(of("jobs", settings.jobs.mistakes()));
    found.extend(of("backup", settings.backup.mistakes()));
    if !settings.backup.every.is_empty() && settings.database.url.starts_with("postgres") {
        let said = "is for SQLite: PostgreSQL is backed up with pg_dump (docs/backup.md)";
        found.push(("backup", "every", said.to_owned()));
    }
    found.extend(of("egress", settings.egress.mistakes()));
    found.extend(of("webhooks", settings.webhooks.mistakes()));
    found.extend(of("notifications", settings.notifications.mistakes()));
    found.extend(of("ops", settings.ops.mistakes()));
    found.extend(of("traces", settings.traces.mistakes()));
    found.extend(of("google", settings.google.mistakes()));
    found.extend(of("github", settings.github.mistakes()));
    found.extend(of("facebook", settings.facebook.mistakes()));
    found.extend(of("microsoft", settings.microsoft.mistakes()));
    found.extend(of("apple", settings.apple.mistakes()));
    found.extend(of("oidc", settings.oidc.mistakes()));
    let mistake = |section: &str, name: &str, message: String, may_pass: bool| Mistake {
        key: format!("{section}.{name}"),
        origin: key(section, name)
            .and_then(|key| table.get(key))
            .map_or_else(String::new, |(_, origin)| origin.clone()),
        message,
        may_pass,
    };
    let flaw =
        certificate(&settings.server).map(|(name, said)| mistake("server", name, said, true));
    let found = found.into_iter().map(|(section, name, said)| mistake(section, name, said, false));
    found.chain(flaw).collect()
}

fn server(server: &Server, found: &mut Vec<(&str, &str, String)>) {
    let loopback = match (server.host.as_str(), server.host.parse::<IpAddr>()) {
        ("localhost", _) => true,
        (_, Ok(address)) => address.is_loopback(),
        (_, Err(_)) => {
            let said = "must be an IP address (e.g. 127.0.0.1, ::1, 0.0.0.0) or `localhost`";
            found.push(("server", "host", said.to_owned()));
            return;
        }
    };
    if server.data_dir.as_os_str().is_empty() {
        found.push(("server", "data_dir", "must name a directory".to_owned()));
    }
    let url = server.public_url.as_str();
    let authority = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if !url.is_empty()
        && authority.is_none_or(|rest| rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ']))
    {
        let said = "must be an address without a path, e.g. https://sixfold.example";
        found.push(("server", "public_url", said.to_owned()));
    }
    tls(server, found);
    if server.env == Mode::Development && !loopback {
        let said = "`development` is only for this machine: bind to a loopback address \
                    (server.host = \"127.0.0.1\"), or set SIXFOLD_ENV=production";
        found.push(("server", "env", said.to_owned()));
    }
    let own = url.is_empty() && !server.domains.is_empty();
    if server.env == Mode::Production && !own && !url.starts_with("https://") {
        let said = "production needs the https address people use, e.g. https://sixfold.example";
        found.push(("server", "public_url", said.to_owned()));
    }
    if !server.log_level.split(',').all(is_level) {
        let said = "must be error, warn, info, debug or trace, or with commas also part=level";
        found.push(("server", "log_level", said.to_owned()));
    }
}

/// What is wrong with the files of the certificate, so that a start finds no surprise. Whoever
/// renews it may be writing them just now.
fn certificate(server: &Server) -> Option<Flaw> {
    let whole = server.has_files() && !server.tls_key.as_os_str().is_empty();
    let now = Clock::System.now();
    whole.then(|| Certificate::read(&server.tls_cert, &server.tls_key, now).err()).flatten()
}

/// TLS of the server's own.
fn tls(server: &Server, found: &mut Vec<(&str, &str, String)>) {
    let given = |path: &Path| !path.as_os_str().is_empty();
    if given(&server.tls_cert) != given(&server.tls_key) {
        let name = if given(&server.tls_cert) { "tls_key" } else { "tls_cert" };
        let said = "is missing: a certificate and its key belong together";
        found.push(("server", name, said.to_owned()));
    }
    acme(server, found);
    if server.has_tls() && server.public_url.starts_with("http://") {
        let said = "must begin with https://: the server has a certificate";
        found.push(("server", "public_url", said.to_owned()));
    }
    if server.redirect_port != 0 && !server.has_tls() {
        let said = "leads to https, and there is no certificate: set tls_cert and tls_key";
        found.push(("server", "redirect_port", said.to_owned()));
    } else if server.redirect_port != 0 && server.redirect_port == server.port {
        let said = "must be another port than `port`";
        found.push(("server", "redirect_port", said.to_owned()));
    }
}

/// A certificate of the server's own making.
fn acme(server: &Server, found: &mut Vec<(&str, &str, String)>) {
    if server.domains.is_empty() {
        return;
    }
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(letter);
    for domain in &server.domains {
        let address = domain.parse::<IpAddr>().is_ok();
        if address || domain.len() > 253 || !domain.split('.').all(label) {
            let said = format!("`{domain}` is no name of a host; write it like `sixfold.example`");
            found.push(("server", "domains", said));
        }
    }
    let mut wrong = |name, bad: bool, said: &str| {
        if bad {
            found.push(("server", name, said.to_owned()));
        }
    };
    wrong("domains", server.has_files(), "are given besides `tls_cert`: keep one of the two");
    let said = "is missing: the authority asks at port 80 of each domain, which must lead there";
    wrong("redirect_port", server.redirect_port == 0, said);
    let said = "must be true: read the terms of the authority, and say that you agree to them";
    wrong("acme_terms_agreed", !server.acme_terms_agreed, said);
    let https = server.acme_directory.starts_with("https://");
    wrong("acme_directory", !https, "must be an https address");
    let mail = &server.acme_email;
    let plain = mail.is_empty() || (mail.contains('@') && !mail.contains([' ', ',', ':']));
    wrong("acme_email", !plain, "must be an address of mail, or empty");
}

/// `level` or `part::of::it=level`.
fn is_level(directive: &str) -> bool {
    let (part, level) = directive.rsplit_once('=').unwrap_or(("all", directive));
    let word = |letter: char| letter.is_ascii_alphanumeric() || "_:".contains(letter);
    !part.is_empty()
        && part.chars().all(word)
        && ["off", "error", "warn", "info", "debug", "trace"].contains(&level)
}

fn database(url: &str, found: &mut Vec<(&str, &str, String)>) {
    let path = url.strip_prefix("sqlite://");
    let known = path.is_some_and(|path| !path.is_empty())
        || url.starts_with("postgres://")
        || url.starts_with("postgresql://");
    if !url.is_empty() && !known {
        let said = "must be sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE";
        found.push(("database", "url", said.to_owned()));
    }
}

fn keys(settings: &Settings, found: &mut Vec<(&str, &str, String)>) {
    let keys = &settings.keys;
    for (name, value) in [("root", &keys.root), ("signing", &keys.signing)] {
        if let Some(value) = value
            && kernel::Keys::parse(value.reveal()).is_err()
        {
            let said = "must be 64 hexadecimal digits, as `openssl rand -hex 32` prints them";
            found.push(("keys", name, said.to_owned()));
        }
    }
    let missing = match (&keys.root, &keys.signing) {
        (Some(_), None) => Some("signing"),
        (None, Some(_)) => Some("root"),
        _ => None,
    };
    if let Some(name) = missing {
        let said = "is missing: give both keys, or neither to have them in the data directory";
        found.push(("keys", name, said.to_owned()));
    }
}
