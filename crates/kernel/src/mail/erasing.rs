//! Letters that still wait for somebody who is erased. They are sealed, so each is opened to see
//! whom it is for; few wait at any time.

use types::Result;
use uuid::Uuid;

use super::{Letter, slot, sql};
use crate::Work;
use crate::erasure::{Removing, Rooms, Subject};

/// Letters opened at a time.
const PAGE: i64 = 100;
/// Says that the account is deleted, and goes when it is sent: whoever is erased at once gets it
/// all the same.
const FAREWELL: &str = "account_deleted";

/// Letters go with whom they are for.
pub(crate) fn erasing(rooms: Rooms) -> Rooms {
    rooms.code(erase)
}

fn erase<'a>(work: &'a mut Work<'_>, who: &'a Subject, _most: i64) -> Removing<'a> {
    Box::pin(async move {
        let Some(email) = &who.email else { return Ok(0) };
        let (mut after, mut removed) = (Uuid::nil(), 0);
        loop {
            let page = sql::waiting(work.tx, after, PAGE).await?;
            for (id, sealed) in &page {
                after = *id;
                if is_for(work, *id, sealed, email).await? {
                    sql::delete(work.tx, *id).await?;
                    removed += 1;
                }
            }
            if i64::try_from(page.len())? < PAGE {
                return Ok(removed);
            }
        }
    })
}

/// One that cannot be opened is for nobody: its job gives it up.
async fn is_for(work: &mut Work<'_>, id: Uuid, sealed: &[u8], email: &str) -> Result<bool> {
    let vault = work.app().vault.clone();
    let Ok(text) = vault.open(work.tx, slot(id), sealed).await else { return Ok(false) };
    let Ok(letter) = serde_json::from_slice::<Letter>(text.reveal()) else { return Ok(false) };
    Ok(letter.kind != FAREWELL && letter.to.eq_ignore_ascii_case(email))
}
