-- Messages that were sent under a client's own name, so that one sent again is stored once.
create table live_sent (
    person_id {uuid} not null,
    room_id {uuid} not null,
    client_id text not null,
    message_id {uuid} not null,
    seq {int} not null,
    sent_at {int} not null,
    primary key (person_id, room_id, client_id)
) {strict};

create index live_sent_age on live_sent (sent_at);

-- How far somebody has got and read a room.
create table live_receipts (
    room_id {uuid} not null references things (id) on delete cascade,
    person_id {uuid} not null references people (id) on delete cascade,
    delivered_seq {int} not null,
    read_seq {int} not null,
    updated_at {int} not null,
    primary key (room_id, person_id)
) {strict};

create index live_receipts_moved on live_receipts (room_id, updated_at);
create index live_receipts_person on live_receipts (person_id);
