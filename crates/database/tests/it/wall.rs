//! The second wall: what PostgreSQL hands out and changes when a statement forgets whose rows it is
//! about. SQLite has no such wall.

use database::{Db, Reach, Tx, args};
use types::{GroupId, PersonId, Result};
use uuid::Uuid;

use crate::engines::{Fresh, admin, plain};

const ACME: GroupId = GroupId(Uuid::from_u128(0xa));
/// Below Acme.
const WORKSHOP: GroupId = GroupId(Uuid::from_u128(0xaa));
const GLOBEX: GroupId = GroupId(Uuid::from_u128(0xb));
/// Somebody else's, public.
const LIBRARY: GroupId = GroupId(Uuid::from_u128(0xc));
const ALICE: PersonId = PersonId(Uuid::from_u128(1));

/// Four groups in three trees; in each a thing, a public one, and one of Alice's.
async fn furnish(tx: &mut Tx) -> Result<()> {
    tx.run(
        "insert into people (id, display_name, metadata, version, created_at, updated_at) \
         values ($1, 'Alice', '{}', 1, 0, 0)",
        args![ALICE],
    )
    .await?;
    for (group, parent, visibility) in [
        (ACME, None, "private"),
        (WORKSHOP, Some(ACME), "private"),
        (GLOBEX, None, "private"),
        (LIBRARY, None, "public"),
    ] {
        tx.run(
            "insert into groups (id, parent_id, slug, name, type, visibility, join_policy, plan, \
             metadata, status, version, created_at, updated_at) \
             values ($1, $2, $3, 'G', 'business', $4, 'invite_only', 'free', '{}', 'active', 1, 0, 0)",
            args![group, parent, &format!("g{}", group.0.as_u128()), visibility],
        )
        .await?;
        for (above, depth) in [(Some(group), 0_i64), (parent, 1)] {
            let Some(above) = above else { continue };
            tx.run(
                "insert into group_ancestors (group_id, ancestor_id, depth) values ($1, $2, $3)",
                args![group, above, depth],
            )
            .await?;
        }
        for (number, visibility, owner) in
            [(1, "group", None), (2, "public", None), (3, "private", Some(ALICE))]
        {
            thing(tx, group, number, visibility, owner).await?;
        }
        tx.run(
            "insert into registered_types (group_id, dimension, name, definition, created_at, \
             updated_at) values ($1, 'thing', 'machine', '{}', 0, 0)",
            args![group],
        )
        .await?;
    }
    Ok(())
}

fn thing_id(group: GroupId, number: u128) -> Uuid {
    Uuid::from_u128(group.0.as_u128() * 100 + number)
}

async fn thing(
    tx: &mut Tx,
    group: GroupId,
    number: u128,
    visibility: &str,
    owner: Option<PersonId>,
) -> Result<()> {
    let id = thing_id(group, number);
    tx.run(
        "insert into things (id, group_id, type, name, properties, status, owner_id, visibility, \
         tier, version, created_at, updated_at) \
         values ($1, $2, 'note', 'N', '{}', 'active', $3, $4, 'plain', 1, 0, 0)",
        args![id, group, owner, visibility],
    )
    .await?;
    tx.run(
        "insert into thing_revisions (thing_id, version, before, created_at) \
         values ($1, 1, '{}', 0)",
        args![id],
    )
    .await?;
    Ok(())
}

async fn furnished() -> Option<Fresh> {
    let store = Fresh::postgres().await?;
    store.db.unbound().write(async |tx| furnish(tx).await).await.expect("groups and things");
    Some(store)
}

fn of_acme() -> Reach {
    Reach::within([ACME], None)
}

/// The things a statement without any condition finds.
async fn found(db: &Db, reach: Reach) -> Vec<Uuid> {
    db.bound(reach)
        .read(async |tx| tx.all("select id from things order by id", &[], |row| row.get(0)).await)
        .await
        .expect("a list")
}

