//! The access check by itself, in this process: what every rule asks before it does anything.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use database::{Db, Settings};
use kernel::access::{self, Right, Role, Sight};
use kernel::{Caller, Identity, Membership};
use types::{GroupId, PersonId};
use uuid::Uuid;

use crate::report::Report;

/// Checks of one figure.
const CHECKS: u32 = 1_000_000;

/// Measures a few kinds of callers.
pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let url = format!("sqlite://{}", directory.path().join("empty.db").display());
    let db = Db::open(&Settings { url, ..Settings::default() }).await.map_err(failed)?;
    let callers = [
        ("a member of one group", 1, Role::GroupUser),
        ("an owner of one group", 1, Role::GroupOwner),
        ("a member of 100 groups", 100, Role::GroupUser),
        ("an owner of 10 000 groups", 10_000, Role::GroupOwner),
    ];
    for (who, groups, role) in callers {
        let nanos = db.unbound().read(async move |tx| check(tx, groups, role).await).await;
        let nanos = nanos.map_err(failed)?;
        report.note(format!(
            "access check of {who}: {nanos:.0} ns (standing in a group, a right required, one row \
             looked at; mean of {CHECKS})."
        ));
    }
    db.close().await;
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
fn failed(error: types::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

async fn check(tx: &mut database::Tx, groups: u32, role: Role) -> types::Result<f64> {
    let me = PersonId(Uuid::from_u128(7));
    let memberships: Vec<Membership> = (1..=u128::from(groups))
        .map(|number| GroupId(Uuid::from_u128(number << 64)))
        .map(|group| Membership { group, tree: group, role, rights: role.rights() })
        .collect();
    let group = memberships[memberships.len() / 2].group;
    let identity = Identity { person: Some(me), memberships, ..Identity::default() };
    let caller = Caller::new(Arc::new(identity), Arc::from("measured"));
    let begin = Instant::now();
    for _ in 0..CHECKS {
        let place = access::standing(tx, black_box(&caller), black_box(group)).await?;
        place.require(Right::ThingsCreate)?;
        let sight = Sight::of(place.rights, Right::ThingsRead);
        black_box(sight.sees(black_box("private"), Some(me), caller.person()));
    }
    Ok(begin.elapsed().as_secs_f64() * 1e9 / f64::from(CHECKS))
}
