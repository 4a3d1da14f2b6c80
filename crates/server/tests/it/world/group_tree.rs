//! What is above a group and what is below it.

use serde_json::json;

use super::{below, each, rows, team};
use crate::stage::on_both;

#[tokio::test]
async fn the_tree_is_read_up_and_down_as_far_as_one_may_see() {
    on_both(async |stage| {
        let (alice, bob, root) = (stage.alice(), stage.bob(), stage.root());
        let top = team(stage, "tree-top").await;
        let middle = below(&alice, &top, "tree-middle").await;
        let bottom = below(&root, &middle, "tree-bottom").await;
        let path = |id: &str, what: &str| format!("/v1/groups/{id}/{what}");
        let up = each(&rows(&alice, &path(&bottom, "ancestors")).await, "id");
        assert_eq!(up, [&*middle, &*top]);
        let down = each(&rows(&alice, &path(&top, "descendants?sort=createdAt")).await, "id");
        assert_eq!(down, [&*middle, &*bottom]);
        let all = alice.walk(&path(&top, "descendants")).await;
        assert_eq!(all.len(), 2);
        // Who only works above sees nothing private below; who only works below, nothing above.
        assert!(rows(&bob, &path(&top, "descendants")).await.is_empty());
        crate::stage::member(&root, &bottom, &stage.carol(), "group_user").await;
        assert!(rows(&stage.carol(), &path(&bottom, "ancestors")).await.is_empty());
        let is = async |who: &crate::people::Person, one: &str, other: &str| {
            who.get(&format!("/v1/groups/{one}/is-descendant-of/{other}")).await
        };
        for (one, other, wanted) in
            [(&bottom, &top, true), (&top, &bottom, false), (&top, &top, false)]
        {
            let told = is(&alice, one, other).await.was(200).json();
            assert_eq!(told, json!({ "isDescendant": wanted }));
        }
        is(&stage.carol(), &bottom, &top).await.was_problem(404, "not_found");
        // Nobody puts a group below itself.
        let under = json!({ "parentGroupId": bottom });
        root.patch(&format!("/v1/groups/{top}"), under).await.was_problem(409, "cycle");
    })
    .await;
}
