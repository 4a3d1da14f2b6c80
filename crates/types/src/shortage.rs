//! What there was too little of when somebody was refused for want of room.

/// What was full. A closed list, since refusals are counted by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// As many requests as may be were being worked on.
    InFlight,
    /// Bodies that have not come yet, of one client or of all.
    AwaitedBodies,
    /// Requests that are carried out even if their client is gone.
    IdempotentRequests,
    /// Requests waited for longer than they should.
    Wait,
    /// The queue of the store.
    DatabaseQueue,
    /// Connections to the store.
    DatabaseConnections,
    /// The line of long reads.
    LongReads,
    /// Passwords to be hashed or compared.
    Passwords,
    /// Exports of whole groups.
    Exports,
    /// Requests to other servers.
    Calls,
    /// Pages of others that are read.
    Pages,
    /// Sockets and streams.
    LiveConnections,
    /// Nothing with a name: a change that lost against others too often, or a store that is away.
    Other,
}
