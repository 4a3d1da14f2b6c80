//! A house for the tests of this room: Alice owns Acme, which has a department; Bob works there,
//! Vera is a customer; Carol owns Globex and is nobody at Acme.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use database::{Db, Settings, Tx, Value, args};
use kernel::access::Role;
use kernel::{App, Caller, Clock, Identity, Keys, Parts, Random};
use types::{GroupId, Json, PersonId, Result, Time};
use uuid::Uuid;

use crate::things;
use crate::things::model::{NewThing, Thing, Visibility};

pub(crate) const ACME: GroupId = GroupId(Uuid::from_u128(0xa0));
pub(crate) const DEPARTMENT: GroupId = GroupId(Uuid::from_u128(0xa1));
pub(crate) const GLOBEX: GroupId = GroupId(Uuid::from_u128(0xb0));

const ALICE: PersonId = PersonId(Uuid::from_u128(1));
const BOB: PersonId = PersonId(Uuid::from_u128(2));
const VERA: PersonId = PersonId(Uuid::from_u128(3));
const CAROL: PersonId = PersonId(Uuid::from_u128(4));

pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) alice: Caller,
    pub(crate) bob: Caller,
    pub(crate) vera: Caller,
    pub(crate) carol: Caller,
    folder: std::path::PathBuf,
    clock: Arc<AtomicI64>,
}

impl Stage {
    pub(crate) async fn open() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sixfold-world-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let url = format!("sqlite://{}", folder.join("test.db").display());
        let db = Db::open(&Settings { url, ..Settings::default() }).await.expect("a store");
        db.unbound()
            .write(async |tx| people_and_groups(tx).await)
            .await
            .expect("people and groups");
        let random = Random::seeded(number.into());
        let clock = Arc::new(AtomicI64::new(1_700_000_000_000_000));
        let keys = Keys::create(&folder, &random).expect("keys");
        let clocked = Clock::Fixed(Arc::clone(&clock));
        let app = App::new(Parts::new(db, keys, clocked, random));
        let mut callers = Vec::new();
        for person in [ALICE, BOB, VERA, CAROL] {
            let identity = app
                .db
                .unbound()
                .read(async move |tx| Identity::of_person(tx, person).await)
                .await
                .expect("an identity");
            callers.push(Caller::new(Arc::new(identity), "test".into()));
        }
        let [alice, bob, vera, carol] = callers.try_into().ok().expect("four");
        Self { app, alice, bob, vera, carol, folder, clock }
    }

    /// Time passes: ids of what is made next are greater.
    pub(crate) fn tick(&self) {
        self.clock.fetch_add(1000, Ordering::Relaxed);
    }

    pub(crate) async fn thing(&self, by: &Caller, kind: &str, name: &str) -> Thing {
        self.thing_in(by, ACME, kind, name, Visibility::Group, "").await
    }

    pub(crate) async fn private(&self, by: &Caller, name: &str) -> Thing {
        self.thing_in(by, ACME, "project", name, Visibility::Private, "").await
    }

    pub(crate) async fn thing_in(
        &self,
        by: &Caller,
        group: GroupId,
        kind: &str,
        name: &str,
        visibility: Visibility,
        text: &str,
    ) -> Thing {
        self.tick();
        let new = NewThing {
            group_id: Some(group),
            parent_id: None,
            kind: kind.to_owned(),
            name: name.to_owned(),
            properties: serde_json::json!({ "body": text }).as_object().cloned().expect("a map"),
            status: None,
            visibility: Some(visibility),
        };
        things::rules::create(&self.app, by, new).await.expect("a thing")
    }

    /// Events of a type about anything, so far.
    pub(crate) async fn events(&self, kind: &'static str) -> i64 {
        self.count("select count(*) from events where type = $1", kind).await
    }

    pub(crate) async fn count(&self, sql: &'static str, arg: &'static str) -> i64 {
        self.app
            .db
            .unbound()
            .read(async move |tx| tx.one(sql, args![arg], |row| row.get(0)).await)
            .await
            .expect("a count")
    }

    pub(crate) async fn close(self) {
        self.app.db.close().await;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn id(caller: &Caller) -> String {
    caller.person().expect("a person").to_string()
}

async fn people_and_groups(tx: &mut Tx) -> Result<()> {
    let now = Time::from_micros(1_600_000_000_000_000);
    for (group, parent, slug) in
        [(ACME, None, "acme"), (DEPARTMENT, Some(ACME), "department"), (GLOBEX, None, "globex")]
    {
        tx.run(
            "insert into groups (id, parent_id, slug, name, type, visibility, join_policy, plan, \
             metadata, status, version, created_at, updated_at) values ($1, $2, $3, $3, \
             'business', 'private', 'invite_only', 'enterprise', $4, 'active', 1, $5, $5)",
            args![group, parent, slug, Value::Json("{}"), now],
        )
        .await?;
        for (depth, ancestor) in [Some(group), parent].into_iter().flatten().enumerate() {
            tx.run(
                "insert into group_ancestors (group_id, ancestor_id, depth) values ($1, $2, $3)",
                args![group, ancestor, i64::try_from(depth)?],
            )
            .await?;
        }
    }
    for (person, group, role) in [
        (ALICE, ACME, Role::GroupOwner),
        (BOB, ACME, Role::GroupUser),
        (VERA, ACME, Role::Customer),
        (CAROL, GLOBEX, Role::GroupOwner),
    ] {
        tx.run(
            "insert into people (id, display_name, metadata, version, created_at, updated_at) \
             values ($1, 'Somebody', $2, 1, $3, $3)",
            args![person, Value::Json("{}"), now],
        )
        .await?;
        let none = Json::of(&Vec::<String>::new())?;
        tx.run(
            "insert into memberships (group_id, person_id, role, permissions, status, created_at, \
             updated_at) values ($1, $2, $3, $4, 'active', $5, $5)",
            args![group, person, role.name(), &none, now],
        )
        .await?;
    }
    Ok(())
}
