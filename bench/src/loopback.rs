//! This tool loads only the machine it runs on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail};

/// The address behind `http://127.0.0.1:8080`; anything that is not this machine is refused.
pub(crate) fn parse_url(url: &str) -> Result<SocketAddr> {
    let rest = url.strip_prefix("http://").context("--url must begin with http://")?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#', '@']) {
        bail!("--url is only scheme, host and port, e.g. http://127.0.0.1:8080");
    }
    let (host, port) = split_port(authority, 80)?;
    Ok(SocketAddr::new(loopback(host)?, port))
}

/// The same URL of a PostgreSQL server, with another database when one is named; refuses a server
/// that is not this machine.
pub(crate) fn postgres_url(url: &str, database: Option<&str>) -> Result<String> {
    let rest = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"))
        .context("--postgres must begin with postgres://")?;
    // A query could name another host, so there is none.
    if rest.contains(['?', '#']) {
        bail!(
            "--postgres takes no parameters, only postgres://user:password@127.0.0.1:port/database"
        );
    }
    let (authority, own) = rest.split_once('/').unwrap_or((rest, "postgres"));
    let database = database.unwrap_or(own);
    let (user, host) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let (host, port) = split_port(host, 5432)?;
    let address = SocketAddr::new(loopback(host)?, port);
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    Ok(format!("postgres://{user}{address}/{database}"))
}

fn split_port(authority: &str, default: u16) -> Result<(&str, u16)> {
    match authority.rsplit_once(':') {
        // The last colon of a bare `[::1]` is no port's.
        Some((host, port)) if !port.ends_with(']') => {
            Ok((host, port.parse().with_context(|| format!("{port:?} is not a port"))?))
        }
        _ => Ok((authority, default)),
    }
}

fn loopback(host: &str) -> Result<IpAddr> {
    if host == "localhost" {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => Ok(address),
        _ => {
            bail!("{host:?} is not a loopback address; this tool only loads the machine it runs on")
        }
    }
}

#[cfg(test)]
#[path = "loopback_tests.rs"]
mod tests;
