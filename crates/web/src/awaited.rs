//! Bodies that are awaited, by whom. A request holds a place among those that are worked on from its
//! head on, and when its body comes is its sender's business: whoever sends heads alone would have all
//! places, known or not, since limits by address are asked only once the body was read. So one client
//! may be waited for in a share of the places, and all clients together in half of them: the rest is
//! for requests without a body, and for those that bring theirs.
//!
//! Most bodies have come with their heads and are never counted, and requests without one do not even
//! get here, so what this costs is paid by those who let us wait: a few counters without a lock.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::client::ClientAddr;

/// The part of all places in which one client may be waited for; and all of them.
const OF_ONE: usize = 8;
const OF_ALL: usize = 2;
/// Clients share these, however many they are, so that nothing grows with them. Who shares one with
/// somebody who uses it up is refused with them: one client in so many, and nobody can choose whom,
/// since the hash has a key of its own in each process.
const COUNTERS: usize = 2048;

/// How many are awaited just now.
pub(crate) struct Awaited {
    most_of_one: usize,
    most: usize,
    all: AtomicUsize,
    by_client: Box<[AtomicUsize]>,
    hash: RandomState,
}

impl Awaited {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            most_of_one: (places / OF_ONE).max(1),
            most: (places / OF_ALL).max(1),
            all: AtomicUsize::new(0),
            by_client: (0..COUNTERS).map(|_| AtomicUsize::new(0)).collect(),
            hash: RandomState::new(),
        }
    }

    /// Where the body of a request comes from. Those nobody knows an address of are one client.
    pub(crate) fn sender(self: &Arc<Self>, client: Option<ClientAddr>) -> Sender {
        let client = client.unwrap_or(ClientAddr(IpAddr::V6(Ipv6Addr::UNSPECIFIED)));
        // The remainder is smaller than COUNTERS.
        let counter = (self.hash.hash_one(client.network()) % COUNTERS as u64) as usize;
        Sender { awaited: Arc::clone(self), counter }
    }
}

/// Who sends a body.
#[derive(Clone)]
pub(crate) struct Sender {
    awaited: Arc<Awaited>,
    counter: usize,
}

impl Sender {
    /// One more body is awaited of them; none when that would be one too many.
    pub(crate) fn wait_for(&self) -> Option<Waiting> {
        let Awaited { most_of_one, most, all, by_client, .. } = &*self.awaited;
        if !take(&by_client[self.counter], *most_of_one) {
            return None;
        }
        if !take(all, *most) {
            by_client[self.counter].fetch_sub(1, Relaxed);
            return None;
        }
        Some(Waiting(self.clone()))
    }
}

fn take(counter: &AtomicUsize, most: usize) -> bool {
    if counter.fetch_add(1, Relaxed) < most {
        return true;
    }
    counter.fetch_sub(1, Relaxed);
    false
}

/// A body that is awaited, until this is dropped.
pub(crate) struct Waiting(Sender);

impl Drop for Waiting {
    fn drop(&mut self) {
        let Sender { awaited, counter } = &self.0;
        awaited.by_client[*counter].fetch_sub(1, Relaxed);
        awaited.all.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
#[path = "awaited_tests.rs"]
mod tests;
