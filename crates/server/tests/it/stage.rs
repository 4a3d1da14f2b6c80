//! A server with five people: Alice owns Acme, Bob works there, Vera may look, Carol owns Globex
//! and is nobody at Acme; and nobody. Root owns the platform.
//!
//! [`on_both`] runs a test on every engine over a stage that tests running at the same time
//! share; [`Stage::open`] makes one for a test that needs it to itself.

use std::sync::{Arc, Weak};

use serde_json::json;
use tokio::sync::Mutex;

use crate::engines::Engine;
use crate::people::Person;
use crate::process::Server;

/// Nobody's real password, and nobody's guess.
pub(crate) const PASSWORD: &str = "violet-kettle-harbour-93";

pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) server: Server,
    /// The ids of the two groups.
    pub(crate) acme: String,
    pub(crate) globex: String,
    root: Person,
    alice: Person,
    bob: Person,
    vera: Person,
    carol: Person,
}

impl Stage {
    /// A stage of its own.
    pub(crate) async fn open(engine: &Engine) -> Self {
        let server = Server::start(engine).await;
        let token = server.setup_token().expect("setup is open at the first start").to_owned();
        let door = Person::nobody(server.url());
        let root = json!({
            "token": token, "name": "Root", "email": "root@example.com", "password": PASSWORD,
        });
        let made = door.post("/v1/setup", root).await;
        assert!(matches!(made.status, 200 | 201), "{made:?}");
        let root = sign_in(&door, "root").await;
        let door = Person { root: root.token.clone(), ..door };
        let alice = sign_up(&door, "alice").await;
        let bob = sign_up(&door, "bob").await;
        let vera = sign_up(&door, "vera").await;
        let carol = sign_up(&door, "carol").await;
        let acme = group(&alice, "acme", "Acme").await;
        let globex = group(&carol, "globex", "Globex").await;
        member(&alice, &acme, &bob, "group_user").await;
        member(&alice, &acme, &vera, "customer").await;
        Self { engine: engine.clone(), server, acme, globex, root, alice, bob, vera, carol }
    }

    /// The same people, after the server was started again elsewhere.
    pub(crate) fn moved(mut self) -> Self {
        self.follow();
        self
    }

    /// Lets everybody call where the server listens now.
    pub(crate) fn follow(&mut self) {
        let url = self.server.url().to_owned();
        for person in
            [&mut self.root, &mut self.alice, &mut self.bob, &mut self.vera, &mut self.carol]
        {
            *person = person.at(&url);
        }
    }

    /// Owns the platform.
    pub(crate) fn root(&self) -> Person {
        self.root.fresh()
    }

    /// Owns Acme.
    pub(crate) fn alice(&self) -> Person {
        self.alice.fresh()
    }

    /// Works at Acme.
    pub(crate) fn bob(&self) -> Person {
        self.bob.fresh()
    }

    /// May look at Acme.
    pub(crate) fn vera(&self) -> Person {
        self.vera.fresh()
    }

    /// Owns Globex; nobody at Acme.
    pub(crate) fn carol(&self) -> Person {
        self.carol.fresh()
    }

    /// Not signed in.
    pub(crate) fn nobody(&self) -> Person {
        Person { root: self.root.token.clone(), ..Person::nobody(self.server.url()) }
    }
}

/// Runs a test on each engine there is, over a shared stage.
pub(crate) async fn on_both(test: impl AsyncFn(&Stage)) {
    // All are held to the end, so that whoever comes next finds them open.
    let mut stages = Vec::new();
    for engine in Engine::all() {
        stages.push(shared(&engine).await);
    }
    for stage in &stages {
        test(stage).await;
    }
}

/// Runs a test on each engine there is, each time over a stage of its own.
pub(crate) async fn alone_on_both(test: impl AsyncFn(Stage)) {
    for engine in Engine::all() {
        test(Stage::open(&engine).await).await;
    }
}

/// The stage of whoever tests just now; it ends with the last of them, so nothing is left behind.
async fn shared(engine: &Engine) -> Arc<Stage> {
    static STAGES: Mutex<[Weak<Stage>; 2]> = Mutex::const_new([Weak::new(), Weak::new()]);
    let mut stages = STAGES.lock().await;
    let slot = &mut stages[usize::from(*engine != Engine::Sqlite)];
    if let Some(stage) = slot.upgrade() {
        return stage;
    }
    let stage = Arc::new(Stage::open(engine).await);
    *slot = Arc::downgrade(&stage);
    stage
}

/// Makes an account and signs in.
pub(crate) async fn sign_up(door: &Person, name: &'static str) -> Person {
    let body =
        json!({ "name": name, "email": format!("{name}@example.com"), "password": PASSWORD });
    let answer = door.post("/v1/auth/sign-up/email", body).await.was(200);
    someone(door, name, &answer)
}

/// Signs in to an account that is there.
pub(crate) async fn sign_in(door: &Person, name: &'static str) -> Person {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    let answer = door.post("/v1/auth/sign-in/email", body).await.was(200);
    someone(door, name, &answer)
}

fn someone(door: &Person, name: &'static str, answer: &crate::people::Answer) -> Person {
    Person {
        name,
        email: format!("{name}@example.com"),
        token: Some(answer.text_at("/token")),
        id: answer.text_at("/user/personId"),
        home: answer.text_at("/user/personalGroupId"),
        ..door.clone()
    }
}

/// Makes a group; its maker owns it.
pub(crate) async fn group(owner: &Person, slug: &str, name: &str) -> String {
    let body = json!({ "slug": slug, "name": name, "type": "business" });
    owner.post("/v1/groups", body).await.was(201).id()
}

/// Makes somebody a member. Those the owner has never met are brought in by the platform's owner.
pub(crate) async fn member(owner: &Person, group: &str, person: &Person, role: &str) {
    let body = json!({ "groupId": group, "personId": person.id, "role": role });
    let mut made = owner.post("/v1/people", body.clone()).await;
    if made.status == 404 && owner.root.is_some() {
        let root = Person { token: owner.root.clone(), ..owner.clone() };
        made = root.post("/v1/people", body).await;
    }
    let made = made.was(201);
    assert_eq!(made.id(), person.id, "the member is the person who signed up: {made:?}");
}
