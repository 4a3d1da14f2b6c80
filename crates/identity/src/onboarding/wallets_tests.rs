use super::*;

fn codes(address: &str) -> Vec<String> {
    let mut checks = Checks::new();
    check(&mut checks, address);
    let error = checks.done().err();
    error.map_or_else(Vec::new, |error| {
        error.field_errors().iter().map(|one| one.code.to_string()).collect()
    })
}

#[test]
fn the_examples_of_the_standard_are_taken_and_nothing_near_them() {
    for good in [
        // All capital, all small, mixed: as EIP-55 lists them.
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ] {
        assert!(codes(good).is_empty(), "{good}");
        assert!(codes(&good.to_lowercase()).is_empty(), "{good}");
        let capital = format!("0x{}", good[2..].to_uppercase());
        assert!(codes(&capital).is_empty(), "{capital}");
    }
    let sound = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    for at in 2..sound.len() {
        let digit = &sound[at..=at];
        let turned =
            if digit.to_uppercase() == digit { digit.to_lowercase() } else { digit.to_uppercase() };
        if turned != digit {
            let mut wrong = sound.to_owned();
            wrong.replace_range(at..=at, &turned);
            assert_eq!(codes(&wrong), ["wrong_checksum"], "{wrong}");
        }
    }
    for wrong in ["", "0x", &sound[2..], &sound[..41], "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"]
    {
        assert_eq!(codes(wrong), ["invalid_address"], "{wrong}");
    }
}
