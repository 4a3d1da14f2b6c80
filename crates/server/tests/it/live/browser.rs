//! The same in a real browser, on pages of other origins than the server's.

use super::{end_well, scene, start, wait_for};
use crate::clients::{Client, chromium, free_port};
use crate::stage::{PASSWORD, alone_on_both};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clients_work_in_a_browser_on_pages_of_other_origins() {
    let (Some(client), Some(browser)) = (Client::find("realtime"), chromium()) else { return };
    alone_on_both(async |mut stage| {
        // Pages on other names of one site: the browser sends the cookie for all of them, and who
        // may use it is the server's to say.
        let (port, pages) = (free_port(), free_port());
        let site = format!("http://app.localhost:{port}");
        stage.server.stop();
        stage.server.set("PORT", &port.to_string());
        stage.server.set("SIXFOLD_SERVER_PUBLIC_URL", &site);
        let www = format!("http://www.app.localhost:{pages}");
        stage.server.set("SIXFOLD_WEB_CORS_ORIGINS", &www);
        stage.server.run();
        let mut stage = stage.moved();
        let mut scene = scene(&stage).await;
        scene["site"] = site.into();
        scene["pages"] = pages.into();
        scene["password"] = PASSWORD.into();
        let folder = stage.server.folder().to_owned();
        let variables = [("SIXFOLD_CHROMIUM", browser.as_str())];
        let scene = scene.to_string();
        let mut program = start(&client, "browser.mjs", &folder, &scene, &variables);
        wait_for(&folder.join("cut"), &mut program);
        stage.server.kill();
        stage.server.run();
        end_well(program);
    })
    .await;
}
