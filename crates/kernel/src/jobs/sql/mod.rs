//! The statements of the queue. Jobs belong to the house, not to a group.

mod ahead;
mod end;
mod put;
mod take;
mod ticks;

pub(super) use ahead::{call_back, shorten};
pub(super) use end::{Ended, beat, done, end, give_back, rescue, sweep, tell};
pub(super) use put::{find_unique, insert, insert_all, insert_unique};
pub(super) use take::{
    Taker, claim, counted, hold_queues, lanes, look, open_queue, promote, ready_kinds,
};
pub(super) use ticks::{Stored, due, fire, put_schedule, set_next, stored};
