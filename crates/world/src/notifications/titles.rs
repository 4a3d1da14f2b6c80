//! What notifications are called.

use super::model::NotificationKind;

/// What a title names, as far as its reader may see it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Names<'n> {
    /// Who did it.
    pub(super) actor: Option<&'n str>,
    /// What it is about.
    pub(super) target: Option<&'n str>,
    /// Where it happened.
    pub(super) group: Option<&'n str>,
    /// The reader is what it is about.
    pub(super) is_me: bool,
}

/// The name of the thing: what it is about without naming anybody, since it is kept.
pub(super) const fn name(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::Message => "New messages",
        NotificationKind::Mention => "You were mentioned",
        NotificationKind::Comment => "Something was added to what is yours",
        NotificationKind::Connection => "A new connection",
        NotificationKind::Invitation => "An invitation",
        NotificationKind::Membership => "News of a membership",
        NotificationKind::Role => "A new role",
        NotificationKind::JoinRequest => "Somebody wants to join",
        NotificationKind::Quota => "A plan is used up soon",
        NotificationKind::Webhook => "Switched off",
        NotificationKind::Contact => "Somebody wrote",
        NotificationKind::Announcement => "An announcement",
    }
}

/// One sentence. What was sent is called `name` by whoever sent it.
pub(super) fn title(
    kind: NotificationKind,
    event: &str,
    count: i64,
    names: Names<'_>,
    name: &str,
) -> String {
    let who = names.actor.unwrap_or("Somebody");
    let quoted = |name: Option<&str>, otherwise: &str| {
        name.map_or_else(|| otherwise.to_owned(), |name| format!("“{name}”"))
    };
    let group = quoted(names.group, "a group");
    let (room, target) =
        (quoted(names.target, "a conversation"), quoted(names.target, "something of yours"));
    match (kind, event) {
        (NotificationKind::Message, _) if count > 1 => format!("{count} new messages in {room}"),
        (NotificationKind::Message, _) => format!("{who} wrote in {room}"),
        (NotificationKind::Mention, _) if count > 1 => {
            format!("You were mentioned {count} times, last by {}", lower(names.actor))
        }
        (NotificationKind::Mention, _) => match names.target {
            Some(name) => format!("{who} mentioned you in “{name}”"),
            None => format!("{who} mentioned you"),
        },
        (NotificationKind::Comment, _) if count > 1 => format!("{count} additions to {target}"),
        (NotificationKind::Comment, _) => format!("{who} added to {target}"),
        (NotificationKind::Connection, _) => {
            let to = if names.is_me { "you".to_owned() } else { target };
            match count {
                1 => format!("{who} made a connection to {to}"),
                _ => format!("{count} new connections to {to}"),
            }
        }
        (NotificationKind::Invitation, _) => format!("{who} invited you into {group}"),
        (NotificationKind::Membership, "join_request_rejected") => {
            format!("You were not let into {group}")
        }
        (NotificationKind::Membership, _) => format!("You are in {group} now"),
        (NotificationKind::Role, "ownership_transferred") => format!("You own {group} now"),
        (NotificationKind::Role, _) => format!("Your role in {group} is another one now"),
        (NotificationKind::JoinRequest, _) if count > 1 => {
            format!("{count} people want to join {group}")
        }
        (NotificationKind::JoinRequest, _) => format!("{who} wants to join {group}"),
        (NotificationKind::Quota, _) => format!("{group} comes close to what its plan includes"),
        (NotificationKind::Webhook, "receiver_disabled") => {
            format!("A receiver of {group} was switched off")
        }
        (NotificationKind::Webhook, _) => format!("A webhook of {group} was switched off"),
        (NotificationKind::Contact, _) if count > 1 => format!("{count} people wrote to {group}"),
        (NotificationKind::Contact, _) => format!("Somebody wrote to {group}"),
        (NotificationKind::Announcement, _) => name.to_owned(),
    }
}

fn lower(actor: Option<&str>) -> &str {
    actor.unwrap_or("somebody")
}

#[cfg(test)]
#[path = "titles_tests.rs"]
mod tests;
