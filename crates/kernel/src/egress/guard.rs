//! Which addresses somebody else may send us to.
//!
//! What is allowed is what the whole internet reaches; everything else — this machine, its
//! network, addresses that stand for others — is not, however it is written. The addresses of a
//! name are checked where they are found: the connection is made to those and no others, so a
//! name that answers differently the second time gains nothing. An IP address in a URL never meets
//! a resolver, so [`Guard::admit`] looks at it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::Deserialize;
use url::{Host, Url};

use super::lookups::{self, Lookups};
use crate::AddressRange;

/// Settings of requests to addresses that users name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Addresses, ranges and host names of this network that users may send the server to, at any
    /// port.
    pub allow_private: Vec<String>,
}

impl Settings {
    /// Every mistake as (key, sentence), so that boot can report them together.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let wrong = self.allow_private.iter().filter(|text| Allowed::read(text).is_none());
        wrong
            .map(|text| {
                let said = format!(
                    "`{text}` is not an address, a range or a host name; write it like \
                     `10.1.0.0/16` or `intranet.example`"
                );
                ("allow_private", said)
            })
            .collect()
    }
}

/// IPv4 that is not everybody's (IANA's registry of special-purpose addresses).
const SPECIAL_V4: [AddressRange; 15] = [
    AddressRange::v4(0, 0, 0, 8),       // this network
    AddressRange::v4(10, 0, 0, 8),      // private
    AddressRange::v4(100, 64, 0, 10),   // behind a carrier's NAT
    AddressRange::v4(127, 0, 0, 8),     // this machine
    AddressRange::v4(169, 254, 0, 16),  // link-local; clouds keep their secrets there
    AddressRange::v4(172, 16, 0, 12),   // private
    AddressRange::v4(192, 0, 0, 24),    // protocol assignments
    AddressRange::v4(192, 0, 2, 24),    // documentation
    AddressRange::v4(192, 88, 99, 24),  // relays of 6to4
    AddressRange::v4(192, 168, 0, 16),  // private
    AddressRange::v4(198, 18, 0, 15),   // benchmarking
    AddressRange::v4(198, 51, 100, 24), // documentation
    AddressRange::v4(203, 0, 113, 24),  // documentation
    AddressRange::v4(224, 0, 0, 4),     // multicast
    AddressRange::v4(240, 0, 0, 4),     // reserved, and broadcast
];

/// Of IPv6, only this is handed out to the internet …
const GLOBAL_V6: AddressRange = AddressRange::v6(0x2000, 0, 3);
/// … but for these.
const SPECIAL_V6: [AddressRange; 4] = [
    AddressRange::v6(0x2001, 0, 23), // protocol assignments: Teredo, benchmarking, ORCHID
    AddressRange::v6(0x2001, 0x0db8, 32), // documentation
    AddressRange::v6(0x2002, 0, 16), // 6to4: an IPv4 address inside
    AddressRange::v6(0x3fff, 0, 20), // documentation
];
/// NAT64: how a network without IPv4 writes the IPv4 addresses of others.
const NAT64: AddressRange = AddressRange::v6(0x0064, 0xff9b, 96);

/// Whether the whole internet reaches an address.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(_) => !SPECIAL_V4.iter().any(|range| range.contains(address)),
        IpAddr::V6(v6) if NAT64.contains(address) => is_public(IpAddr::V4(last_four(v6))),
        IpAddr::V6(_) => {
            GLOBAL_V6.contains(address) && !SPECIAL_V6.iter().any(|range| range.contains(address))
        }
    }
}

fn last_four(address: Ipv6Addr) -> std::net::Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    std::net::Ipv4Addr::new(a, b, c, d)
}

/// What the operator allows beyond that.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed {
    Range(AddressRange),
    Name(String),
}

impl Allowed {
    fn read(text: &str) -> Option<Self> {
        if let Ok(range) = text.parse() {
            return Some(Self::Range(range));
        }
        let Ok(Host::Domain(name)) = Host::parse(text) else { return None };
        Some(Self::Name(name.trim_end_matches('.').to_owned()))
    }
}

/// Decides about URLs and addresses. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard(Arc<[Allowed]>);

impl Guard {
    pub(super) fn new(settings: &Settings) -> Self {
        Self(settings.allow_private.iter().filter_map(|text| Allowed::read(text)).collect())
    }

    /// Whether a URL may be asked for, as far as it shows: http or https, no credentials, a usual
    /// port, and no IP address that is refused.
    pub(super) fn admit(&self, url: &Url) -> bool {
        let plain = url.username().is_empty() && url.password().is_none();
        let usual_port = url.port().is_none_or(|port| matches!(port, 80 | 443));
        let host = match url.host() {
            Some(Host::Domain(name)) => usual_port || self.allows_name(name),
            Some(Host::Ipv4(address)) => self.admits_address(IpAddr::V4(address), usual_port),
            Some(Host::Ipv6(address)) => self.admits_address(IpAddr::V6(address), usual_port),
            None => false,
        };
        matches!(url.scheme(), "http" | "https") && plain && host
    }

    fn admits_address(&self, address: IpAddr, usual_port: bool) -> bool {
        self.allows_address(address) || (usual_port && is_public(address))
    }

    fn allows_name(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.');
        self.0.iter().any(|one| matches!(one, Allowed::Name(known) if known == name))
    }

    fn allows_address(&self, address: IpAddr) -> bool {
        self.0.iter().any(|one| matches!(one, Allowed::Range(range) if range.contains(address)))
    }

    /// The addresses found for a name — if each of them may be called: a name with one foot inside
    /// is not followed to the other.
    fn check(&self, name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let allowed = |address: IpAddr| is_public(address) || self.allows_address(address);
        let all = self.allows_name(name) || found.iter().all(|one| allowed(one.ip()));
        if all && !found.is_empty() { Ok(found) } else { Err(Refused) }
    }
}

/// Looks names up as the machine does, and hands out only checked addresses.
pub(super) struct GuardedResolver {
    pub(super) guard: Guard,
    /// The places for it.
    pub(super) lookups: Lookups,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, lookups) = (self.guard.clone(), self.lookups.clone());
        let of = lookups::called_for();
        Box::pin(async move {
            // Waited for within the time that the call has.
            let place = lookups.place(of).await?;
            let asked = name.as_str().to_owned();
            // In a task: the thread goes on when the call is given up, and so long it has its
            // place.
            let look_up = tokio::spawn(async move {
                let found = tokio::net::lookup_host((asked.as_str(), 0)).await.map(Vec::from_iter);
                drop(place);
                found
            });
            let checked = guard.check(name.as_str(), look_up.await??)?;
            Ok(Box::new(checked.into_iter()) as Addrs)
        })
    }
}

/// An address of a name is not for everybody.
#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("the address is not a public one")
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
