use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use uuid::Uuid;

use super::*;

fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

#[tokio::test]
async fn one_person_has_a_share_of_the_look_ups() {
    let (lookups, one, other) = (Lookups::new(OF_ONE + 1), Some(person(1)), Some(person(2)));
    let mut held = Vec::new();
    for _ in 0..OF_ONE {
        held.push(lookups.place(one).await.expect("a place"));
    }
    let same = lookups.clone();
    let waiting = tokio::spawn(async move { same.place(one).await.map(drop) });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    // It waits for its own: the place that is left is somebody else's.
    drop(lookups.place(other).await.expect("a place"));
    drop(lookups.place(None).await.expect("a place"));
    drop(held);
    waiting.await.expect("no panic").expect("a place");
}

#[tokio::test]
async fn who_looks_nothing_up_is_forgotten() {
    let lookups = Lookups::default();
    for number in 0..100 {
        drop(lookups.place(Some(person(number))).await.expect("a place"));
    }
    let held = lookups.place(Some(person(1))).await.expect("a place");
    drop(lookups.place(Some(person(2))).await.expect("a place"));
    assert_eq!(lookups.0.each.lock().expect("the shares").len(), 2);
    drop(held);
}

/// Keeps for whom it was asked, and knows no name.
struct Asked(Arc<Mutex<Vec<Option<PersonId>>>>);

impl Resolve for Asked {
    fn resolve(&self, _: Name) -> Resolving {
        self.0.lock().expect("who asked").push(called_for());
        let unknown: Result<Addrs, Box<dyn std::error::Error + Send + Sync>> =
            Err("nobody has this name".into());
        Box::pin(std::future::ready(unknown))
    }
}

#[tokio::test]
async fn a_resolver_knows_for_whom_the_client_calls() {
    let asked = Arc::<Mutex<Vec<Option<PersonId>>>>::default();
    let client = super::super::builder().expect("a client");
    let client = client.dns_resolver(Asked(Arc::clone(&asked))).build().expect("a client");
    let call = || client.get("http://hooks.example/").send();
    assert!(on_behalf(person(7), call()).await.is_err());
    assert!(call().await.is_err());
    assert_eq!(*asked.lock().expect("who asked"), [Some(person(7)), None]);
}

#[tokio::test]
async fn who_has_a_page_read_has_their_share_of_the_look_ups() {
    let asked = Arc::<Mutex<Vec<Option<PersonId>>>>::default();
    let client = super::super::builder().expect("a client");
    let client = client.dns_resolver(Asked(Arc::clone(&asked))).build().expect("a client");
    let egress = super::super::Egress::default();
    assert!(egress.0.visitor.set(client).is_ok());
    let (url, bounds) = ("http://pages.example/", super::super::Bounds::of(&["text/html"]));
    let url = url::Url::parse(url).expect("an address");
    let error = egress.fetch_public(person(7), &url, &bounds).await.expect_err("nobody is there");
    assert_eq!(error.code(), "page_unreachable");
    assert_eq!(*asked.lock().expect("who asked"), [Some(person(7))]);
}
