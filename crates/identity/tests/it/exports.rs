//! What leaves the house while a group is on its way out; here because whoever has both engines and
//! the store at hand can stop the way out in the middle.

use database::Reach;
use serde_json::{Value, json};
use world::transfer::{ExportOptions, ImportOptions, Top, export, import};

use crate::on_each;
use crate::stage::Stage;

async fn exported(stage: &Stage) -> String {
    let mut text = Vec::new();
    let options = ExportOptions { group: None, hidden: true };
    export(&stage.app, Reach::everything(), &mut text, options, drop).await.unwrap();
    String::from_utf8(text).unwrap()
}

on_each!(what_is_being_deleted_is_in_no_export, |stage| {
    let alice = stage.somebody("alice").await;
    let acme = stage.organization(&alice, "acme").await;
    let make = async |path: &str, body: Value| {
        let made = stage.house("POST", path, &alice, body).await;
        assert_eq!(made.status, 201, "{path}: {:?}", made.body);
        made.text("/id")
    };
    let child = json!({ "slug": "doomed", "name": "doomed", "type": "business",
        "parentGroupId": acme });
    let child = make("/v1/groups", child).await;
    let kind = stage
        .house("PUT", &format!("/v1/groups/{child}/types/thing/doomed_type"), &alice, json!({}))
        .await;
    assert_eq!(kind.status, 200, "{:?}", kind.body);
    let role = stage.role(&alice, &child, "doomed_role", json!(["things:read"])).await;
    assert!(role.status < 300, "{:?}", role.body);
    let note = |group: &str, name: &str| json!({ "groupId": group, "type": "note", "name": name });
    let kept = make("/v1/things", note(&acme, "kept")).await;
    let also = make("/v1/things", note(&acme, "also kept")).await;
    let gone = make("/v1/things", note(&child, "doomed thing")).await;
    let edge = |from: &str, to: &str| json!({ "type": "part_of", "fromId": from, "toId": to });
    let stays = make("/v1/connections", edge(&also, &kept)).await;
    let knowledge = |group: &str, text: &str, source: &str| json!({ "groupId": group, "type": "document", "text": text, "sourceThingId": source });
    let mut lost = vec![
        child.clone(),
        gone.clone(),
        make("/v1/connections", edge(&gone, &kept)).await,
        make("/v1/connections", edge(&also, &gone)).await,
        make("/v1/connections", edge(&kept, &child)).await,
        make("/v1/knowledge", knowledge(&acme, "of the doomed", &gone)).await,
        make("/v1/knowledge", knowledge(&child, "in the doomed", &kept)).await,
    ];
    let known = make("/v1/knowledge", knowledge(&acme, "about the kept", &kept)).await;
    let label =
        json!({ "groupId": acme, "type": "label", "text": "topic:x", "sourceThingId": gone });
    let label = make("/v1/knowledge", label).await;

    let whole = exported(&stage).await;
    assert!(lost.iter().all(|id| whole.contains(id.as_str())));
    let doom = async |tx: &mut database::Tx| {
        tx.run("update groups set status = 'deleting' where slug = 'doomed'", &[]).await
    };
    stage.app.db.unbound().write(doom).await.unwrap();
    let left = exported(&stage).await;
    lost.push("doomed".to_owned());
    for id in &lost {
        let found: Vec<_> = left.lines().filter(|line| line.contains(id.as_str())).collect();
        assert!(found.is_empty(), "{id}: {found:?}");
    }
    for id in [&acme, &kept, &also, &stays, &known, &label] {
        assert!(left.contains(id.as_str()), "{id} is missing");
    }
    for group in ["doomed", "acme"] {
        let options = ExportOptions { group: Some(Top::Slug(group.to_owned())), hidden: false };
        let part = export(&stage.app, Reach::everything(), &mut Vec::new(), options, drop).await;
        assert_eq!(part.is_ok(), group == "acme", "{part:?}");
    }
    for other in Stage::each().await {
        let input = std::io::Cursor::new(left.clone().into_bytes());
        let options = ImportOptions { dry_run: false, resume: false };
        let mut told = Vec::new();
        let summary = import(&other.app, input, options, |news| told.push(news)).await.unwrap();
        assert_eq!(summary.refused, 0, "{told:?}");
        other.done().await;
    }
});
