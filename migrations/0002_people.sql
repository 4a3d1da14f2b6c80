create table people (
    id {uuid} primary key not null,
    user_id {uuid} unique,
    email text,
    username text unique,
    display_name text not null,
    bio text,
    avatar text,
    metadata {json} not null,
    -- The private group every signed-up person has.
    personal_group_id {uuid} references groups (id),
    version {int} not null,
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create index people_email on people (email);

create table memberships (
    group_id {uuid} not null references groups (id),
    person_id {uuid} not null references people (id),
    role text not null,
    permissions {json} not null,
    status text not null,
    created_at {int} not null,
    updated_at {int} not null,
    primary key (group_id, person_id)
) {strict};

create index memberships_person on memberships (person_id, group_id);
