//! The shapes of notifications.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{AnyId, EventId, GroupId, PersonId, ThingId, Time};
use utoipa::{IntoParams, ToSchema};
use web::Patch;

words! {
    /// What a notification is about.
    NotificationKind {
        /// Something was said in a room one takes part in.
        Message = "message",
        /// One was named, as `@username`.
        Mention = "mention",
        /// Something was added to what is one's own.
        Comment = "comment",
        /// Somebody connected something to one, or to what is one's own.
        Connection = "connection",
        /// One was invited into a group.
        Invitation = "invitation",
        /// One was let into a group, or not.
        Membership = "membership",
        /// One's role in a group is another one.
        Role = "role",
        /// Somebody wants to be let into a group one owns.
        JoinRequest = "join_request",
        /// A group one owns comes close to what its plan includes.
        Quota = "quota",
        /// A webhook or a receiver of a group one owns was switched off.
        Webhook = "webhook",
        /// Somebody wrote to a group one owns.
        Contact = "contact",
        /// Somebody who may do so sent it.
        Announcement = "announcement",
    }
}

words! {
    /// How grave it is.
    Severity {
        /// Good to know.
        Info = "info",
        /// Something went well.
        Success = "success",
        /// Something wants attention.
        Warning = "warning",
        /// Something went wrong.
        Error = "error",
    }
}

words! {
    /// How often letters come.
    Frequency {
        /// Never.
        Off = "off",
        /// As soon as there is something.
        Instant = "instant",
        /// Once an hour.
        Hourly = "hourly",
        /// Once a day.
        Daily = "daily",
    }
}

/// A notification.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Its id, which is that of a thing of the type `notification`.
    pub id: ThingId,
    /// What it is about.
    pub kind: NotificationKind,
    /// One sentence, in English, of what its reader may see.
    #[schema(example = "Bob mentioned you in “Plans”")]
    pub title: String,
    /// More of it, in what somebody sent.
    pub message: Option<String>,
    /// How grave it is.
    pub severity: Severity,
    /// Where it leads, in what somebody sent.
    pub action_url: Option<String>,
    /// What that is called.
    pub action_label: Option<String>,
    /// Who did it; null when it was nobody, or somebody one does not know.
    pub actor: Option<Named>,
    /// What it is about; null for what one may not see any more.
    pub target: Option<Named>,
    /// The group it happened in.
    pub group_id: GroupId,
    /// The latest event it tells of.
    pub event_id: EventId,
    /// How often it happened since it was last read.
    pub count: u64,
    /// Whether it was read.
    pub read: bool,
    /// When.
    pub read_at: Option<Time>,
    /// Counts changes; also its `ETag`.
    pub version: u64,
    /// When it first happened.
    pub created_at: Time,
    /// When it last happened: the list has the latest first.
    pub updated_at: Time,
}

/// Something, and what it is called.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = NotificationRef)]
pub struct Named {
    /// Its id.
    pub id: AnyId,
    /// What it is called; null where that is not told, as with the text of a message.
    pub name: Option<String>,
}

/// What is unread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationCounts)]
pub struct Counts {
    /// Unread notifications.
    pub notifications: u64,
    /// Unread messages: what the unread notifications of the kind `message` count together.
    pub unread: u64,
    /// Unread notifications of each kind that has some.
    #[schema(example = json!({"mention": 2, "message": 1}))]
    pub by_kind: BTreeMap<String, u64>,
}

/// Which notifications a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct NotificationQuery {
    /// Only those that are not read, or only those that are.
    pub unread: Option<bool>,
    /// Only of this kind.
    pub kind: Option<NotificationKind>,
}

/// Which notifications are meant: exactly one of these.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = NotificationChoice, example = json!({"upTo": "2026-01-31T12:00:00.000Z"}))]
pub struct Meant {
    /// These, at most 200.
    #[schema(required = false)]
    pub ids: Option<Vec<ThingId>>,
    /// All that happened until then: the `updatedAt` of the newest that was seen.
    pub up_to: Option<Time>,
    /// All there are.
    pub all: Option<bool>,
}

/// Those that are to be unread again.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationIds)]
pub struct Ids {
    /// At most 200.
    pub ids: Vec<ThingId>,
}

/// How one is told of a kind; with none of the three it is not told at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationChannels)]
pub struct Channels {
    /// In the list, the counts and live.
    pub in_app: bool,
    /// In the next letter, if it is unread by then.
    pub email: bool,
    /// To the webhooks of one's own group.
    pub webhook: bool,
}

/// When letters come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NotificationDigest)]
pub struct Digest {
    /// How often.
    pub frequency: Frequency,
    /// At which hour of the day, in one's time zone (`timeZone` of the preferences, else UTC), if
    /// they come once a day.
    #[schema(maximum = 23)]
    pub hour: u8,
}

/// What somebody wants to be told of, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub struct Preferences {
    /// Of each kind.
    #[schema(example = json!({"mention": {"inApp": true, "email": true, "webhook": true}}))]
    pub channels: BTreeMap<&'static str, Channels>,
    /// When letters come.
    pub digest: Digest,
}

/// A merge patch (RFC 7396) of what somebody wants to be told of; null is the default again.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = NotificationPreferencesChange,
    example = json!({"channels": {"message": {"email": true}}, "digest": {"hour": 7}}))]
pub struct PreferencesChange {
    /// By kind.
    #[serde(deserialize_with = "web::patched_objects")]
    pub channels: Patch<BTreeMap<String, Patch<ChannelsChange>>>,
    /// When letters come.
    #[serde(deserialize_with = "web::patched_object")]
    pub digest: Patch<DigestChange>,
}

/// A merge patch of how one is told of a kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = NotificationChannelsChange)]
pub struct ChannelsChange {
    /// In the list, the counts and live.
    pub in_app: Patch<bool>,
    /// In the next letter.
    pub email: Patch<bool>,
    /// To webhooks.
    pub webhook: Patch<bool>,
}

/// A merge patch of when letters come.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = NotificationDigestChange)]
pub struct DigestChange {
    /// How often.
    pub frequency: Patch<Frequency>,
    /// 0 to 23.
    pub hour: Patch<u8>,
}

/// A notification to be sent.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"groupId": "group_01jz0000000000000000000000", "title": "We moved"}))]
pub struct NewNotification {
    /// To members of this group.
    pub group_id: GroupId,
    /// To these of them, at most 100; to all, if absent.
    #[serde(default)]
    pub person_ids: Option<Vec<PersonId>>,
    /// 1 to 200 characters.
    pub title: String,
    /// At most 2,000 characters; not in letters.
    #[serde(default)]
    pub message: Option<String>,
    /// `info`, if absent.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Where it leads: an address that begins with `https://` or `http://`.
    #[serde(default)]
    pub action_url: Option<String>,
    /// What that is called, at most 50 characters.
    #[serde(default)]
    pub action_label: Option<String>,
    /// While one with the same key is unread, this one counts as more of it; at most 100
    /// characters.
    #[serde(default)]
    pub collapse_key: Option<String>,
}

/// A notification on its way.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationSent)]
pub struct Sent {
    /// The event that says so, which its receivers are told by.
    pub event_id: EventId,
}
