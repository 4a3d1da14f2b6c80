use std::sync::Arc;

use database::seams::tail::Position;
use http::HeaderMap;
use kernel::Caller;
use kernel::access::Sight;
use types::{GroupId, PersonId, ThingId};
use uuid::Uuid;

use super::{Board, Joined};
use crate::door::Credentials;
use crate::listener::{Listener, Sink, Style};
use crate::outlet::Outlet;
use crate::topic::{Topic, View, topics_of};
use crate::wire::Guest;

const GROUP: GroupId = GroupId(Uuid::from_u128(1));

fn listener() -> Arc<Listener> {
    listener_of(Topic::Group(GROUP))
}

fn listener_of(topic: Topic) -> Arc<Listener> {
    let caller = Caller::nobody("test".into());
    let credentials = Credentials::shown(&HeaderMap::new());
    let (outlet, _) = Outlet::new();
    let sink = Sink::Stream { outlet, guest: Arc::new(Guest { caller, credentials }) };
    let view = View { group: GROUP, sight: Sight::All };
    Arc::new(Listener::new((topic, Style::Events), view, None, sink, None))
}

fn at(seq: i64) -> Position {
    Position { xid: 0, seq }
}

#[test]
fn while_nobody_listens_the_log_is_skipped() {
    let board = Board::default();
    board.skip_to(at(7));
    board.skip_to(at(5));
    assert_eq!(board.at(), at(7));
    assert_eq!(board.listen(listener()), at(7));
}

/// The follower has asked where the log ends because nobody listened; before it is answered
/// somebody begins to, and something happens. That must still be told.
#[test]
fn who_began_to_listen_meanwhile_misses_nothing() {
    let board = Board::default();
    board.skip_to(at(7));
    let first = listener();
    assert_eq!(board.join(&first, at(8)), Joined::Live);
    board.skip_to(at(9));
    assert_eq!(board.at(), at(7), "9 is handed out to who was told up to 8");
    // When they are gone, nobody needs it.
    board.leave(&first);
    board.skip_to(at(9));
    assert_eq!(board.at(), at(9));
    assert_eq!(board.join(&listener(), at(8)), Joined::Behind);
}

/// A batch was read without what things belong to, because nobody was in a room; while it is handed
/// out somebody comes to one. What is theirs is not passed by: it is read anew.
#[test]
fn what_was_read_without_its_room_is_not_handed_out_once_somebody_is_in_one() {
    let board = Board::default();
    let (room, said) = (ThingId(Uuid::from_u128(2)), ThingId(Uuid::from_u128(3)));
    board.listen(listener());
    let parents = board.has_rooms();
    assert!(!parents);
    let told = |place, parents| {
        let parent = Some(room).filter(|_| parents);
        let topics = topics_of(GROUP, Some(said.into()), parent);
        board.take(at(place), topics, parents).map(|all| all.len())
    };
    assert_eq!((told(1, parents), board.at()), (Some(1), at(1)));
    let guest = listener_of(Topic::Room(room));
    assert_eq!(board.listen(Arc::clone(&guest)), at(1));
    assert_eq!((told(2, parents), board.at()), (None, at(1)), "they listen from 1 on");
    assert_eq!((told(2, board.has_rooms()), board.at()), (Some(2), at(2)));
    // When they are gone, what was read so is enough again.
    board.leave(&guest);
    assert_eq!((told(3, parents), board.at()), (Some(1), at(3)));
}

#[test]
fn who_listens_to_a_room_is_found_and_nobody_else() {
    let board = Board::default();
    let [room, other] = [2, 3].map(|number| ThingId(Uuid::from_u128(number)));
    let theirs = [Topic::Room(room), Topic::Room(room)].map(listener_of);
    // As a thing it tells nothing in passing.
    let others = [Topic::Group(GROUP), Topic::Thing(room), Topic::Room(other)].map(listener_of);
    for one in theirs.iter().chain(&others) {
        board.listen(Arc::clone(one));
    }
    let found = board.listeners_of(room);
    assert_eq!(found.len(), theirs.len());
    assert!(theirs.iter().all(|one| found.iter().any(|other| Arc::ptr_eq(one, other))));
    assert!(board.is_room(room) && board.is_room(other));
    for one in &found {
        board.leave(one);
    }
    assert!(!board.is_room(room) && board.listeners_of(room).is_empty());
    assert!(board.is_room(other));
}

#[test]
fn a_board_that_closes_has_nobody_left_to_leave() {
    let board = Board::default();
    let (first, second) = (listener(), listener());
    board.listen(Arc::clone(&first));
    board.close();
    assert!(first.is_gone() && board.listeners(|_| true).is_empty());
    // Who comes late is there, and who was there leaves nothing behind.
    board.listen(Arc::clone(&second));
    board.leave(&first);
    assert_eq!(board.listeners(|_| true).len(), 1);
    board.leave(&second);
    assert!(board.is_empty());
}

#[test]
fn each_person_has_so_many_streams() {
    let board = Board::default();
    let [one, other] = [1, 2].map(|number| PersonId(Uuid::from_u128(number)));
    assert!(board.begin_stream(one, 2) && board.begin_stream(one, 2));
    assert!(!board.begin_stream(one, 2));
    assert!(board.begin_stream(other, 2));
    assert!(!board.is_here(one), "who only listens to a stream is not there");
    board.end_stream(one);
    assert!(board.begin_stream(one, 2));
    board.end_stream(one);
    board.end_stream(one);
    assert!(board.begin_stream(one, 1));
}
