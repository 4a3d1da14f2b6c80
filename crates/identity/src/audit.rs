//! Telling the event log what happened to an account: ids and ways, never addresses or secrets.

use kernel::Work;
use kernel::events::NewEvent;
use serde_json::Value;
use types::{Json, Result};

use crate::sessions::Login;

/// Records a private event of an account, in its personal group, by whoever calls — or, when
/// nobody is signed in yet, by the account itself.
pub(crate) async fn tell(
    work: &mut Work<'_>,
    login: Login,
    kind: &str,
    metadata: Value,
) -> Result<()> {
    let metadata = Json::of(&metadata)?;
    let actor = work.me().or(Some(login.person));
    let event = NewEvent::new(login.home, kind, Some(login.person.into()), &metadata)
        .about("private", Some(login.person))
        .by(actor);
    work.record(event).await?;
    Ok(())
}
