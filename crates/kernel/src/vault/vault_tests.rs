use database::{Db, Settings};

use super::*;

const NOW: Time = Time::from_micros(1_800_000_000_000_000);

fn slot(number: u128) -> Slot<'static> {
    let id = |offset: u128| Uuid::from_u128(number * 10 + offset);
    Slot {
        purpose: "totp",
        tenant: id(1),
        owner: id(2),
        object: id(3),
        field: "secret",
        version: 0,
    }
}

fn keys(root: u8) -> Keys {
    Keys::new([root; 32], [9; 32])
}

async fn store() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("v.db").display());
    (folder, Db::open(&Settings { url, ..Settings::default() }).await.unwrap())
}

#[tokio::test]
async fn what_is_sealed_opens_in_its_own_slot_only() {
    let (_folder, db) = store().await;
    let vault = Vault::new(&keys(1), Random::seeded(1));
    let own = vault.clone();
    let sealed = db
        .unbound()
        .write(async move |tx| own.seal(tx, NOW, slot(1), b"seed").await)
        .await
        .unwrap();
    let again = sealed.clone();
    let own = vault.clone();
    let opened =
        db.unbound().read(async move |tx| own.open(tx, slot(1), &again).await).await.unwrap();
    assert_eq!(opened.reveal(), b"seed");

    let base = slot(1);
    let id = Uuid::from_u128(99);
    let elsewhere = [
        Slot { purpose: "oauth", ..base },
        Slot { tenant: id, ..base },
        Slot { owner: id, ..base },
        Slot { object: id, ..base },
        Slot { field: "other", ..base },
        Slot { version: 1, ..base },
        // The same letters, cut elsewhere.
        Slot { purpose: "totps", field: "ecret", ..base },
    ];
    for (index, place) in elsewhere.into_iter().enumerate() {
        let (sealed, own) = (sealed.clone(), vault.clone());
        let error = db.unbound().read(async move |tx| own.open(tx, place, &sealed).await).await;
        assert_eq!(error.err().unwrap().cause().unwrap(), unopened().cause().unwrap(), "{index}");
    }
    for at in 0..sealed.len() {
        let (mut changed, own) = (sealed.clone(), vault.clone());
        changed[at] ^= 1;
        let opened = db.unbound().read(async move |tx| own.open(tx, slot(1), &changed).await).await;
        assert!(opened.is_err(), "byte {at}");
        let (cut, own) = (sealed[..at].to_vec(), vault.clone());
        let opened = db.unbound().read(async move |tx| own.open(tx, slot(1), &cut).await).await;
        assert!(opened.is_err(), "cut at {at}");
    }
    db.close().await;
}

#[tokio::test]
async fn a_new_root_key_rewraps_and_the_old_one_opens_nothing_more() {
    let (_folder, db) = store().await;
    let vault = Vault::new(&keys(1), Random::seeded(2));
    let sealed = db
        .unbound()
        .write(async move |tx| vault.seal(tx, NOW, slot(1), b"seed").await)
        .await
        .unwrap();
    let count = db
        .unbound()
        .write(async |tx| rewrap(tx, &keys(1), &keys(2), &Random::seeded(3)).await)
        .await
        .unwrap();
    assert_eq!(count, 1);
    for (root, opens) in [(2, true), (1, false)] {
        let (vault, sealed) = (Vault::new(&keys(root), Random::seeded(4)), sealed.clone());
        let opened =
            db.unbound().read(async move |tx| vault.open(tx, slot(1), &sealed).await).await;
        assert_eq!(opened.is_ok(), opens, "root {root}");
    }
    db.close().await;
}
