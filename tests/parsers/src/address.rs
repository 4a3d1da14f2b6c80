//! Addresses that somebody names: none of this machine's network is ever called, and no browser is
//! sent to a place of others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::Egress;
use url::{Host, Url};

use crate::house::house;

/// Where the house lives.
const HOME: &str = "http://localhost:8080/";

/// A text.
pub fn address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    called(text);
    led(text);
}

/// What is called is on the web, and on everybody's.
fn called(text: &str) {
    let Ok(url) = Url::parse(text) else { return };
    if !Egress::default().admits(&url) {
        return;
    }
    assert!(matches!(url.scheme(), "http" | "https"), "{url} is called");
    assert!(url.username().is_empty() && url.password().is_none(), "{url} has credentials");
    assert!(url.port().is_none_or(|port| port == 80 || port == 443), "{url} is called");
    match url.host().expect("a host") {
        Host::Ipv4(address) => assert!(!is_inside(address.into()), "{url} is called"),
        Host::Ipv6(address) => assert!(!is_inside(address.into()), "{url} is called"),
        // Looked up, and looked at again then: an address is no name.
        Host::Domain(name) => assert!(name.parse::<IpAddr>().is_err(), "{url} is called"),
    }
}

/// By what the standard library says of addresses, not by our list.
fn is_inside(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_inside_v4(v4),
        IpAddr::V6(v6) => is_inside_v6(v6),
    }
}

fn is_inside_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || (a == 100 && b & 0xc0 == 64)
}

fn is_inside_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let [.., a, b, c, d] = address.octets();
    let carries = (first, second) == (0x64, 0xff9b) && is_inside_v4(Ipv4Addr::new(a, b, c, d));
    carries
        || address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        // Another address inside: 6to4.
        || first == 0x2002
}

/// Where a browser is led after signing in is at home, as browsers read addresses.
fn led(text: &str) {
    if !identity::parsers::is_callback(&house().identity, text) {
        return;
    }
    let home = Url::parse(HOME).expect("an address");
    let url = home.join(text);
    // What is no address leads nowhere.
    assert!(url.is_err() || url == Ok(home.clone()) || is_home(url.ok(), &home), "{text:?}");
}

fn is_home(url: Option<Url>, home: &Url) -> bool {
    url.is_some_and(|url| url.origin() == home.origin())
}
