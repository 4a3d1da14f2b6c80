//! What there is at Acme when the others come by.

use std::cell::{Cell, RefCell};

use serde_json::{Value, json};

use crate::people::Person;
use crate::stage::{PASSWORD, Stage, member};

/// In the name or text of everything at Acme: who is nobody there never reads it.
pub(super) const MARKER: &str = "marker-of-acme";
/// In what members share.
pub(super) const INSIDE: &str = "marker-of-acme inside";
/// In what is Alice's own.
pub(super) const PRIVATE: &str = "marker-of-acme private";

pub(super) struct Scene {
    pub(super) alice: Person,
    pub(super) root: Person,
    pub(super) bob: Person,
    /// Worked at Acme, and was removed.
    pub(super) former: Person,
    /// Is invited to Acme, and has not answered.
    pub(super) invited: Person,
    /// Their invitation.
    pub(super) invitation: String,
    /// Owns a group below Acme.
    pub(super) below: Person,
    /// Carol's, for everything at Globex.
    pub(super) foreign_key: Person,
    /// Alice's, for reading at Acme.
    pub(super) reading_key: Person,
    /// Alice's, for nothing at Acme.
    pub(super) empty_key: Person,
    /// Keys for nothing at Acme: one Alice made, one Root made.
    pub(super) alices_key: String,
    pub(super) roots_key: String,
    pub(super) acme: String,
    pub(super) globex: String,
    pub(super) inside: String,
    pub(super) private: String,
    pub(super) public: String,
    /// In Alice's personal group.
    pub(super) at_home: String,
    /// Below Acme, made and owned by Alice.
    pub(super) child: String,
    /// Below Acme, owned by Root only, with a thing in it.
    pub(super) annex: String,
    pub(super) in_annex: String,
    /// Carol's, which whoever is signed in may look at, with a public and a shared thing.
    pub(super) plaza: String,
    pub(super) plaza_public: String,
    pub(super) plaza_shared: String,
    /// Alice's, which anybody may write to and where Bob works, and what somebody wrote to it.
    pub(super) letterbox: String,
    pub(super) letter: String,
    carol: Person,
    pub(super) connection: String,
    pub(super) private_connection: String,
    pub(super) event: String,
    pub(super) private_event: String,
    pub(super) document: String,
    pub(super) private_document: String,
    /// Of everything made here.
    pub(super) ids: RefCell<Vec<String>>,
    count: Cell<u32>,
}

impl Scene {
    pub(super) async fn set(stage: &Stage) -> Self {
        let (alice, root) = (stage.alice(), stage.root());
        let ids = [&alice, &stage.bob(), &stage.vera()];
        let ids = ids.iter().flat_map(|one| [one.id.clone(), one.home.clone(), one.email.clone()]);
        let mut scene = Self {
            root,
            bob: stage.bob(),
            former: stage.nobody(),
            invited: stage.nobody(),
            invitation: String::new(),
            below: stage.nobody(),
            foreign_key: stage.nobody(),
            reading_key: stage.nobody(),
            empty_key: stage.nobody(),
            alices_key: String::new(),
            roots_key: String::new(),
            acme: stage.acme.clone(),
            globex: stage.globex.clone(),
            inside: String::new(),
            private: String::new(),
            public: String::new(),
            at_home: String::new(),
            child: String::new(),
            annex: String::new(),
            in_annex: String::new(),
            plaza: String::new(),
            plaza_public: String::new(),
            plaza_shared: String::new(),
            letterbox: String::new(),
            letter: String::new(),
            carol: stage.carol(),
            connection: String::new(),
            private_connection: String::new(),
            event: String::new(),
            private_event: String::new(),
            document: String::new(),
            private_document: String::new(),
            ids: RefCell::new(ids.chain([stage.acme.clone()]).collect()),
            count: Cell::new(0),
            alice,
        };
        scene.furnish().await;
        scene
    }

