//! Labels of a copy that were there already, under another id than the bundle's would get: a group
//! has one of each name. Which one it is cannot be computed; it is a row, as long as the import is
//! known, for the lines that give such a label to things may come with another request.

use kernel::Work;
use types::{KnowledgeId, Result};

use super::{Copy, sql};

impl Copy {
    /// Notes which label a line has met that brought it.
    pub(super) async fn note_label(
        &mut self,
        work: &mut Work<'_>,
        brought: Option<KnowledgeId>,
    ) -> Result<()> {
        let met = brought.and_then(|id| Some((id, self.store.names.label(id)?)));
        if let Some((id, here)) = met {
            sql::note_label(work.tx, self.import, id, here).await?;
            self.labels.insert(id, here);
        }
        Ok(())
    }

    /// What an id of the copy stands for: a label that was met, or itself.
    pub(super) async fn knowledge(
        &mut self,
        work: &mut Work<'_>,
        id: KnowledgeId,
    ) -> Result<KnowledgeId> {
        if let Some(here) = self.labels.get(&id) {
            return Ok(*here);
        }
        let here = sql::noted_label(work.tx, self.import, id).await?.unwrap_or(id);
        self.labels.insert(id, here);
        Ok(here)
    }
}
