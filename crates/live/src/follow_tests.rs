use types::{AnyId, ApiKeyId, GroupId, Kind, PersonId};
use uuid::Uuid;

use super::{Moved, moved};

const UUID: Uuid = Uuid::from_u128(7);

fn of(kind: Kind) -> Moved {
    moved(Some(AnyId { kind, uuid: UUID }))
}

#[test]
fn who_is_told_of_is_looked_at_again() {
    assert_eq!(of(Kind::Person), Moved::Persons(PersonId(UUID)));
    assert_eq!(of(Kind::ApiKey), Moved::Keys(ApiKeyId(UUID)));
    assert_eq!(of(Kind::Group), Moved::Groups(GroupId(UUID)));
    assert_eq!(of(Kind::Session), Moved::Somebodys);
}

/// What anybody may post, and what comes by the thousand, delays nobody else's events.
#[test]
fn what_changes_nobodys_rights_is_told_at_once() {
    assert_eq!(moved(None), Moved::Nobodys);
    for kind in [Kind::Thing, Kind::Event, Kind::Webhook, Kind::Receiver, Kind::Import, Kind::Job] {
        assert_eq!(of(kind), Moved::Nobodys, "{kind:?}");
    }
}