    async fn furnish(&mut self) {
        let rename = json!({ "name": format!("{MARKER} group"), "description": MARKER });
        self.alice.patch(&format!("/v1/groups/{}", self.acme), rename).await.was(200);
        self.child = self.group(&self.alice, &self.acme).await;
        self.annex = self.group(&self.root, &self.acme).await;
        self.inside = self.thing(&self.alice, &self.acme, INSIDE, "group").await;
        self.private = self.thing(&self.alice, &self.acme, PRIVATE, "private").await;
        self.public = self.thing(&self.alice, &self.acme, "marker-of-acme open", "public").await;
        self.at_home = self.thing(&self.alice, &self.alice.home, PRIVATE, "group").await;
        self.in_annex = self.thing(&self.root, &self.annex, PRIVATE, "group").await;
        self.connection = self.connection(&self.inside).await;
        self.private_connection = self.connection(&self.private).await;
        self.event = self.event_about(&self.inside, INSIDE).await;
        self.private_event = self.event_about(&self.private, PRIVATE).await;
        self.document = self.document_of(&self.inside, INSIDE).await;
        self.private_document = self.document_of(&self.private, PRIVATE).await;
        let door = Person::nobody(&self.alice.base);
        self.plaza = self.open_group(&self.carol).await;
        self.plaza_public = self.thing_of_carol("public").await;
        self.plaza_shared = self.thing_of_carol("group").await;
        self.letterbox = self.open_group(&self.alice).await;
        member(&self.alice, &self.letterbox, &self.bob, "group_user").await;
        self.letter = self.letter_to(&self.letterbox).await;
        self.be_outside().await;
        let reads = ["groups", "people", "things", "connections", "events", "knowledge"];
        let reads = reads.map(|what| format!("{what}:read"));
        let (_, token) = self.key(&self.alice, &self.acme, json!(reads)).await;
        self.reading_key = Person { token: Some(token), id: self.alice.id.clone(), ..door.clone() };
        let (_, token) = self.key(&self.alice, &self.acme, json!([])).await;
        self.empty_key = Person { token: Some(token), ..self.reading_key.clone() };
        self.alices_key = self.key(&self.alice, &self.acme, json!([])).await.0;
        self.roots_key = self.key(&self.root, &self.acme, json!([])).await.0;
        let (_, token) = self.key(&self.carol, &self.globex, json!(["*"])).await;
        self.foreign_key = Person { token: Some(token), id: self.carol.id.clone(), ..door };
    }

    /// Those who come close to Acme and are not in it.
    async fn be_outside(&mut self) {
        self.former = self.somebody().await;
        member(&self.alice, &self.acme, &self.former, "group_user").await;
        let path = format!("/v1/people/{}?groupId={}", self.former.id, self.acme);
        self.alice.delete(&path).await.was(204);
        self.invited = self.somebody().await;
        self.prove(&self.invited).await;
        let invitation = self.invitation(&self.alice, &self.acme, &self.invited.email).await;
        self.ids.borrow_mut().push(invitation.clone());
        self.invitation = invitation;
        self.below = self.somebody().await;
        let body = json!({
            "parentGroupId": self.acme, "slug": self.fresh("cellar"), "name": "Cellar",
            "type": "business",
        });
        let cellar = self.root.post("/v1/groups", body).await.was(201).id();
        member(&self.root, &cellar, &self.below, "group_owner").await;
    }

    /// Public, and anybody may join.
    pub(super) async fn open_group(&self, by: &Person) -> String {
        let settings = json!({ "visibility": "public", "joinPolicy": "open" });
        let body = json!({
            "slug": self.fresh("plaza"), "name": "Plaza", "type": "business", "settings": settings,
        });
        by.post("/v1/groups", body).await.was(201).id()
    }

    async fn thing_of_carol(&self, visibility: &str) -> String {
        let body = json!({
            "groupId": self.plaza, "type": "note", "name": "bench", "visibility": visibility,
        });
        self.carol.post("/v1/things", body).await.was(201).id()
    }

    /// From nobody, to a public group of Alice's. Five a minute are taken, so there is one.
    async fn letter_to(&self, group: &str) -> String {
        let body = json!({
            "name": "x", "email": "writer@example.com", "message": PRIVATE, "groupId": group,
        });
        Person::nobody(&self.alice.base).post("/v1/contact", body).await.was(202);
        let letters = self.alice.get(&format!("/v1/contact?groupId={group}")).await.was(200);
        let id = letters.text_at("/data/0/id");
        self.ids.borrow_mut().push(id.clone());
        id
    }

    /// A name that nothing has yet.
    pub(super) fn fresh(&self, what: &str) -> String {
        self.count.set(self.count.get() + 1);
        format!("{what}-{}", self.count.get())
    }

    async fn make(&self, by: &Person, path: &str, body: Value) -> String {
        let id = by.post(path, body).await.was(201).id();
        self.ids.borrow_mut().push(id.clone());
        id
    }

    pub(super) async fn group(&self, by: &Person, above: &str) -> String {
        let body = json!({
            "parentGroupId": above, "slug": self.fresh(MARKER), "name": MARKER, "type": "business",
        });
        self.make(by, "/v1/groups", body).await
    }

    pub(super) async fn thing(
        &self,
        by: &Person,
        group: &str,
        name: &str,
        visibility: &str,
    ) -> String {
        let body = json!({
            "groupId": group, "type": "note", "name": name, "visibility": visibility,
            "properties": { "text": name },
        });
        self.make(by, "/v1/things", body).await
    }

    /// From a new thing of Alice's to another.
    pub(super) async fn connection(&self, to: &str) -> String {
        let from = self.thing(&self.alice, &self.acme, INSIDE, "group").await;
        let note = json!({ "note": INSIDE });
        let body = json!({ "type": "part_of", "fromId": from, "toId": to, "metadata": note });
        self.make(&self.alice, "/v1/connections", body).await
    }

    async fn event_about(&self, thing: &str, word: &str) -> String {
        let body = json!({
            "type": "lesson_completed", "targetId": thing, "metadata": { "note": word },
        });
        self.make(&self.alice, "/v1/events", body).await
    }

