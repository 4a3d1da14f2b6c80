use super::*;

fn wrong(settings: &Settings) -> Vec<&'static str> {
    settings.mistakes().into_iter().map(|(key, _)| key).collect()
}

#[test]
fn nothing_said_is_right_and_makes_no_backups() {
    let settings = Settings::default();
    assert!(wrong(&settings).is_empty());
    assert!(settings.place().expect("it can be told").is_none());
}

#[test]
fn a_place_needs_one_answer_to_who_may_read() {
    let at = |change: fn(&mut Settings)| {
        let mut settings = Settings { to: "/backup".to_owned(), ..Settings::default() };
        change(&mut settings);
        wrong(&settings)
    };
    let phrase = || Some(Secret::new("correct horse battery".to_owned()));
    assert_eq!(at(|_| ()), ["recipients"]);
    assert!(at(|own| own.unencrypted = true).is_empty());
    assert!(at(|own| own.passphrase = Some(Secret::new("correct horse".to_owned()))).is_empty());
    assert_eq!(at(|own| own.passphrase = Some(Secret::new("short".to_owned()))), ["passphrase"]);
    assert_eq!(at(|own| own.recipients = vec!["age1x".to_owned()]), ["recipients"]);
    let mut both = Settings { to: "/backup".to_owned(), unencrypted: true, ..Settings::default() };
    both.passphrase = phrase();
    assert_eq!(wrong(&both), ["recipients"]);
    assert_eq!(
        at(|own| {
            own.unencrypted = true;
            own.include_keys = true;
        }),
        ["include_keys"]
    );
}

#[test]
fn a_schedule_needs_a_place_and_an_expression() {
    let every = |text: &str, to: &str| {
        let (every, to) = (text.to_owned(), to.to_owned());
        wrong(&Settings { every, to, unencrypted: true, ..Settings::default() })
    };
    assert!(every("15 3 * * *", "/backup").is_empty());
    assert_eq!(every("15 3 * * *", ""), ["every"]);
    for none in ["daily", "15 3 * *", "15 3 * * * *", "61 3 * * *", "0 0 31 2 *"] {
        assert_eq!(every(none, "/backup"), ["every"], "{none}");
    }
}

#[test]
fn a_bucket_needs_to_know_who_asks() {
    let to = "s3://bucket/prefix".to_owned();
    let mut settings = Settings { to, unencrypted: true, ..Settings::default() };
    assert_eq!(wrong(&settings), ["s3_access_key"]);
    settings.s3_access_key = Some(Secret::new("id".to_owned()));
    settings.s3_secret_key = Some(Secret::new("secret".to_owned()));
    assert!(wrong(&settings).is_empty(), "{:?}", settings.mistakes());
    settings.to = "ftp://host".to_owned();
    assert_eq!(wrong(&settings), ["to"]);
}

#[test]
fn what_is_wrong_with_a_bucket_is_said_of_what_it_is() {
    let secret = |text: &str| Some(Secret::new(text.to_owned()));
    let with = |change: fn(&mut Settings)| {
        let mut settings = Settings {
            to: "s3://bucket/prefix".to_owned(),
            unencrypted: true,
            s3_access_key: secret("id"),
            s3_secret_key: secret("secret"),
            ..Settings::default()
        };
        change(&mut settings);
        wrong(&settings)
    };
    assert!(with(|_| ()).is_empty());
    assert_eq!(with(|own| own.to = "s3://".to_owned()), ["to"]);
    assert_eq!(with(|own| own.s3_timeout_s = 601), ["s3_timeout_s"]);
    for safe in
        ["https://s3.example.com", "http://127.0.0.1:9000", "http://[::1]:1", "http://localhost"]
    {
        let settings = Settings { s3_endpoint: safe.to_owned(), ..Settings::default() };
        assert!(wrong(&settings).is_empty(), "{safe}");
    }
    for unsafe_one in ["http://s3.example.com", "http://10.0.0.1:9000", "s3.example.com", "ftp://x"]
    {
        let settings = Settings { s3_endpoint: unsafe_one.to_owned(), ..Settings::default() };
        assert_eq!(wrong(&settings), ["s3_endpoint"], "{unsafe_one}");
    }
}
