use serde_json::{Value, json};
use types::{AnyId, ApiKeyId, EventId, GroupId, Json, Kind, PersonId, Time};
use uuid::Uuid;
use world::events::model::Event;
use world::events::rules::is_reserved;

use super::{Moved, moved, narrowed, touched};

const UUID: Uuid = Uuid::from_u128(7);
const ACTOR: PersonId = PersonId(Uuid::from_u128(8));

/// Types of events that change nobody's rights, whatever they are about.
const LEFT: &str = "account_exported email_verification_sent events_archived events_deleted \
    group_exported join_request_canceled join_request_rejected join_requested \
    notification_sent password_proof_failed password_reset_requested profile_updated \
    quota_exceeded quota_warning sign_in_failed sign_up_repeated type_deleted type_registered \
    type_updated user_exported_by_owner user_login";

/// Types of events that may have changed somebody's.
const LOOKED_AT: &str = "account_deleted account_deletion_requested account_linked \
    account_unlinked ai_response_generated api_key_created api_key_revoked api_key_rotated \
    api_key_updated backup_code_used backup_codes_generated backup_created backup_failed \
    backup_requested backups_deleted connection_created connection_deleted connection_updated \
    contact_status_changed contact_submitted email_change_requested email_change_reverted \
    email_changed email_displaced email_verified email_verified_by_owner entity_archived \
    entity_created entity_deleted entity_updated group_imported group_updated \
    impersonation_ended impersonation_started import_finished import_started \
    invitation_canceled invitation_rejected invitation_resent job_cancelled job_queue_paused \
    job_queue_resumed job_retried jobs_redriven knowledge_created knowledge_deleted \
    knowledge_updated notification_created notification_updated notifications_read \
    notifications_unread onboarding_step_completed ownership_transferred passkey_added \
    passkey_refused passkey_removed passkey_used password_changed password_reset_by_owner \
    password_reset_completed person_created person_erased person_role_changed \
    question_answered receiver_created receiver_deleted receiver_disabled receiver_updated \
    root_key_rotated second_factor_failed second_factor_requested second_factor_sent \
    sessions_ended sessions_revoked_by_owner settings_updated signing_key_rotated \
    thing_archived thing_created thing_deleted thing_restored thing_reverted thing_updated \
    things_imported two_factor_disabled two_factor_enabled \
    user_banned user_changed_by_owner user_created_by_owner user_deleted_by_owner \
    user_erased_by_owner user_imported user_invited_to_group user_joined_group user_logout \
    user_reauthenticated user_registered user_removed_from_group user_unbanned user_verified \
    users_imported webhook_created webhook_deleted webhook_disabled webhook_enabled \
    webhook_replayed webhook_secret_rotated webhook_tested webhook_updated website_analyzed";

/// And those about what a role allows.
const OF_ROLES: &str = "role_created role_deleted role_updated";

/// And those after which nothing says what was below.
const OF_WHAT_WAS: &str = "group_deleted";

/// And those of whoever did it.
const OF_ACTORS: &str = "group_created";

/// And those after which a credential may be worth nothing, whoever's it is.
const OF_ALL: &str = "signing_key_retired";

fn event(name: &str, target: Option<Kind>, metadata: &Value) -> Event {
    Event {
        id: EventId(UUID),
        seq: 1,
        group_id: GroupId(UUID),
        kind: name.to_owned(),
        actor_id: Some(ACTOR),
        impersonator_id: None,
        target_id: target.map(|kind| AnyId { kind, uuid: UUID }),
        timestamp: Time::from_micros(1),
        metadata: Json::of(metadata).expect("JSON"),
        request_id: None,
    }
}

fn of(name: &str, target: Kind) -> Moved {
    moved(&event(name, Some(target), &json!({})))
}

/// What an event tells that has changed these.
fn changes(fields: &[&str]) -> Value {
    let change = |field: &&str| ((*field).to_owned(), json!({ "from": 1, "to": 2 }));
    let changes: serde_json::Map<String, Value> = fields.iter().map(change).collect();
    json!({ "type": "any", "changes": changes })
}

