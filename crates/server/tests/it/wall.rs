//! The second wall between tenants, which PostgreSQL's row-level security is: everything else here
//! runs behind it. These look at it from in front.

use serde_json::json;

use crate::engines::Engine;
use crate::process::Server;
use crate::stage::{Stage, group, member, on_both, sign_up};

#[tokio::test]
async fn a_role_that_it_does_not_bind_is_told_so() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let mut server = Server::start(&engine).await;
        assert!(!server.told().contains("row-level security"), "{}", server.told());
        let said = server.say(&["doctor"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains("✓ row-level security: in effect"), "{said:?}");
        server.stop();
        let superuser = server.database().expect("PostgreSQL").as_admin();
        server.set("DATABASE_URL", &superuser);
        server.run();
        server.tells("row-level security is not in effect: the role").await;
        let said = server.say(&["doctor"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.out.contains("✗ row-level security: not in effect: the role"), "{said:?}");
    }
}

/// Whoever removes a thing need not reach what refers to it: that goes all the same.
#[tokio::test]
async fn what_a_moved_group_left_in_its_old_tree_goes_with_its_thing() {
    on_both(async |stage| {
        let alice = stage.alice();
        let mover = sign_up(&stage.nobody(), "mover").await;
        let old = group(&alice, "wall-old", "Old").await;
        let body = json!({ "slug": "wall-moved", "name": "M", "type": "business",
                           "parentGroupId": old });
        let moved = alice.post("/v1/groups", body).await.was(201).id();
        member(&alice, &moved, &mover, "group_owner").await;
        let note = async |group: &str| {
            let body = json!({ "groupId": group, "type": "note", "name": "note" });
            alice.post("/v1/things", body).await.was(201).id()
        };
        let (stays, goes) = (note(&old).await, note(&moved).await);
        let edge = json!({ "type": "part_of", "fromId": stays, "toId": goes });
        alice.post("/v1/connections", edge).await.was(201);
        let used = async || {
            let quota = alice.get(&format!("/v1/groups/{old}/quota")).await.was(200);
            quota.json()["metrics"]["connections"]["used"].as_i64()
        };
        assert_eq!(used().await, Some(1));
        let top = json!({ "parentGroupId": null });
        alice.patch(&format!("/v1/groups/{moved}"), top).await.was(200);
        mover.get(&format!("/v1/groups/{old}")).await.was_problem(404, "not_found");
        mover.delete(&format!("/v1/things/{goes}?permanent=true")).await.was(204);
        let left = alice.get(&format!("/v1/connections/from/{stays}")).await.was(200).json();
        assert_eq!(left["data"], json!([]));
        assert_eq!(used().await, Some(0), "its quota has it back");
    })
    .await;
}

/// What the server itself has stored, looked at by statements that forget whose rows they are about.
#[tokio::test]
async fn a_statement_that_forgets_its_condition_finds_nothing_of_another_tenant() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let stage = Stage::open(&engine).await;
        let database = stage.server.database().expect("PostgreSQL");
        let mut tenants = Vec::new();
        for (person, slug) in [(stage.alice(), "wall-here"), (stage.carol(), "wall-there")] {
            let own = group(&person, slug, "Own").await;
            let note = |name: &str| json!({ "groupId": own, "type": "note", "name": name });
            let one = person.post("/v1/things", note("one")).await.was(201).id();
            let other = person.post("/v1/things", note("other")).await.was(201).id();
            person.patch(&format!("/v1/things/{one}"), json!({ "name": "first" })).await.was(200);
            let edge = json!({ "type": "part_of", "fromId": one, "toId": other });
            person.post("/v1/connections", edge).await.was(201);
            let text = json!({ "groupId": own, "type": "document", "text": "words" });
            person.post("/v1/knowledge", text).await.was(201);
            let id = format!("select id::text from groups where slug = '{slug}'");
            tenants.extend(database.all("everything", &id).await);
        }
        let (mine, theirs) = (&tenants[0], &tenants[1]);
        let tables = "select c.relname::text from pg_class c join pg_attribute a \
                      on a.attrelid = c.oid and a.attname = 'group_id' and not a.attisdropped \
                      where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' \
                      and c.relname not in ('group_ancestors', 'jobs', 'search_documents')";
        let tables = database.all("everything", tables).await;
        let reach = format!("{{{mine}}}");
        let mut held = Vec::new();
        for table in &tables {
            let of_groups = format!("select distinct group_id::text from {table}");
            let all = database.all("everything", &of_groups).await;
            if all.contains(mine) && all.contains(theirs) {
                held.push(table.as_str());
            }
            let seen = database.all(&reach, &of_groups).await;
            assert!(!seen.contains(theirs), "{table}: {seen:?}");
            assert_eq!(seen.contains(mine), all.contains(mine), "{table}: {seen:?}");
        }
        for table in ["connections", "events", "knowledge", "memberships", "things"] {
            assert!(held.contains(&table), "both tenants have rows of {table}: {held:?}");
        }
        let revisions = "select group_id::text from things t \
                         join thing_revisions r on r.thing_id = t.id";
        assert_eq!(database.all(&reach, revisions).await, [mine.as_str()]);
        let groups = database.all(&reach, "select slug from groups").await;
        assert!(groups.contains(&"wall-here".to_owned()), "{groups:?}");
        assert!(!groups.contains(&"wall-there".to_owned()), "{groups:?}");
    }
}
