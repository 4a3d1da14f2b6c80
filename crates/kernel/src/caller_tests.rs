use uuid::Uuid;

use super::*;

fn person(id: u128) -> Arc<Identity> {
    Arc::new(Identity { person: Some(PersonId(Uuid::from_u128(id))), ..Identity::default() })
}

/// Somebody of whom this is found out when they are asked for again.
fn found(now: Option<Arc<Identity>>) -> Caller {
    let again: Again = Arc::new(move || -> Found {
        let now = now.clone();
        Box::pin(async move { Ok(now) })
    });
    Caller::new(person(1), "test".into()).known_by(again)
}

#[tokio::test]
async fn who_calls_is_who_they_are_by_now() {
    let key = ApiKeyScope {
        id: ApiKeyId(Uuid::from_u128(3)),
        group: GroupId(Uuid::from_u128(4)),
        tree: GroupId(Uuid::from_u128(4)),
        rights: Rights::all(),
        limit: None,
        counted: false,
    };
    let owner = Identity { platform_owner: true, ..Identity::clone(&person(1)) };
    let by_key = Identity { key: Some(key), ..Identity::clone(&person(1)) };
    let now = found(Some(Arc::new(owner))).again().await.unwrap();
    assert!(now.identity().platform_owner && now.request_id() == "test");
    assert!(now.again().await.is_ok(), "and once more");
    for gone in [None, Some(person(2)), Some(Arc::new(by_key))] {
        let error = found(gone).again().await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
}

#[tokio::test]
async fn nobody_and_the_house_stay_who_they_are() {
    assert!(!Caller::nobody("test".into()).again().await.unwrap().is_known());
    assert!(Caller::system("test").again().await.unwrap().identity().system);
    let error = Caller::new(person(1), "test".into()).again().await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Internal, "no way to find out");
}
