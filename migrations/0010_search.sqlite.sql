create table search_documents (
    document_id integer primary key,
    object_id blob not null unique,
    kind text not null,
    title text not null,
    body text not null
) strict;

-- Diacritics count, as they do on PostgreSQL: both engines find the same words.
create virtual table search_index using fts5 (
    title, body,
    content = 'search_documents', content_rowid = 'document_id',
    tokenize = 'unicode61 remove_diacritics 0'
);
