//! Cursors: what was sealed opens, and nothing else ever does.

use web::CursorKey;

/// Two bytes say where to change what; the rest is a list's name, a line end, and a payload or a
/// whole cursor.
pub fn cursor(data: &[u8]) {
    let [at, letter, rest @ ..] = data else { return };
    let cut = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (scope, payload) = (&rest[..cut], rest.get(cut + 1..).unwrap_or_default());
    let scope = String::from_utf8_lossy(scope);
    let key = CursorKey::new(&[7; 32]);

    // Whoever does not have the key makes none. This one never seals anything: a fuzzer sees what is
    // compared, and would hand in again what it has seen.
    let nobodys = CursorKey::new(&[9; 32]);
    if let Ok(text) = std::str::from_utf8(payload) {
        assert!(nobodys.open(&scope, text).is_err(), "a stranger's cursor opens: {text:?}");
    }
    // Longer ones are never made.
    let payload = &payload[..payload.len().min(4_000)];
    let sealed = key.seal(&scope, payload);
    assert_eq!(key.open(&scope, &sealed).expect("it opens"), payload);
    assert!(key.open(&format!("{scope}x"), &sealed).is_err(), "it opens for another list");
    assert!(CursorKey::new(&[8; 32]).open(&scope, &sealed).is_err(), "another key opens it");

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut changed = sealed.clone().into_bytes();
    let place = usize::from(*at) % changed.len();
    changed[place] = ALPHABET[usize::from(*letter) % 64];
    let changed = String::from_utf8(changed).expect("it is ASCII");
    assert!(changed == sealed || key.open(&scope, &changed).is_err(), "{changed:?} opens");
    assert!(key.open(&scope, &sealed[..place]).is_err(), "a part of it opens");
}
