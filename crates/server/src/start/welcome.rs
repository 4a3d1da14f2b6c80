//! What a person who started the server is told.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::absolute;
use std::time::Duration;

use super::opening::database_settings;
use crate::config::Settings;

/// Prints where everything is; with a token also how to become the first platform owner.
pub(super) fn print(
    settings: &Settings,
    address: SocketAddr,
    url: &str,
    setup_token: Option<String>,
    took: Duration,
) {
    let server = &settings.server;
    let data = absolute(&server.data_dir).unwrap_or_else(|_| server.data_dir.clone());
    let mut text = format!(
        "Sixfold {version} ({env})\n\
         \x20 Data      {data}\n\
         \x20 Database  {database}\n\
         \x20 Docs      {url}/docs\n",
        version = env!("CARGO_PKG_VERSION"),
        env = server.env.name(),
        data = data.display(),
        database = without_password(&database_settings(settings).url),
    );
    if let Some(token) = setup_token {
        text.push_str(&format!("First platform owner: {url}/setup#token={token}\n"));
    }
    // The last line: whoever waits for it has everything.
    let scheme = if server.has_tls() { "https" } else { "http" };
    let took = took.as_millis();
    text.push_str(&format!("Listening on {scheme}://{address} (ready in {took} ms)\n"));
    // Nobody may be reading; that is no reason to stop.
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The address of a database as it may be shown: without its password.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    if scheme == "sqlite" {
        return url.to_owned();
    }
    // Parameters may hold a password too, and nobody needs to see the others.
    let (place, hidden) = rest.split_once('?').map_or((rest, ""), |(place, _)| (place, "?…"));
    let place = match place.rsplit_once('@') {
        Some((who, place)) => match who.split_once(':') {
            Some((user, _)) => format!("{user}:***@{place}"),
            None => format!("{who}@{place}"),
        },
        None => place.to_owned(),
    };
    format!("{scheme}://{place}{hidden}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("sqlite:///data/sixfold.db", "sqlite:///data/sixfold.db"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("postgres://u:p@h:5432/d", "postgres://u:***@h:5432/d"),
            ("postgres://u:p@ss:w@h/d", "postgres://u:***@h/d"),
            ("postgresql://h/d?user=u&password=p", "postgresql://h/d?…"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
