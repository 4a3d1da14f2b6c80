-- Labels of an imported group that were there already, under another id than the bundle's would get.
-- Kept until the import is gone, since the rows that name them may come in another request.
create table import_labels (
    import_id {uuid} not null references import_runs (id) on delete cascade,
    copied_id {uuid} not null,
    knowledge_id {uuid} not null references knowledge (id) on delete cascade,
    primary key (import_id, copied_id)
) {strict};

create index import_labels_knowledge on import_labels (knowledge_id);
