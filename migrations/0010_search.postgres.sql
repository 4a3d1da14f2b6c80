-- Everything but letters and digits separates words, as in the other engine's tokenizer. What is
-- not ASCII is left to the parser: whether it counts as a letter must not depend on the locale
-- of the database.
create table search_documents (
    document_id bigint generated always as identity primary key,
    object_id uuid not null unique,
    kind text not null,
    -- The thing it was made from: goes when that thing goes for good.
    source_id uuid,
    title text not null,
    body text not null,
    words tsvector generated always as (
        setweight(to_tsvector('simple', regexp_replace(title, '[\u0001-/:-@\[-`{-\u007f]+', ' ', 'g')), 'A') ||
        setweight(to_tsvector('simple', regexp_replace(body, '[\u0001-/:-@\[-`{-\u007f]+', ' ', 'g')), 'D')
    ) stored
);

create index search_documents_words on search_documents using gin (words);
create index search_documents_source on search_documents (source_id) where source_id is not null;
