use super::*;

fn sent(lines: &[&str]) -> HeaderMap {
    lines.iter().map(|line| (header::COOKIE, HeaderValue::from_str(line).unwrap())).collect()
}

#[test]
fn ours_is_found_among_others() {
    let read_all = |lines: &[&str]| Cookie::Session.read(&sent(lines), false).map(str::to_owned);
    assert_eq!(read_all(&["sixfold_session=a"]).as_deref(), Some("a"));
    assert_eq!(read_all(&["x=1; sixfold_session=b; y=2"]).as_deref(), Some("b"));
    assert_eq!(read_all(&["x=1", "sixfold_session=\"c\""]).as_deref(), Some("c"));
    assert_eq!(read_all(&["sixfold_session=a=b"]).as_deref(), Some("a=b"));
    assert_eq!(read_all(&["my_sixfold_session=a", "sixfold_sessions=b", "sixfold_session"]), None);
    assert_eq!(read_all(&[]), None);
    // Behind https only the guarded name counts.
    assert_eq!(Cookie::Session.read(&sent(&["sixfold_session=a"]), true), None);
    assert_eq!(Cookie::Session.read(&sent(&["__Host-sixfold=a"]), true), Some("a"));
}

#[test]
fn it_is_written_with_everything_that_guards_it() {
    let token = Secret::new("ses_x".to_owned());
    assert_eq!(
        Cookie::Session.set(true, &token, Some(2_592_000)).unwrap(),
        "__Host-sixfold=ses_x; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax; Secure"
    );
    assert_eq!(
        Cookie::Session.set(false, &token, None).unwrap(),
        "sixfold_session=ses_x; Path=/; HttpOnly; SameSite=Lax"
    );
    assert_eq!(
        Cookie::Session.clear(false).unwrap(),
        "sixfold_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
    );
}
