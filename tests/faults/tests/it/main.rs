//! What goes wrong, a file for each kind of it. Each round is judged by the ledger of those who
//! wrote meanwhile.

mod clock;
mod cut;
mod disk;
mod kill;
mod migration;
mod restart;
mod round;
mod slow;
mod syscalls;
