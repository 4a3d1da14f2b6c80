use super::*;

#[test]
fn only_what_the_whole_internet_reaches_is_public() {
    for public in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
        "3ffe::1",
    ] {
        assert!(is_public(public.parse().expect(public)), "{public}");
    }
    for inside in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(inside.parse().expect(inside)), "{inside}");
    }
}

fn guard(allowed: &[&str]) -> Guard {
    let allow_private = allowed.iter().map(|one| (*one).to_owned()).collect();
    let settings = Settings { allow_private };
    assert!(settings.mistakes().is_empty(), "{:?}", settings.mistakes());
    Guard::new(&settings)
}

fn admits(guard: &Guard, url: &str) -> bool {
    guard.admit(&Url::parse(url).expect(url))
}

#[test]
fn an_address_in_a_url_is_checked_however_it_is_written() {
    let guard = guard(&[]);
    for good in [
        "http://example.com",
        "https://example.com/a?b#c",
        "http://example.com:80/",
        "http://example.com:443/",
        "https://example.com:80/",
        "https://1.1.1.1/",
        "http://[2606:4700:4700::1111]/",
    ] {
        assert!(admits(&guard, good), "{good}");
    }
    for bad in [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "data:text/html,x",
        "javascript:1",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://:secret@example.com/",
        "http://example.com:22/",
        "http://example.com:8080/",
        "https://1.1.1.1:8443/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1]/",
        "http://１２７.０.０.１/",
    ] {
        assert!(!admits(&guard, bad), "{bad}");
    }
}

#[test]
fn the_operator_may_open_a_part_of_the_network() {
    let guard = guard(&["127.0.0.0/8", "Intranet.Example", "fd00::/8"]);
    for good in [
        "http://127.0.0.1:8081/",
        "http://intranet.example:8080/",
        "http://INTRANET.example./",
        "http://[fd00::1]:3000/",
    ] {
        assert!(admits(&guard, good), "{good}");
    }
    for bad in ["http://10.0.0.1/", "http://other.example:8080/", "http://[::1]/"] {
        assert!(!admits(&guard, bad), "{bad}");
    }
}

/// What a name leads to, port 0.
fn found(addresses: &[&str]) -> Vec<SocketAddr> {
    addresses.iter().map(|one| SocketAddr::new(one.parse().expect(one), 0)).collect()
}

#[test]
fn a_name_with_one_address_inside_is_refused_as_a_whole() {
    let closed = guard(&[]);
    let public = found(&["1.1.1.1", "2606:4700:4700::1111"]);
    assert_eq!(closed.check("example.com", public.clone()).expect("public"), public);
    for some in [&["1.1.1.1", "127.0.0.1"][..], &["::1"], &["10.0.0.1", "10.0.0.2"], &[]] {
        assert!(closed.check("example.com", found(some)).is_err(), "{some:?}");
    }
    let open = guard(&["10.0.0.0/8", "intranet.example"]);
    assert!(open.check("example.com", found(&["10.0.0.1", "1.1.1.1"])).is_ok());
    assert!(open.check("intranet.example", found(&["192.168.0.1"])).is_ok());
    assert!(open.check("example.com", found(&["192.168.0.1"])).is_err());
}

#[tokio::test]
async fn the_resolver_hands_out_no_address_of_this_machine() {
    let name = || "localhost".parse::<Name>().expect("a name");
    let lookups = Lookups::new(1);
    let resolver = |allowed: &[&str]| {
        let (guard, lookups) = (guard(allowed), lookups.clone());
        GuardedResolver { guard, lookups }.resolve(name())
    };
    assert!(resolver(&[]).await.is_err());
    let open = resolver(&["localhost"]).await;
    assert!(open.expect("allowed").all(|address| address.ip().is_loopback()));
    // With no place free nobody looks; with one they do.
    let taken = lookups.place(None).await.expect("both have given it back");
    let waiting = tokio::spawn(resolver(&["localhost"]));
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(taken);
    assert!(waiting.await.expect("no panic").is_ok());
}

#[test]
fn settings_that_say_nothing_are_told() {
    for wrong in ["10.0.0.0/33", "", "http://example.com", "a b"] {
        let settings = Settings { allow_private: vec![wrong.to_owned()] };
        assert_eq!(settings.mistakes().len(), 1, "{wrong}");
    }
}
