//! Many say something in one room at the same time: all of it is stored, and hardly anybody has to
//! try again for it.

use super::scene;
use crate::clients::Client;
use crate::stage::alone_on_both;

/// Messages that `crowd.mjs` sends.
const SENT: usize = 400;

#[tokio::test]
async fn a_crowd_in_one_room_stays_out_of_each_others_way() {
    let Some(client) = Client::find("realtime") else { return };
    alone_on_both(async |mut stage| {
        stage.server.stop();
        stage.server.set("SIXFOLD_LIVE_MESSAGES_PER_MINUTE", "0");
        stage.server.set("SIXFOLD_SERVER_LOG_LEVEL", "info,database=debug");
        stage.server.run();
        let stage = stage.moved();
        let scene = scene(&stage).await.to_string();
        client.run("crowd.mjs", &stage.server, &[("SIXFOLD_SCENE", &scene)]);
        let again = stage.server.told().matches("lost a race and is run again").count();
        assert!(again <= SENT / 10, "{again} transactions were run again for {SENT} messages");
    })
    .await;
}
