use super::*;

fn seen(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
    let ranges: Vec<String> = trusted.iter().map(|one| (*one).to_owned()).collect();
    let mut extensions = Extensions::new();
    extensions.insert(PeerAddr(SocketAddr::new(peer.parse().unwrap(), 4711)));
    let mut headers = HeaderMap::new();
    for line in forwarded {
        headers.append(X_FORWARDED_FOR, http::HeaderValue::from_bytes(line.as_bytes()).unwrap());
    }
    TrustedProxies::new(&ranges).client(&extensions, &headers).unwrap().0.to_string()
}

#[test]
fn a_stranger_cannot_say_where_it_comes_from() {
    assert_eq!(seen(&[], "198.51.100.9", &["203.0.113.7"]), "198.51.100.9");
    assert_eq!(seen(&["10.0.0.0/8"], "198.51.100.9", &["10.0.0.1, 203.0.113.7"]), "198.51.100.9");
    assert_eq!(seen(&["10.0.0.0/8"], "::ffff:198.51.100.9", &["1.2.3.4"]), "198.51.100.9");
}

#[test]
fn behind_trusted_proxies_the_right_most_stranger_counts() {
    let trusted = &["10.0.0.0/8", "2001:db8:ffff::/48", "127.0.0.1"];
    for (peer, forwarded, client) in [
        ("10.0.0.1", vec!["203.0.113.7"], "203.0.113.7"),
        // What the client wrote itself stands further left.
        ("10.0.0.1", vec!["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", vec!["1.1.1.1", "203.0.113.7, 10.9.9.9"], "203.0.113.7"),
        ("10.0.0.1", vec!["127.0.0.1, 203.0.113.7"], "203.0.113.7"),
        ("::ffff:10.0.0.1", vec!["[2001:db8::7]:4711"], "2001:db8::7"),
        ("2001:db8:ffff::1", vec!["203.0.113.7:4711"], "203.0.113.7"),
        ("10.0.0.1", vec![], "10.0.0.1"),
        // Nobody but proxies: the furthest of them.
        ("10.0.0.1", vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    ] {
        assert_eq!(seen(trusted, peer, &forwarded), client, "{peer} {forwarded:?}");
    }
}

#[test]
fn garbage_ends_the_chain() {
    for garbage in ["", ",", "unknown", "203.0.113.7, evil", "0x7f.1", "\u{fffd}", "1.2.3.4.5"] {
        assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &[garbage]), "10.0.0.1", "{garbage}");
    }
    let long = "10.0.0.2, ".repeat(10_000) + "10.0.0.2";
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &[&long]), "10.0.0.2");
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4, ?, 10.0.0.2"]), "10.0.0.2");
}

#[test]
fn limits_count_a_home_network_as_one() {
    let key = |text: &str| ClientAddr(text.parse().unwrap()).limit_key();
    assert_eq!(key("203.0.113.7"), "203.0.113.7");
    assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    assert_eq!(key("2001:db8:1:2::9"), key("2001:db8:1:2:ffff::1"));
    assert_ne!(key("2001:db8:1:2::9"), key("2001:db8:1:3::9"));
}

#[test]
fn a_range_of_mapped_addresses_is_one_of_ipv4() {
    for trusted in ["::ffff:10.0.0.0/104", "::ffff:10.0.0.1"] {
        assert_eq!(seen(&[trusted], "10.0.0.1", &["203.0.113.7"]), "203.0.113.7", "{trusted}");
        assert_eq!(seen(&[trusted], "::ffff:10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(seen(&[trusted], "11.0.0.1", &["203.0.113.7"]), "11.0.0.1");
    }
}

#[test]
fn proxies_and_this_machine_say_which_trace_it_is() {
    let proxies = TrustedProxies::new(&["10.0.0.0/8".to_owned()]);
    let may = |peer: &str| {
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddr(SocketAddr::new(peer.parse().unwrap(), 4711)));
        proxies.may_trace(&extensions)
    };
    for peer in ["10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
    {
        assert!(may(peer), "{peer}");
    }
    for peer in ["203.0.113.7", "192.168.0.1", "2001:db8::1"] {
        assert!(!may(peer), "{peer}");
    }
    assert!(!proxies.may_trace(&Extensions::new()));
}

#[test]
fn only_proxies_say_what_a_request_is_called() {
    let proxies = TrustedProxies::new(&["10.0.0.0/8".to_owned()]);
    let may = |peer: &str| {
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddr(SocketAddr::new(peer.parse().unwrap(), 4711)));
        proxies.may_name(&extensions)
    };
    assert!(may("10.1.2.3") && may("::ffff:10.1.2.3"));
    assert!(!may("127.0.0.1") && !may("203.0.113.7"));
    assert!(!proxies.may_name(&Extensions::new()));
}
