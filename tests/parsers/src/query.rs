//! Queries of addresses: read as what they are, or refused by the name of the parameter.

use axum::extract::FromRequestParts as _;
use http::Request;
use serde::Deserialize;
use types::{Error, ThingId, Time};
use url::form_urlencoded;
use web::{Paged, Params};

use crate::house::house;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    text: Option<String>,
    number: Option<i32>,
    small: Option<u8>,
    share: Option<f64>,
    flag: bool,
    time: Option<Time>,
    thing: Option<ThingId>,
    word: Option<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    One,
    Two,
}

const NAMES: [&str; 8] = ["text", "number", "small", "share", "flag", "time", "thing", "word"];

/// What stands behind the question mark.
pub fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // What is no address is never read.
    let Ok(request) = Request::builder().uri(format!("/?{text}")).body(()) else { return };
    let (mut parts, ()) = request.into_parts();
    let sent = parts.uri.query().unwrap_or_default().to_owned();
    let sent: Vec<_> = form_urlencoded::parse(sent.as_bytes()).into_owned().collect();
    let house = house();
    match house.run(Params::<Given>::from_request_parts(&mut parts, &())) {
        Ok(Params(given)) => {
            read(&given, &sent);
            let paged = house.run(Paged::<Given>::from_request_parts(&mut parts, &()));
            assert!(paged.is_ok(), "{text:?} is none of a list");
        }
        Err(failure) => refused(failure.error()),
    }
    match house.run(Paged::<Given>::from_request_parts(&mut parts, &())) {
        Ok(paged) => assert!((1..=200).contains(&paged.limit.rows()), "{text:?}"),
        Err(failure) => refused(failure.error()),
    }
}

fn read(given: &Given, sent: &[(String, String)]) {
    for (at, (name, value)) in sent.iter().enumerate() {
        assert!(NAMES.contains(&&**name), "{name:?} is not known and was read");
        assert!(sent[..at].iter().all(|(other, _)| other != name), "{name:?} is there twice");
        assert!(!value.contains('\0'), "{name:?} has a NUL");
    }
    let text = sent.iter().find(|(name, _)| name == "text").map(|(_, value)| value);
    assert_eq!(given.text.as_ref(), text, "{sent:?}");
}

fn refused(error: &Error) {
    assert_eq!(error.kind().status(), 422, "{error:?}");
    assert!(!error.code().is_empty() && !error.message().is_empty(), "{error:?}");
}
