use super::*;

fn range(text: &str) -> Option<AddressRange> {
    text.parse().ok()
}

#[test]
fn ranges_are_addresses_with_a_length_that_fits() {
    for good in ["10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fd00::/8", "::/0"] {
        assert!(range(good).is_some(), "{good}");
    }
    assert!(range("::ffff:0:0/90").is_none(), "half of it is IPv4, and would never match");
    for bad in ["", "proxy", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1"] {
        assert!(range(bad).is_none(), "{bad}");
    }
}

#[test]
fn an_address_is_in_the_ranges_with_its_first_bits() {
    for (text, inside, outside) in [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
        ("10.0.0.0/8", "::ffff:10.0.0.1", "::10.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3"),
        ("0.0.0.0/0", "255.255.255.255", "::1"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("::/0", "ff02::1", "1.2.3.4"),
    ] {
        let range = range(text).expect(text);
        assert!(range.contains(inside.parse().expect(inside)), "{text} {inside}");
        assert!(!range.contains(outside.parse().expect(outside)), "{text} {outside}");
    }
}
