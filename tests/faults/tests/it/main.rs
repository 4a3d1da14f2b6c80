//! What goes wrong, a file for each kind of it. Each round is judged by the ledger of those who
//! wrote meanwhile.

// A sentence about what holds is the name of its test; what it needs to say is in the error.
mod clock;
mod cut;
mod disk;
mod kill;
mod migration;
mod restart;
mod round;
mod slow;
mod syscalls;
