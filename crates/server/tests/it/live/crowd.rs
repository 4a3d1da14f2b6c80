//! Many say something in one room at the same time: all of it is stored, and for most of it nobody has
//! to try again.

use super::scene;
use crate::clients::Client;
use crate::stage::alone_on_both;

/// Messages that `crowd.mjs` sends.
const SENT: usize = 400;

/// Lets it happen in a room after which so many things were made; how often PostgreSQL was asked
/// again meanwhile.
async fn crowd(client: &Client, things: &str, judge: impl Fn(usize)) {
    alone_on_both(async |mut stage| {
        stage.server.stop();
        stage.server.set("SIXFOLD_LIVE_MESSAGES_PER_MINUTE", "0");
        stage.server.set("SIXFOLD_SERVER_LOG_LEVEL", "info,database=debug");
        stage.server.run();
        let stage = stage.moved();
        let scene = scene(&stage).await.to_string();
        let variables = [("SIXFOLD_SCENE", scene.as_str()), ("SIXFOLD_THINGS", things)];
        let again = || stage.server.told().matches("lost a race and is run again").count();
        let before = again();
        client.run("crowd.mjs", &stage.server, &variables);
        judge(again() - before);
    })
    .await;
}

#[tokio::test]
async fn a_crowd_in_one_room_stays_out_of_each_others_way() {
    let Some(client) = Client::find("realtime") else { return };
    crowd(&client, "800", |again| {
        // Not all of them met somebody here: what transactions have read, PostgreSQL remembers in one
        // place for all its databases, and other tests are in there too.
        assert!(again <= SENT / 2, "{again} transactions were run again for {SENT} messages");
    })
    .await;
}

/// They meet in its index, again and again, and still nobody is refused.
#[tokio::test]
async fn in_a_room_that_is_new_a_crowd_goes_one_after_the_other() {
    let Some(client) = Client::find("realtime") else { return };
    crowd(&client, "0", |_| ()).await;
}
