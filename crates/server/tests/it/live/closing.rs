//! What a WebSocket hears when the server stops, frame by frame.

use super::scene;
use super::socket::{CLOSE, Socket};
use crate::stage::alone_on_both;

/// The last words are written before the process ends: that the server goes away, and not who else
/// leaves with it.
#[tokio::test]
async fn a_server_that_stops_says_that_it_goes_away_and_nothing_else() {
    alone_on_both(async |mut stage| {
        let scene = scene(&stage).await;
        let join = format!(r#"420["join_room",{{"room":{}}}]"#, scene["room"]);
        let (url, alice, bob) = (stage.server.url().to_owned(), stage.alice(), stage.bob());
        let mut sockets = [&alice, &bob, &alice].map(|person| Socket::open(&url, person));
        for socket in &mut sockets {
            socket.say(&join);
            socket.hear("430");
        }
        assert!(stage.server.stop().success());
        for mut socket in sockets {
            let mut told = Vec::new();
            let close = loop {
                match socket.next() {
                    (CLOSE, reason) => break reason,
                    (_, packet) => told.push(String::from_utf8_lossy(&packet).into_owned()),
                }
            };
            assert_eq!(close, 1001_u16.to_be_bytes());
            assert_eq!(told.last().map(String::as_str), Some("1"));
            assert!(!told.iter().any(|packet| packet.contains("user_left")), "{told:?}");
        }
    })
    .await;
}
