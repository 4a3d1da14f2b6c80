use super::*;

#[test]
fn response_times_are_milliseconds_with_three_decimals() {
    for (micros, text) in [
        (0, "0.000ms"),
        (7, "0.007ms"),
        (999, "0.999ms"),
        (1_234, "1.234ms"),
        (30_000_000, "30000.000ms"),
        (u64::MAX, "4073709551.615ms"),
    ] {
        let shown = response_time(Duration::from_micros(micros));
        if micros == u64::MAX {
            assert!(shown.to_str().unwrap().ends_with("3709551.615ms"));
        } else {
            assert_eq!(shown, text);
        }
    }
}

#[test]
fn a_route_keeps_its_own_policy() {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
    complete(&mut headers, &standing(false));
    assert_eq!(headers[header::CACHE_CONTROL], "public");
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    complete(&mut headers, &standing(true));
    assert!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
}
