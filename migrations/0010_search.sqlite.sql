create table search_documents (
    document_id integer primary key,
    object_id blob not null unique,
    kind text not null,
    -- The thing it was made from: goes when that thing goes for good.
    source_id blob,
    title text not null,
    body text not null
) strict;

create index search_documents_source on search_documents (source_id) where source_id is not null;

-- Diacritics count, as they do on PostgreSQL: both engines find the same words.
create virtual table search_index using fts5 (
    title, body,
    content = 'search_documents', content_rowid = 'document_id',
    tokenize = 'unicode61 remove_diacritics 0'
);
