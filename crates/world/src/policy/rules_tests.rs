use std::sync::Arc;

use kernel::access::{Rights, Sight, standing, standing_to_change};
use kernel::{ApiKeyScope, Identity};
use types::ApiKeyId;
use uuid::Uuid;

use super::*;
use crate::connections::stage::{ACME, DEPARTMENT, GLOBEX, Stage};

/// The same person with an API key of Acme's that carries these rights.
fn through_key(caller: &Caller, rights: &[&str]) -> Caller {
    let key = ApiKeyScope {
        id: ApiKeyId(Uuid::from_u128(9)),
        group: ACME,
        tree: ACME,
        rights: Rights::parse(rights, "").expect("rights"),
        limit: None,
        counted: false,
    };
    Caller::new(Arc::new(caller.identity().clone().through_key(key)), "test".into())
}

fn owner_of_the_platform(caller: &Caller) -> Caller {
    let identity = Identity { platform_owner: true, ..caller.identity().clone() };
    Caller::new(Arc::new(identity), "test".into())
}

/// What happens to somebody who just tries.
async fn tries(
    tx: &mut Tx,
    caller: &Caller,
    action: Right,
    group: GroupId,
    row: Option<&Row>,
) -> bool {
    let place = if action.is_reading() {
        standing(tx, caller, group).await
    } else {
        standing_to_change(tx, caller, group).await
    };
    let Ok(place) = place else { return false };
    let me = caller.person();
    let mine = row.is_some_and(|row| row.maker.is_some() && row.maker == me);
    let seen = row
        .is_none_or(|row| Sight::of(place.rights, row.read).sees(&row.visibility, row.owner, me));
    seen && place.require_on(action, mine).is_ok()
}

#[tokio::test]
async fn an_explanation_is_what_happens_for_every_right_and_everybody() {
    let stage = Stage::open().await;
    let archived = async |tx: &mut Tx| {
        tx.run(
            "update groups set status = 'archived', visibility = 'public' where id = $1",
            database::args![GLOBEX],
        )
        .await
    };
    stage.app.db.unbound().write(archived).await.expect("archived");
    let (alice, bob, vera) = (&stage.alice, &stage.bob, &stage.vera);
    let callers = vec![
        alice.clone(),
        bob.clone(),
        vera.clone(),
        stage.carol.clone(),
        owner_of_the_platform(vera),
        Caller::system("test"),
        through_key(alice, &["*"]),
        through_key(alice, &["groups:read", "things:read"]),
        through_key(bob, &["*"]),
        through_key(bob, &[]),
    ];
    let mut rows = vec![None];
    for visibility in ["private", "group", "public"] {
        for owner in [alice.person(), bob.person(), None] {
            let visibility = visibility.to_owned();
            rows.push(Some(Row { read: Right::ThingsRead, visibility, owner, maker: owner }));
        }
    }
    let asked = stage.app.db.unbound().read(async move |tx| {
        let mut asked = 0;
        for caller in &callers {
            for group in [ACME, DEPARTMENT, GLOBEX] {
                for row in &rows {
                    for action in Right::ALL {
                        let told =
                            access::explain(tx, caller, *action, group, row.as_ref()).await?;
                        let done = tries(tx, caller, *action, group, row.as_ref()).await;
                        assert_eq!(told.allowed, done, "{action:?} {group} {row:?} {told:?}");
                        assert!(!told.reasons.is_empty(), "{action:?} {group} {row:?}");
                        asked += 1;
                    }
                }
            }
        }
        Ok(asked)
    });
    assert!(asked.await.expect("answers") > 5_000);
    stage.close().await;
}
