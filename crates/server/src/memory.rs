//! Memory that is not used any more goes back to the system, also while nothing happens.

use std::hint::black_box;
use std::time::Duration;

/// The allocator (mimalloc) keeps what was freed for a second, in case it is wanted again.
const EVERY: Duration = Duration::from_secs(2);
/// More than it takes from what it keeps.
const LARGE: usize = 16 << 20;

/// The allocator looks for what has had its time when something large is freed, which a server at rest
/// never does: after its start it would hold three times what it uses. So something large is taken
/// now and then, and freed. It is not written to, so it is no memory but a number.
pub(crate) async fn give_back() {
    loop {
        tokio::time::sleep(EVERY).await;
        drop(black_box(Vec::<u8>::with_capacity(LARGE)));
    }
}
