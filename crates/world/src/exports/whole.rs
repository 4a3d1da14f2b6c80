//! The export of a whole group: who gets it, from before its first byte to its last.

use database::Tx;
use kernel::access::{self, Right, Rights};
use kernel::{App, Caller, Tries};
use types::{Error, GroupId, Json, Result};

use super::spool::{self, Spool};
use crate::transfer::{ExportOptions, Top};
use crate::{World, groups};

/// One on its way to whoever asked for it.
pub(super) struct Whole {
    app: App,
    caller: Caller,
    group: GroupId,
    spool: Spool,
}

/// Starts the export of a group and all below it in the lines of `sixfold export`; also its slug.
///
/// # Errors
/// 401, 404 by policy; 403 for anybody but an owner, or a key that may not read everything; 429 and
/// 503 while they, or too many others, are at it; 503 when the store had no room to read it; 507
/// `export_no_room`.
pub(super) async fn open(
    world: &World,
    caller: &Caller,
    group: GroupId,
) -> Result<(String, Whole)> {
    let (app, asking): (&App, _) = (world, caller.clone());
    // Before a place is taken: who may not export keeps nobody from it.
    app.store(caller).read(async move |tx| may_export(tx, &asking, group).await).await?;
    let (spool, out) = spool::open(world.exports.take(caller.person())?)?;
    let slug = app
        .change(caller, async move |work| {
            may_export(work.tx, work.caller, group).await?;
            let found = groups::rules::visible(work.tx, work.caller, group).await?;
            work.announce(group, "group_exported", group, &Json::empty()).await?;
            Ok(found.slug)
        })
        .await?;
    let options = ExportOptions { group: Some(Top::Id(group)), hidden: false };
    out.fill(app.clone(), app.reach_of(caller), options);
    let (app, caller, spool) = (app.clone(), caller.clone(), spool.begun().await?);
    let mut whole = Whole { app, caller, group, spool };
    // It may have waited long for its turn: until now a refusal is an answer.
    whole.ask_again().await?;
    Ok((slug, whole))
}

impl Whole {
    /// The next bytes; none behind the end.
    ///
    /// # Errors
    /// As [`open`]: whoever may no longer export gets no further, however long ago it was written.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let piece = self.spool.next().await?;
        // After the wait for it, and before each: the reader takes their time.
        if piece.is_some() {
            self.ask_again().await?;
        }
        Ok(piece)
    }

    /// Refuses whoever may not have it by now. A store that has no room for the question is asked
    /// up to six times more, for some seconds: that is no answer to it, and what waits in the file
    /// is lost when this breaks off.
    async fn ask_again(&mut self) -> Result<()> {
        let mut tries = Tries::default();
        loop {
            match self.asked().await {
                Err(error) => tries.after(error).await?,
                Ok(()) => return Ok(()),
            }
        }
    }

    async fn asked(&mut self) -> Result<()> {
        self.caller = self.caller.again().await?;
        let (asking, group) = (self.caller.clone(), self.group);
        let store = self.app.store(&self.caller);
        store.read(async move |tx| may_export(tx, &asking, group).await).await
    }
}

async fn may_export(tx: &mut Tx, caller: &Caller, group: GroupId) -> Result<()> {
    let place = access::standing(tx, caller, group).await?;
    // API keys are in no export.
    let told = |right: &Right| right.is_reading() && *right != Right::ApiKeysRead;
    let told: Rights = Right::ALL.iter().copied().filter(told).collect();
    if !place.owns || !place.rights.covers(told) {
        return Err(Error::forbidden("Only an owner of this group may export all of it."));
    }
    Ok(())
}