fn changed(fields: &[&str]) -> Moved {
    moved(&event("group_updated", Some(Kind::Group), &changes(fields)))
}

/// A new type has to be decided on here.
#[test]
fn every_type_of_event_is_looked_at_or_known_to_change_nobodys_rights() {
    let (group, person, key) = (GroupId(UUID), PersonId(UUID), ApiKeyId(UUID));
    for one in &kernel::ontology::built_in().event_types {
        let name = one.name.as_str();
        let answers = [Kind::Group, Kind::Person, Kind::ApiKey].map(|kind| of(name, kind));
        let (left, looked_at) = (Moved::Nobodys, [Moved::Persons(person), Moved::Keys(key)]);
        let decided: Vec<&str> = [LEFT, LOOKED_AT, OF_ROLES, OF_WHAT_WAS, OF_ACTORS, OF_ALL]
            .into_iter()
            .filter(|list| list.split_whitespace().any(|known| known == name))
            .collect();
        let [of_group, others @ ..] = answers;
        match decided.as_slice() {
            [] => assert!(!is_reserved(name), "{name} is not decided on"),
            [_] => assert!(is_reserved(name), "{name} is what clients say"),
            _ => panic!("{name} is decided on twice"),
        }
        match decided.first() {
            Some(&LOOKED_AT) => assert_eq!((of_group, others), (Moved::Groups(group), looked_at)),
            Some(&OF_ROLES) => assert_eq!((of_group, others), (Moved::Members(group), looked_at)),
            Some(&OF_WHAT_WAS) => {
                assert_eq!((of_group, others), (Moved::Vanished(group), looked_at));
            }
            Some(&OF_ACTORS) => assert_eq!((of_group, others), (Moved::Persons(ACTOR), looked_at)),
            Some(&OF_ALL) => assert_eq!((of_group, others), (Moved::Everybodys, looked_at)),
            _ => assert_eq!((of_group, others), (left, [Moved::Nobodys, Moved::Nobodys]), "{name}"),
        }
    }
}

#[test]
fn of_what_is_about_nobody_nobodys_rights_are_others() {
    assert_eq!(moved(&event("users_imported", None, &json!({}))), Moved::Nobodys);
    for kind in [Kind::Thing, Kind::Event, Kind::Webhook, Kind::Receiver, Kind::Import, Kind::Job] {
        assert_eq!(of("entity_updated", kind), Moved::Nobodys, "{kind:?}");
    }
    assert_eq!(of("user_logout", Kind::Session), Moved::Somebodys);
}

/// Else whoever may post an event throws everybody's rights out of memory, as often as they please.
#[test]
fn what_clients_say_is_not_what_the_policy_goes_by() {
    for name in ["course_completed", "preferences_updated", "a_type_of_their_own"] {
        for kind in [Kind::Group, Kind::Person, Kind::ApiKey, Kind::Session] {
            assert_eq!(of(name, kind), Moved::Nobodys, "{name} {kind:?}");
        }
    }
}

#[test]
fn a_group_is_looked_at_when_it_moves_opens_closes_or_ends() {
    let (left, looked_at) = (Moved::Nobodys, Moved::Groups(GroupId(UUID)));
    for fields in [
        ["name"].as_slice(),
        &["name", "description", "metadata.colour"],
        &["settings.joinPolicy", "settings.plan", "settings.limits"],
    ] {
        assert_eq!(changed(fields), left, "{fields:?}");
    }
    for fields in [
        ["parentGroupId"].as_slice(),
        &["name", "settings.visibility"],
        &["status"],
        &["slug"],
        &["type"],
        // What nobody has decided on, and what tells of nothing.
        &["name", "settings.other"],
        &[],
    ] {
        assert_eq!(changed(fields), looked_at, "{fields:?}");
    }
    assert_eq!(of("group_updated", Kind::Group), looked_at);
}

