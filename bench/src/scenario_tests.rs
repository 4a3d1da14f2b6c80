use std::collections::HashSet;

use super::{Form, decimal, gap, pair, thing_fields, visitor};

#[test]
fn gaps_are_found_and_filled() {
    let mut form = Form::new(format!("a{}b{}", gap(3), gap(2)).into_bytes());
    assert_eq!(form.gaps, [1..4, 5..7]);
    form.fill(0, b"xyz");
    form.fill(1, b"12");
    assert_eq!(form.bytes, b"axyzb12");
}

#[test]
fn every_pair_is_met_once() {
    let pairs: HashSet<_> = (0..20 * 19).map(|number| pair(number, 20)).collect();
    assert_eq!(pairs.len(), 20 * 19);
    assert!(pairs.iter().all(|(from, to)| from != to));
}

#[test]
fn visitors_are_many_and_on_this_machine() {
    let visitors: HashSet<_> = (0..100_000).map(visitor).collect();
    assert_eq!(visitors.len(), 100_000);
    assert!(visitors.iter().all(|address| address.is_loopback() && address.octets()[3] > 0));
}

#[test]
fn numbers_have_a_fixed_width() {
    assert_eq!(&decimal(0), b"0000000000000000");
    assert_eq!(&decimal(1234), b"0000000000001234");
}

#[test]
fn a_thing_is_json() -> anyhow::Result<()> {
    let value: serde_json::Value = serde_json::from_str(&format!("{{{}}}", thing_fields("7")))?;
    assert_eq!(value["name"], "Measured post 7");
    Ok(())
}
