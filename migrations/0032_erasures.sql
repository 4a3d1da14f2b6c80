-- People who are to be erased after their account ended, and those who were: what the deletion of
-- an account leaves for the job that does the rest.
create table erasures (
    person_id {uuid} primary key not null,
    user_id {uuid},
    -- What the account was known by; gone with the erasure.
    email text,
    -- Whether that was known to be theirs.
    email_proven {flag} not null,
    -- Ids of the groups that were theirs alone; none are left with the erasure.
    groups {json} not null,
    -- What becomes of what they own in groups of others: keep or delete.
    contents text not null,
    -- The owner of the platform who asked for it, if one did.
    requested_by {uuid},
    due_at {int} not null,
    -- How much was removed so far.
    removed {int} not null,
    created_at {int} not null,
    erased_at {int}
) {strict};

create index erasures_user on erasures (user_id) where user_id is not null;

-- Whose request a key was sent with.
alter table idempotency_keys add column person_id {uuid};
create index idempotency_person on idempotency_keys (person_id) where person_id is not null;

-- Letters to a group are found by the address of whoever wrote them.
create index things_contact on things (id) where type = 'contact_submission';
