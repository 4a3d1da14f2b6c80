use std::sync::Arc;

use database::seams::tail::Position;
use http::HeaderMap;
use kernel::Caller;
use kernel::access::Sight;
use tokio::sync::mpsc;
use types::{GroupId, PersonId};
use uuid::Uuid;

use super::{Board, Joined};
use crate::door::Credentials;
use crate::listener::{Listener, Sink, Style};
use crate::topic::{Topic, View};
use crate::wire::Guest;

fn listener() -> Arc<Listener> {
    let group = GroupId(Uuid::from_u128(1));
    let caller = Caller::nobody("test".into());
    let credentials = Credentials::shown(&HeaderMap::new());
    let (sender, _) = mpsc::channel(1);
    let sink = Sink::Stream { sender, guest: Arc::new(Guest { caller, credentials }) };
    let view = View { group, sight: Sight::All };
    Arc::new(Listener::new((Topic::Group(group), Style::Events), view, None, sink, None))
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
