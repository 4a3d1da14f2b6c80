use http::Request;

use super::slim;

#[test]
fn of_a_request_only_what_a_connection_needs_is_kept() {
    let request = Request::get("/socket.io/?EIO=4&transport=websocket")
        .header("host", "here")
        .header("user-agent", "a long story")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", "key")
        .header("sec-websocket-extensions", "permessage-deflate")
        .header("x-forwarded-for", "10.0.0.1")
        .extension(7_u8)
        .body(());
    let kept = slim(request.expect("a request"));
    assert_eq!(kept.uri(), "/socket.io/?EIO=4&transport=websocket");
    assert_eq!(kept.extensions().get::<u8>(), Some(&7));
    let mut headers: Vec<_> = kept
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    headers.sort();
    assert_eq!(
        headers,
        [
            "connection: Upgrade",
            "cookie: a=1",
            "cookie: b=2",
            "host: here",
            "sec-websocket-key: key",
            "upgrade: websocket",
        ]
    );
}
