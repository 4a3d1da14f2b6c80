//! Ids of a copy: the same for the same object of the same import, and nobody's choice.

use kernel::App;
use sha2::{Digest as _, Sha256};
use types::{ConnectionId, GroupId, ImportId, Kind, KnowledgeId, ThingId};
use uuid::Uuid;

/// Bytes that say when something was made, and in which order of that moment.
const ORDER: usize = 8;

/// Makes the ids of one import.
pub(super) struct Ids {
    /// Known to this installation alone, so that nobody looks for an id that becomes another
    /// object's.
    key: [u8; 32],
    import: Uuid,
}

impl Ids {
    pub(super) fn of(app: &App, import: ImportId) -> Self {
        Self { key: app.keys.derive(&format!("copy v1 {import}")), import: import.0 }
    }

    pub(super) fn group(&self, id: GroupId) -> GroupId {
        GroupId(self.anew(Kind::Group, id.0))
    }

    pub(super) fn thing(&self, id: ThingId) -> ThingId {
        ThingId(self.anew(Kind::Thing, id.0))
    }

    pub(super) fn connection(&self, id: ConnectionId) -> ConnectionId {
        ConnectionId(self.anew(Kind::Connection, id.0))
    }

    pub(super) fn knowledge(&self, id: KnowledgeId) -> KnowledgeId {
        KnowledgeId(self.anew(Kind::Knowledge, id.0))
    }

    /// Lists run in the order of ids, so a copy keeps its moment; but for one that lies after the
    /// import, or is none.
    fn anew(&self, kind: Kind, old: Uuid) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(kind.prefix());
        hash.update(old.as_bytes());
        let mut bytes = [0; 16];
        for (byte, made) in bytes.iter_mut().zip(hash.finalize()) {
            *byte = made;
        }
        let (old, import) = (old.as_bytes(), self.import.as_bytes());
        let is_moment = old[6] >> 4 == 7 && old[..6] <= import[..6];
        let order = if is_moment { &old[..ORDER] } else { &import[..6] };
        for (byte, kept) in bytes.iter_mut().zip(order) {
            *byte = *kept;
        }
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Uuid::from_bytes(bytes)
    }
}

#[cfg(test)]
#[path = "ids_tests.rs"]
mod tests;
