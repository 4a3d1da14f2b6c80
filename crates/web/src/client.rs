//! Where a request comes from: the socket's other end, unless that is a proxy of ours, which then
//! says so itself.
//!
//! Only `X-Forwarded-For` is read, from the right, as long as each address further on is one of a
//! trusted proxy; whoever is not trusted cannot speak for anybody. What is no address ends it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName};
use kernel::AddressRange;

use crate::listen::PeerAddr;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Hops looked at: no real chain is longer.
const HOPS: usize = 32;

/// The address of whoever calls, in every request's extensions and as an extractor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

impl ClientAddr {
    /// What limits count by: an IPv4 address, or the /64 of an IPv6 one, since whoever has one
    /// address of it has them all.
    #[must_use]
    pub fn limit_key(&self) -> String {
        match self.network() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(network) => format!("{network}/64"),
        }
    }

    /// The same without its text: the address, or the first one of the /64.
    pub(crate) fn network(&self) -> IpAddr {
        match self.0 {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(masked(address, 64)),
        }
    }
}

/// The extractor: none where the server does not listen on a socket, as in tests.
impl<S: Send + Sync> FromRequestParts<S> for ClientAddr {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let found = parts.extensions.get::<Self>().copied();
        Ok(found.unwrap_or(Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED))))
    }
}

/// The proxies that may say where a request comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(Vec<AddressRange>);

impl TrustedProxies {
    /// Addresses and ranges (`10.0.0.0/8`); what is neither is left out, and told by
    /// [`crate::Settings::mistakes`].
    pub(crate) fn new(ranges: &[String]) -> Self {
        Self(ranges.iter().filter_map(|text| text.parse().ok()).collect())
    }

    /// Who calls; nothing when the peer is unknown.
    pub(crate) fn client(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Option<ClientAddr> {
        let peer = extensions.get::<PeerAddr>()?.0.ip().to_canonical();
        if self.0.is_empty() || !self.trusts(peer) {
            return Some(ClientAddr(peer));
        }
        let mut client = peer;
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
        for hop in hops.take(HOPS) {
            let Some(address) = hop_address(hop.trim()) else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        Some(ClientAddr(client))
    }

    /// Whether the socket's other end may say which trace a request belongs to: one of the proxies, or
    /// a program of this machine. Others would decide what is recorded here.
    pub(crate) fn may_trace(&self, extensions: &Extensions) -> bool {
        extensions.get::<PeerAddr>().is_some_and(|peer| {
            let address = peer.0.ip().to_canonical();
            address.is_loopback() || self.trusts(address)
        })
    }

    /// Whether the socket's other end may say what a request is called: one of the proxies. The name goes
    /// into the log and the sealed log, where others could write what they like.
    pub(crate) fn may_name(&self, extensions: &Extensions) -> bool {
        let peer = extensions.get::<PeerAddr>();
        peer.is_some_and(|peer| self.trusts(peer.0.ip().to_canonical()))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(address))
    }
}

/// Where a request comes from, for `tests/parsers`: sent by `peer`, with these headers.
#[doc(hidden)]
#[must_use]
pub fn client_of(trusted: &[String], peer: SocketAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let mut extensions = Extensions::new();
    extensions.insert(PeerAddr(peer));
    TrustedProxies::new(trusted).client(&extensions, headers).map(|client| client.0)
}

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::7` or `[2001:db8::7]:4711`.
fn hop_address(text: &str) -> Option<IpAddr> {
    let plain = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = plain.parse::<IpAddr>().ok();
    address
        .or_else(|| text.parse::<SocketAddr>().ok().map(|one| one.ip()))
        .map(|a| a.to_canonical())
}

fn masked(address: Ipv6Addr, bits: u8) -> Ipv6Addr {
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    Ipv6Addr::from_bits(address.to_bits() & mask)
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