    pub(super) async fn document_of(&self, thing: &str, text: &str) -> String {
        let body = json!({
            "groupId": self.acme, "type": "document", "text": text, "sourceThingId": thing,
        });
        self.make(&self.alice, "/v1/knowledge", body).await
    }

    /// A member of Acme without a login.
    pub(super) async fn member(&self) -> String {
        let body = json!({ "groupId": self.acme, "displayName": MARKER, "role": "customer" });
        self.make(&self.alice, "/v1/people", body).await
    }

    /// A key's id, and the key.
    pub(super) async fn key(&self, by: &Person, group: &str, rights: Value) -> (String, String) {
        let body = json!({ "groupId": group, "name": "nightly", "permissions": rights });
        let made = by.post("/v1/api-keys", body).await.was(201);
        if group == self.acme {
            self.ids.borrow_mut().push(made.id());
        }
        (made.id(), made.text_at("/key"))
    }

    /// A new account, signed in for a token pair: its address and the refresh token.
    pub(super) async fn account(&self) -> (String, String) {
        let email = format!("{}@example.com", self.fresh("guest"));
        let door = Person::nobody(&self.alice.base);
        let body = json!({ "email": email, "password": PASSWORD });
        let made = door.post("/v1/auth/signup", body).await.was(200);
        (email, made.text_at("/refreshToken"))
    }

    /// The same person, signed in once more.
    pub(super) async fn once_more(&self, person: &Person) -> Option<Person> {
        if person.email.is_empty() {
            return None;
        }
        let body = json!({ "email": person.email, "password": PASSWORD });
        let door = Person::nobody(&person.base);
        let token = door.post("/v1/auth/sign-in/email", body).await.was(200).text_at("/token");
        Some(Person { token: Some(token), ..person.clone() })
    }

    /// Somebody new, signed in, for what would harm `who`; none where nobody is signed in.
    pub(super) async fn guest(&self, who: &Person) -> Option<Person> {
        if who.email.is_empty() { None } else { Some(self.somebody().await) }
    }

    /// Somebody new, signed in.
    pub(super) async fn somebody(&self) -> Person {
        let email = format!("{}@example.com", self.fresh("guest"));
        let door = Person::nobody(&self.alice.base);
        let body = json!({ "name": "Guest", "email": email, "password": PASSWORD });
        let made = door.post("/v1/auth/sign-up/email", body).await.was(200);
        Person {
            email,
            token: Some(made.text_at("/token")),
            id: made.text_at("/user/personId"),
            home: made.text_at("/user/personalGroupId"),
            ..door
        }
    }

    /// The login of somebody.
    pub(super) async fn user_of(&self, person: &Person) -> String {
        person.get("/v1/auth/get-session").await.was(200).text_at("/user/id")
    }

    /// The login of somebody new.
    pub(super) async fn user(&self) -> String {
        let id = self.user_of(&self.somebody().await).await;
        self.ids.borrow_mut().push(id.clone());
        id
    }

    /// The address of somebody new is proven, as the platform's owner says.
    pub(super) async fn prove(&self, person: &Person) {
        let user = self.user_of(person).await;
        let change = json!({ "emailVerified": true });
        let root = self.once_more(&self.root).await.unwrap_or_else(|| self.root.clone());
        root.patch(&format!("/v1/users/{user}"), change).await.was(200);
    }

    /// Somebody new who works at Acme.
    pub(super) async fn colleague(&self) -> Person {
        let person = self.somebody().await;
        let body = json!({ "groupId": self.acme, "personId": person.id, "role": "group_user" });
        self.root.post("/v1/people", body).await.was(201);
        let mut ids = self.ids.borrow_mut();
        ids.extend([person.id.clone(), person.home.clone(), person.email.clone()]);
        drop(ids);
        person
    }

    /// The same person, signed in once more, with a group as the active organization if it is
    /// theirs.
    pub(super) async fn active(&self, person: &Person, group: &str) -> Option<Person> {
        let again = self.once_more(person).await?;
        let body = json!({ "organizationId": group });
        again.post("/v1/auth/organization/set-active", body).await;
        Some(again)
    }

    /// A group of somebody's own at the top.
    pub(super) async fn organization(&self, by: &Person) -> String {
        let body = json!({ "slug": self.fresh(MARKER), "name": MARKER, "type": "business" });
        self.make(by, "/v1/groups", body).await
    }

    /// A team at Acme, of Alice's.
    pub(super) async fn team(&self) -> String {
        let body = json!({ "name": self.fresh(MARKER), "organizationId": self.acme });
        let made = self.alice.post("/v1/auth/organization/create-team", body).await.was(200);
        self.ids.borrow_mut().push(made.id());
        made.id()
    }

    /// An invitation into a group.
    pub(super) async fn invitation(&self, by: &Person, group: &str, email: &str) -> String {
        let body = json!({ "email": email, "role": "member", "organizationId": group });
        by.post("/v1/auth/organization/invite-member", body).await.was(200).id()
    }
}
