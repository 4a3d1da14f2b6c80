create table knowledge (
    id {uuid} primary key not null,
    group_id {uuid} not null references groups (id),
    type text not null,
    text text,
    embedding {bytes},
    embedding_model text,
    source_thing_id {uuid} references things (id),
    chunk {json},
    labels {json} not null,
    metadata {json} not null,
    content_hash {bytes},
    deprecated {flag} not null,
    -- Of the thing it was made from; otherwise the group's, and its maker's.
    visibility text not null,
    owner_id {uuid},
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create index knowledge_group on knowledge (group_id, id);
create index knowledge_group_type on knowledge (group_id, type, id);
create index knowledge_source on knowledge (source_thing_id, id) where source_thing_id is not null;
create unique index knowledge_label on knowledge (group_id, text) where type = 'label';
-- Chunks by what they say: the same text is not cut up twice.
create index knowledge_chunk on knowledge (group_id, content_hash) where type = 'chunk';

create table thing_knowledge (
    thing_id {uuid} not null references things (id) on delete cascade,
    knowledge_id {uuid} not null references knowledge (id) on delete cascade,
    role text not null,
    created_at {int} not null,
    primary key (thing_id, knowledge_id, role)
) {strict};

create index thing_knowledge_back on thing_knowledge (knowledge_id, thing_id);
