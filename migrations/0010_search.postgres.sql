-- Everything but letters and digits separates words, as in the other engine's tokenizer.
create table search_documents (
    document_id bigint generated always as identity primary key,
    object_id uuid not null unique,
    kind text not null,
    title text not null,
    body text not null,
    words tsvector generated always as (
        setweight(to_tsvector('simple', regexp_replace(title, '[^[:alnum:]]+', ' ', 'g')), 'A') ||
        setweight(to_tsvector('simple', regexp_replace(body, '[^[:alnum:]]+', ' ', 'g')), 'D')
    ) stored
);

create index search_documents_words on search_documents using gin (words);