/// Most groups have none below them, and those who are here need not be gone through.
#[test]
fn a_group_that_was_deleted_took_along_what_was_below_it() {
    let deleted = |groups: &Value| {
        let told = json!({ "type": "business", "slug": "gone", "groups": groups });
        event("group_deleted", Some(Kind::Group), &told)
    };
    assert_eq!(moved(&deleted(&json!(1))), Moved::Groups(GroupId(UUID)));
    for many in [json!(2), json!(null)] {
        let found = touched(std::iter::once(&deleted(&many))).expect("somebody's");
        assert!(found.vanished && found.groups.contains(&GroupId(UUID)), "{many}");
    }
}

#[test]
fn a_thing_is_looked_at_when_fewer_may_see_it_or_it_ends() {
    let narrows = |name: &str, target: Kind, told: &Value| {
        !narrowed(std::iter::once(&event(name, Some(target), told))).is_empty()
    };
    let seen_by = |from: &str, to: &str| {
        let visibility = json!({ "from": from, "to": to });
        json!({ "type": "conversation", "changes": { "name": {}, "visibility": visibility } })
    };
    for (from, to) in [("group", "private"), ("public", "private"), ("public", "group")] {
        for name in ["thing_updated", "thing_archived", "thing_restored", "thing_reverted"] {
            assert!(narrows(name, Kind::Thing, &seen_by(from, to)), "{name} {from} {to}");
        }
    }
    for (from, to) in [("private", "group"), ("private", "public"), ("group", "public")] {
        assert!(!narrows("thing_updated", Kind::Thing, &seen_by(from, to)), "{from} {to}");
    }
    assert!(narrows("thing_updated", Kind::Thing, &changes(&["ownerId"])));
    assert!(narrows("thing_deleted", Kind::Thing, &json!({ "type": "conversation" })));
    // Most of what happens to things is nothing of that.
    let aside = ["name", "status", "parentId", "properties.topic", "properties.visibility"];
    for name in ["thing_updated", "thing_archived", "thing_restored", "thing_reverted"] {
        assert!(!narrows(name, Kind::Thing, &changes(&aside)), "{name}");
    }
    assert!(!narrows("thing_created", Kind::Thing, &json!({})));
    assert!(!narrows("thing_updated", Kind::Group, &seen_by("group", "private")));
    assert!(!narrows("thing_of_a_client", Kind::Thing, &seen_by("group", "private")));
}

#[test]
fn a_sign_in_that_ended_other_sessions_is_looked_at() {
    let told = json!({ "sessionId": "s", "pushedOut": 1 });
    let person = Moved::Persons(PersonId(UUID));
    assert_eq!(moved(&event("user_login", Some(Kind::Person), &told)), person);
}

#[test]
fn of_many_events_each_one_counts_and_of_none_nobody_is_looked_at() {
    let nothing = json!({});
    let none =
        ["quota_warning", "type_registered"].map(|name| event(name, Some(Kind::Group), &nothing));
    assert!(touched(none.iter()).is_none());
    let some = [
        ("user_logout", Kind::Person),
        ("api_key_revoked", Kind::ApiKey),
        ("role_updated", Kind::Group),
        ("quota_warning", Kind::Group),
    ];
    let some = some.map(|(name, kind)| event(name, Some(kind), &nothing));
    let found = touched(some.iter()).expect("some are");
    assert!(found.people.contains(&PersonId(UUID)) && found.keys.contains(&ApiKeyId(UUID)));
    assert!(found.members.contains(&GroupId(UUID)) && found.groups.is_empty());
    // Who did it, when it is not said who it was about.
    let unsaid = event("user_logout", Some(Kind::Session), &nothing);
    let found = touched(std::iter::once(&unsaid)).expect("somebody's");
    assert!(found.people.contains(&ACTOR) && found.groups.contains(&GroupId(UUID)));
    // The house itself is nobody that could be asked.
    let house = Event { actor_id: None, ..event("group_created", Some(Kind::Group), &nothing) };
    assert!(touched(std::iter::once(&house)).is_none());
}
