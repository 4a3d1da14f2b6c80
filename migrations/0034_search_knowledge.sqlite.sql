-- Which documents are knowledge, without their texts: what is counted beside the answers of a search
-- passes by all others that have the words.
create index search_documents_knowledge on search_documents (document_id, object_id)
where kind = 'knowledge';