fn all_of(groups: &[GroupId]) -> Vec<Uuid> {
    groups.iter().flat_map(|group| (1..=3).map(|number| thing_id(*group, number))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_forgets_its_group_finds_no_other_tenants_rows() {
    let Some(store) = furnished().await else { return };
    let (db, public) = (&store.db, thing_id(LIBRARY, 2));
    let mut acme = all_of(&[ACME]);
    acme.push(public);
    acme.extend(all_of(&[WORKSHOP]));
    acme.sort();
    assert_eq!(found(db, of_acme()).await, acme, "its tree, and what is public in public groups");
    let mut workshop = all_of(&[WORKSHOP]);
    workshop.push(public);
    workshop.sort();
    assert_eq!(found(db, Reach::within([WORKSHOP], None)).await, workshop, "not what is above");
    assert_eq!(found(db, Reach::within([], None)).await, [public], "nobody's");
    let own = [ACME, GLOBEX, LIBRARY, WORKSHOP].map(|group| thing_id(group, 3));
    let mut own = own.to_vec();
    own.push(public);
    own.sort();
    assert_eq!(found(db, Reach::within([], Some(ALICE))).await, own, "their own, wherever it is");
    assert_eq!(found(db, Reach::everything()).await.len(), 12);
    store.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_types_and_history_are_behind_the_wall_as_well() {
    let Some(store) = furnished().await else { return };
    let seen = store.db.bound(Reach::within([WORKSHOP], None)).read(async |tx| {
        let groups: Vec<GroupId> =
            tx.all("select id from groups order by id", &[], |row| row.get(0)).await?;
        let types: Vec<GroupId> = tx
            .all("select group_id from registered_types order by group_id", &[], |row| row.get(0))
            .await?;
        let revisions: Vec<Uuid> = tx
            .all("select thing_id from thing_revisions order by thing_id", &[], |row| row.get(0))
            .await?;
        Ok((groups, types, revisions))
    });
    let (groups, types, revisions) = seen.await.expect("a look");
    assert_eq!(groups, [LIBRARY, WORKSHOP], "public ones, and its own");
    assert_eq!(types, [ACME, WORKSHOP], "a type counts in every group below");
    let mut things = all_of(&[WORKSHOP]);
    things.push(thing_id(LIBRARY, 2));
    things.sort();
    assert_eq!(revisions, things);
    store.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_forgets_its_group_changes_no_other_tenants_rows() {
    let Some(store) = furnished().await else { return };
    let db = &store.db;
    let done = db.bound(of_acme()).write(async |tx| {
        let renamed = tx.run("update things set name = 'Mine'", &[]).await?;
        tx.run("delete from thing_revisions", &[]).await?;
        let deleted = tx.run("delete from things", &[]).await?;
        let left = tx.run("update groups set name = 'Mine'", &[]).await?;
        Ok((renamed, deleted, left))
    });
    assert_eq!(done.await.expect("a change"), (6, 6, 2), "of Acme and the workshop only");
    let left = db.unbound().read(async |tx| {
        tx.all("select name from things order by id", &[], |row| row.get::<String>(0)).await
    });
    assert_eq!(left.await.expect("a list"), ["N"; 6]);
    store.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_is_put_into_another_tenants_group() {
    let Some(store) = furnished().await else { return };
    let db = &store.db;
    for group in [GLOBEX, LIBRARY] {
        let made =
            db.bound(of_acme()).write(async move |tx| thing(tx, group, 9, "group", None).await);
        assert!(made.await.is_err(), "a thing in a foreign group");
        let moved = db.bound(of_acme()).write(async move |tx| {
            tx.run("update things set group_id = $1 where group_id = $2", args![group, ACME]).await
        });
        assert!(moved.await.is_err(), "a thing moved to a foreign group");
        let hung = db.bound(of_acme()).write(async move |tx| {
            tx.run(
                "insert into group_ancestors (group_id, ancestor_id, depth) values ($1, $2, 1)",
                args![group, ACME],
            )
            .await
        });
        assert!(hung.await.is_err(), "a foreign group hung below one's own");
    }
    let made = db.bound(of_acme()).write(async |tx| thing(tx, WORKSHOP, 9, "group", None).await);
    made.await.expect("a thing in a group below");
    store.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_reaches_further_only_where_it_says_so() {
    let Some(store) = furnished().await else { return };
    let db = &store.db;
    let counts = db.bound(of_acme()).write(async |tx| {
        let count = "select count(*) from things where visibility <> 'public'";
        let before: i64 = tx.one(count, &[], |row| row.get(0)).await?;
        let beyond: i64 = tx.beyond(async |tx| tx.one(count, &[], |row| row.get(0)).await).await?;
        let after: i64 = tx.one(count, &[], |row| row.get(0)).await?;
        let undone = tx
            .nested(async |tx| {
                tx.enter([GLOBEX]);
                tx.run("delete from thing_revisions", &[]).await?;
                tx.run("insert into once (name) values (null)", &[]).await
            })
            .await;
        assert!(undone.is_err(), "a part fails");
        let again: i64 = tx.one(count, &[], |row| row.get(0)).await?;
        tx.enter([GLOBEX]);
        let entered: i64 = tx.one(count, &[], |row| row.get(0)).await?;
        Ok([before, beyond, after, again, entered])
    });
    assert_eq!(counts.await.expect("counts"), [4, 8, 4, 4, 6]);
    // A connection that was used for everything says nothing of it to the next transaction.
    for _ in 0..40 {
        assert_eq!(found(db, Reach::everything()).await.len(), 12);
        assert_eq!(found(db, of_acme()).await.len(), 7);
    }
    store.done().await;
}

/// Who says nothing reaches nothing: also a statement typed by hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_reaches_nothing() {
    let Some(store) = furnished().await else { return };
    let (client, connection) = tokio_postgres::connect(&store.settings.url, tokio_postgres::NoTls)
        .await
        .expect("a client");
    tokio::spawn(connection);
    let row = client.query_one("select count(*) from memberships", &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 0);
    let row = client.query_one("select count(*) from things", &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 1, "what is public in a public group");
    store.done().await;
}

/// Tables that stand open on purpose: what is in them belongs to no group, and no rule hands it to
/// anybody but whom it belongs to.
const OPEN: &[(&str, &str)] = &[
    ("audit_checkpoints", "the house's: what it publishes of its log"),
    ("audit_deletions", "the house's: places in its log"),
    ("audit_keys", "the house's: public keys"),
    ("backup_codes", "a login's"),
    ("challenges", "found by the hash of a secret"),
    ("credentials", "a login's"),
    ("cursors", "the house's: how far followers have read"),
    ("erasures", "the house's: who is to be erased"),
    ("idempotency_keys", "found by a hash of the caller and their key; sealed"),
    ("imports", "the house's: files the command line has read"),
    ("job_queues", "the house's"),
    ("job_schedules", "the house's"),
    ("jobs", "the house's"),
    ("live_sent", "a person's: names they gave their messages"),
    ("mails", "the house's; sealed"),
    ("migrations", "the house's"),
    ("onboarding", "a person's"),
    ("once", "the house's"),
    ("passkeys", "a login's"),
    ("people", "who somebody is, wherever they are; in which groups has a wall"),
    ("removed_things", "ids of what is gone, and of whose it was"),
    ("second_factor_failures", "a login's"),
    ("sessions", "a login's"),
    ("signing_keys", "the house's; sealed"),
    ("spent_refresh_tokens", "a login's"),
    ("trusted_devices", "a login's"),
    ("two_factors", "a login's"),
    ("users", "logins"),
    ("vault_keys", "wrapped, and of no use without the root key"),
    ("webhook_generation", "the house's"),
];

/// A step that adds a table and forgets the wall fails here.
#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_a_forced_wall_or_stands_open_on_purpose() {
    let Some(store) = Fresh::postgres().await else { return };
    let tables: Vec<(String, bool)> = store
        .db
        .unbound()
        .read(async |tx| {
            tx.all(
                "select cast(c.relname as text), c.relrowsecurity and c.relforcerowsecurity \
                 and exists (select 1 from pg_policy p where p.polrelid = c.oid) from pg_class c \
                 where c.relnamespace = current_schema()::regnamespace \
                 and c.relkind in ('r', 'p', 'f') order by 1",
                &[],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .await
        })
        .await
        .expect("tables");
    for (table, walled) in &tables {
        let meant = OPEN.iter().any(|(open, _)| open == table);
        assert!(
            *walled != meant,
            "the table {table} has {}: give it one in a step NNNN_name.postgres.sql (select \
             wall_around('{table}'); where it has a group_id), or say here why it stands open",
            if *walled { "a wall, though it is listed as open" } else { "no wall" }
        );
    }
    for (open, why) in OPEN {
        assert!(tables.iter().any(|(table, _)| table == open), "there is no {open} ({why})");
    }
    store.done().await;
}

/// In more groups than a transaction names: the server works out which trees these are in.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_very_many_groups_reaches_these_and_no_other() {
    let Some(store) = furnished().await else { return };
    let db = &store.db;
    let joined = db.unbound().write(async |tx| {
        for (group, status) in [(WORKSHOP, "active"), (GLOBEX, "invited")] {
            tx.run(
                "insert into memberships (group_id, person_id, role, permissions, status, \
                 created_at, updated_at) values ($1, $2, 'group_user', '[]', $3, 0, 0)",
                args![group, ALICE, status],
            )
            .await?;
        }
        Ok(())
    });
    joined.await.expect("a member");
    let many = || (1000..1300).map(|number| GroupId(Uuid::from_u128(number)));
    let reach = || Reach::of_member(ALICE, many(), []);
    let own = [GLOBEX, LIBRARY].map(|group| thing_id(group, 3));
    let mut expected = all_of(&[ACME, WORKSHOP]);
    expected.extend(own);
    expected.push(thing_id(LIBRARY, 2));
    expected.sort();
    assert_eq!(found(db, reach()).await, expected, "the whole tree, and what is their own");
    let changed = db.bound(reach()).write(async |tx| {
        let before = tx.run("update things set name = 'Mine'", &[]).await?;
        let all: i64 = tx
            .beyond(async |tx| tx.one("select count(*) from things", &[], |row| row.get(0)).await)
            .await?;
        tx.enter([GLOBEX]);
        let after = tx.run("update things set name = 'Mine'", &[]).await?;
        Ok((before, all, after))
    });
    assert_eq!(changed.await.expect("changes"), (6, 12, 9));
    // Whoever leaves a group still says so in it.
    let left = db.bound(reach()).write(async |tx| {
        tx.run("delete from memberships where group_id = $1", args![WORKSHOP]).await?;
        tx.beyond(async |tx| {
            tx.one("select count(*) from groups", &[], |row| row.get::<i64>(0)).await
        })
        .await?;
        thing(tx, WORKSHOP, 4, "group", None).await?;
        Err::<(), _>(types::Error::not_found())
    });
    assert_eq!(left.await.expect_err("undone").code(), "not_found");
    // Of a few, each is named.
    assert_eq!(found(db, Reach::of_member(ALICE, [WORKSHOP], [])).await.len(), 3 + 1 + 3);
    store.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_the_wall_is_told() {
    let Some(store) = Fresh::postgres().await else { return };
    assert_eq!(store.db.wall_gap().await.expect("an answer"), None);
    let server = crate::engines::server().await.expect("the server");
    let name = store.settings.url.rsplit('/').next().unwrap_or_default();
    let (base, _) = server.rsplit_once('/').expect("an address");
    let url = format!("{base}/{name}");
    let settings = database::Settings { url, ..store.settings.clone() };
    let open = "create table beside (group_id uuid)";
    admin(&store.settings.url, open).await;
    let gap = store.db.wall_gap().await.expect("an answer").expect("a gap");
    assert_eq!(gap, "the table `beside` has none");
    admin(&store.settings.url, "drop table beside").await;
    // Its owner is held only where that is forced.
    let (off, on) = ("no force row level security", "force row level security");
    for (table, told) in [("connections", "`connections` has none"), ("things", "switched off")] {
        admin(&store.settings.url, &format!("alter table {table} {off}")).await;
        let gap = store.db.wall_gap().await.expect("an answer").expect("a gap");
        assert!(gap.contains(told), "{gap}");
        admin(&store.settings.url, &format!("alter table {table} {on}")).await;
    }
    assert_eq!(store.db.wall_gap().await.expect("an answer"), None);
    let super_user = Db::open_as_is(&settings).await.expect("the store opens");
    let gap = super_user.wall_gap().await.expect("an answer").expect("a gap");
    assert!(gap.contains("is a superuser"), "{gap}");
    super_user.close().await;

    let role = format!("sixfold_bypass_{}", std::process::id());
    admin(&server, &format!("create role {role} login bypassrls password 'x'")).await;
    admin(&server, &format!("grant connect on database {name} to {role}")).await;
    let url = plain::address(&server, name)
        .replace("sixfold_tests:behind-the-wall", &format!("{role}:x"));
    let settings = database::Settings { url, ..store.settings.clone() };
    let bypassing = Db::open_as_is(&settings).await.expect("the store opens");
    let gap = bypassing.wall_gap().await.expect("an answer").expect("a gap");
    assert!(gap.contains("BYPASSRLS"), "{gap}");
    bypassing.close().await;
    store.done().await;
    admin(&server, &format!("drop role {role}")).await;
}
