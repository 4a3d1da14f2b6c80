// The rows: groups, members, things, connections, and an event for every change, in one SQLite file.
import Database from "better-sqlite3";
import { randomFillSync } from "node:crypto";

const SCHEMA = `
  create table if not exists groups (
    id text primary key, slug text not null unique, name text not null, type text not null,
    created_at integer not null
  ) strict;
  create table if not exists members (
    group_id text not null references groups (id), user_id text not null, role text not null,
    primary key (group_id, user_id)
  ) strict, without rowid;
  create table if not exists things (
    id text primary key, group_id text not null references groups (id), type text not null,
    name text not null, properties text not null, status text not null, owner_id text not null,
    visibility text not null, version integer not null, created_at integer not null,
    updated_at integer not null
  ) strict;
  create index if not exists things_group on things (group_id, id);
  create table if not exists connections (
    id text primary key, group_id text not null references groups (id), type text not null,
    from_id text not null references things (id), to_id text not null references things (id),
    created_at integer not null, unique (type, from_id, to_id)
  ) strict;
  create table if not exists events (
    seq integer primary key autoincrement, id text not null unique,
    group_id text not null references groups (id), type text not null, actor_id text not null,
    target_id text not null, occurred_at integer not null, metadata text not null
  ) strict;
  create index if not exists events_group on events (group_id, seq);
  create index if not exists events_target on events (target_id, seq);
`;

/** What anybody may do who is a member, and what only some may. */
const WRITERS = new Set(["owner", "editor"]);

export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function open(file) {
  const db = new Database(file);
  // An answer of 2xx is on the disk: WAL with a sync at every commit.
  db.pragma("journal_mode = wal");
  db.pragma("synchronous = full");
  db.pragma("foreign_keys = on");
  db.pragma("mmap_size = 1073741824");
  db.pragma("cache_size = -65536");
  db.exec(SCHEMA);
  return db;
}

export function rooms(db) {
  const say = {
    role: db.prepare("select role from members where group_id = ? and user_id = ?").pluck(),
    newGroup: db.prepare("insert into groups (id, slug, name, type, created_at) values (?, ?, ?, ?, ?)"),
    newMember: db.prepare("insert into members (group_id, user_id, role) values (?, ?, ?)"),
    newThing: db.prepare(
      `insert into things (id, group_id, type, name, properties, status, owner_id, visibility, version,
         created_at, updated_at) values (?, ?, ?, ?, ?, 'active', ?, 'group', 1, ?, ?) returning *`,
    ),
    // The policy is part of the statement: what one may not see is not there.
    thing: db.prepare(
      `select t.* from things t join members m on m.group_id = t.group_id and m.user_id = ?
       where t.id = ? and (t.visibility <> 'private' or t.owner_id = m.user_id)`,
    ),
    page: db.prepare(
      `select * from things where group_id = ? and (visibility <> 'private' or owner_id = ?)
       order by id desc limit ?`,
    ),
    newConnection: db.prepare(
      `insert into connections (id, group_id, type, from_id, to_id, created_at) values (?, ?, ?, ?, ?, ?)
       on conflict (type, from_id, to_id) do nothing`,
    ),
    connection: db.prepare("select * from connections where type = ? and from_id = ? and to_id = ?"),
    newEvent: db.prepare(
      `insert into events (id, group_id, type, actor_id, target_id, occurred_at, metadata)
       values (?, ?, ?, ?, ?, ?, ?)`,
    ),
  };

  function record(group, type, actor, target, now, metadata) {
    const event = {
      id: uuid(now), groupId: group, type, actorId: actor, targetId: target,
      timestamp: new Date(now).toISOString(), metadata,
    };
    const row = say.newEvent.run(event.id, group, type, actor, target, now, JSON.stringify(metadata));
    return { seq: Number(row.lastInsertRowid), ...event };
  }

  function writerOf(group, user) {
    const role = say.role.get(group, user);
    if (role === undefined) throw new Refusal(404, "not_found", "There is no such group.");
    if (!WRITERS.has(role)) throw new Refusal(403, "forbidden", "Your role may not write here.");
  }

  const createGroup = db.transaction((user, { name, slug, type }) => {
    const now = Date.now();
    const id = uuid(now);
    say.newGroup.run(id, slug, name, type, now);
    say.newMember.run(id, user, "owner");
    record(id, "group_created", user, id, now, { name });
    return { id, slug, name, type, createdAt: new Date(now).toISOString() };
  });

  const createThing = db.transaction((user, { groupId, type, name, properties }) => {
    writerOf(groupId, user);
    const now = Date.now();
    const id = uuid(now);
    const row = say.newThing.get(id, groupId, type, name, JSON.stringify(properties), user, now, now);
    const event = record(groupId, "thing_created", user, id, now, { type, name });
    return { thing: shown(row), event };
  });

  const createConnection = db.transaction((user, { type, fromId, toId }) => {
    const from = say.thing.get(user, fromId);
    const to = say.thing.get(user, toId);
    if (!from || !to) throw new Refusal(404, "not_found", "There is no such thing.");
    if (from.group_id !== to.group_id) throw new Refusal(422, "invalid", "Both ends are in one group.");
    writerOf(from.group_id, user);
    const now = Date.now();
    const id = uuid(now);
    const made = say.newConnection.run(id, from.group_id, type, fromId, toId, now).changes === 1;
    const row = say.connection.get(type, fromId, toId);
    record(from.group_id, made ? "connection_created" : "connection_updated", user, row.id, now, { type });
    return { made, connection: { id: row.id, groupId: row.group_id, type, fromId, toId } };
  });

  return {
    createGroup: createGroup.immediate,
    createThing: createThing.immediate,
    createConnection: createConnection.immediate,
    getThing(user, id) {
      const row = say.thing.get(user, id);
      if (!row) throw new Refusal(404, "not_found", "There is no such thing.");
      return shown(row);
    },
    listThings(user, group, limit) {
      if (say.role.get(group, user) === undefined) {
        throw new Refusal(404, "not_found", "There is no such group.");
      }
      const rows = say.page.all(group, user, limit + 1);
      return { data: rows.slice(0, limit).map(shown), hasMore: rows.length > limit };
    },
    mayListen: (user, group) => say.role.get(group, user) !== undefined,
  };
}

function shown(row) {
  return {
    id: row.id, groupId: row.group_id, type: row.type, name: row.name,
    properties: JSON.parse(row.properties), status: row.status, ownerId: row.owner_id,
    visibility: row.visibility, version: row.version,
    createdAt: new Date(row.created_at).toISOString(), updatedAt: new Date(row.updated_at).toISOString(),
  };
}

const pool = Buffer.alloc(1600);
let used = pool.length;

/** UUIDv7: ids that sort by time, so that an index grows at its end. */
function uuid(now) {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, (used += 16)));
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
