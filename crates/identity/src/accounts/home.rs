//! The person of a new login and their personal group: user-scoped apps need no special case.

use database::args;
use kernel::Work;
use kernel::events::NewEvent;
use kernel::usage::{self, Metric};
use serde_json::json;
use types::{GroupId, Json, PersonId, Result, UserId};

/// Letters of the person's id that make the group's slug: its random tail, 60 bits.
const SLUG_LETTERS: usize = 12;

/// Makes the person, their private group and their membership of it, with their events.
pub(crate) async fn make(
    work: &mut Work<'_>,
    user: UserId,
    name: &str,
    email: &str,
    plan: &str,
) -> Result<(PersonId, GroupId)> {
    let (now, none) = (work.now, Json::empty());
    let (person, group) = (PersonId(work.id()), GroupId(work.id()));
    let id = person.to_string();
    let slug = format!("home-{}", id.get(id.len() - SLUG_LETTERS..).unwrap_or(&id));
    let title = format!("{name}'s space");
    let no_extras = Json::from_text("[]".to_owned())?;

    work.tx
        .run(
            "insert into groups (id, parent_id, slug, name, type, description, visibility, \
             join_policy, plan, limits, metadata, status, version, created_at, updated_at) \
             values ($1, null, $2, $3, 'friend_circle', null, 'private', 'invite_only', $4, null, \
             $5, 'active', 1, $6, $6)",
            args![group, &slug, &title, plan, &none, now],
        )
        .await?;
    work.tx
        .run(
            "insert into group_ancestors (group_id, ancestor_id, depth) values ($1, $1, 0)",
            args![group],
        )
        .await?;
    work.tx
        .run(
            "insert into people (id, user_id, email, username, display_name, bio, avatar, \
             metadata, personal_group_id, version, created_at, updated_at) \
             values ($1, $2, $3, null, $4, null, null, $5, $6, 1, $7, $7)",
            args![person, user, email, name, &none, group, now],
        )
        .await?;
    work.tx
        .run(
            "insert into memberships (group_id, person_id, role, permissions, status, created_at, \
             updated_at) values ($1, $2, 'group_owner', $3, 'active', $4, $4)",
            args![group, person, &no_extras, now],
        )
        .await?;

    usage::take(work, group, Metric::Users, 1).await?;

    let me = Some(person);
    work.record(
        NewEvent::new(group, "user_registered", Some(person.into()), &none)
            .about("private", me)
            .by(me),
    )
    .await?;
    let facts = Json::of(&json!({ "type": "friend_circle", "slug": slug, "personal": true }))?;
    work.record(NewEvent::new(group, "group_created", Some(group.into()), &facts).by(me)).await?;
    let facts = Json::of(&json!({ "role": "group_owner" }))?;
    work.record(NewEvent::new(group, "person_created", Some(person.into()), &facts).by(me)).await?;
    Ok((person, group))
}
