// What a live app does with `socket.io-client` and `EventSource`, unchanged.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, describe, test } from "node:test";
import { EventSource } from "eventsource";
import { all, ask, call, closeAll, connected, group, hears, no, ok, people, refused, room, thing, url, within } from "./house.mjs";

after(closeAll);
const topic = `group:${group}`;

describe("connecting", () => {
  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    test(`by ${transports.join(", then ")}`, async () => {
      const socket = await connected("alice", { transports });
      const { engine } = socket.io;
      if (engine.transport.name !== transports.at(-1)) await within(once(engine, "upgrade"), "it is upgraded");
      await ok(socket, "subscribe", { topic });
      const made = await thing("bob", "note", `by ${transports}`);
      const event = await hears(socket, "event", (one) => one.targetId === made.id);
      assert.deepEqual([event.type, event.groupId, event.actorId, event.topic], ["thing_created", group, people.bob.id, topic]);
      assert.ok(event.seq > 0 && event.cursor && event.timestamp && event.metadata.name === `by ${transports}`);
      assert.equal(socket.io.engine.transport.name, transports.at(-1));
    });
  }

  test("without a valid credential it is refused with a code", async () => {
    const wrong = await refused({ auth: { token: "nobody" } });
    assert.equal(wrong.data.code, "invalid_token");
    assert.ok(wrong.message.length > 10);
    assert.equal((await refused({})).data.code, "unauthenticated");
    assert.equal((await refused({ auth: { token: 7 } })).data.code, "malformed");
  });

  test("the name by which a connection may be spoken for is nowhere told", async () => {
    const socket = await connected("bob", { transports: ["polling"] });
    const secret = socket.io.engine.id;
    assert.ok(secret.length >= 20 && socket.id.length >= 20 && socket.id !== secret);
    await ok(socket, "join_room", { room });
    const { messageId } = await ok(socket, "message", { room, body: "who said it" });
    const { data } = await call("alice", "GET", `/v1/events?groupId=${group}&targetId=${messageId}`);
    assert.equal(data[0].requestId, socket.id);
    assert.ok(!JSON.stringify(data).includes(secret));
    await ok(socket, "leave_room", { room });
  });

  test("another namespace is none", async () => {
    const socket = (await import("socket.io-client")).io(`${url}/admin`, { transports: ["websocket"], forceNew: true, reconnection: false });
    const [error] = await within(once(socket, "connect_error"), "it is refused");
    assert.equal(error.data.code, "not_found");
    socket.disconnect();
  });

  test("one person has at most so many connections", async () => {
    const sockets = [];
    for (let count = 0; count < 20; count += 1) sockets.push(await connected("carol"));
    assert.equal((await refused({ auth: { token: people.carol.token } })).data.code, "too_many_connections");
    for (const socket of sockets) socket.disconnect();
  });
});

describe("topics", () => {
  test("a filter is asked of every event", async () => {
    const socket = await connected("alice");
    await ok(socket, "subscribe", { topic, filter: 'type == "thing_created" && metadata.name.startsWith("wanted")' });
    await thing("bob", "note", "other");
    const made = await thing("bob", "note", "wanted");
    await hears(socket, "event", (one) => one.targetId === made.id);
    assert.deepEqual(all(socket, "event").map((one) => one.metadata.name), ["wanted"]);
  });

  test("what is foreign, private or no topic is refused", async () => {
    const carol = await connected("carol");
    await no(carol, "subscribe", { topic }, "not_found");
    await no(carol, "join_room", { room }, "not_found");
    await no(carol, "message", { room, body: "hello" }, "not_found");
    await no(carol, "subscribe", { topic: `person:${people.alice.id}` }, "not_found");
    const bob = await connected("bob");
    const secret = await thing("alice", "note", "secret", { visibility: "private" });
    await no(bob, "subscribe", { topic: `thing:${secret.id}` }, "not_found");
    for (const wrong of ["", "group", "group:x", `thing:${group}`, "all:1"]) await no(bob, "subscribe", { topic: wrong }, "unknown_topic");
    await no(bob, "subscribe", { topic, filter: "type ==" }, "invalid_filter");
    await no(bob, "subscribe", { topic, since: "abc" }, "invalid_cursor");
    await no(bob, "subscribe", { topic, more: 1 }, "unknown_field");
    await no(bob, "subscribe", {}, "missing_field");
    await no(bob, "subscribe", "topic", "wrong_type");
    await no(bob, "message", { room, body: "a\0b" }, "invalid_character");
    await no(bob, "no_such_event", {}, "unknown_event");
    await no(bob, "message", { room, body: new Uint8Array(3) }, "binary_not_supported");
    await ok(bob, "subscribe", { topic });
  });

  test("what is private is told to who may see it only", async () => {
    const [alice, bob] = [await connected("alice"), await connected("bob")];
    await ok(alice, "subscribe", { topic });
    await ok(bob, "subscribe", { topic });
    const secret = await thing("alice", "note", "hers", { visibility: "private" });
    const open = await thing("alice", "note", "theirs");
    await hears(alice, "event", (one) => one.targetId === secret.id);
    await hears(bob, "event", (one) => one.targetId === open.id);
    assert.ok(!JSON.stringify(bob.heard).includes(secret.id));
  });

  test("who comes back is told everything in between, once and in order", async () => {
    const before = await connected("alice");
    const { cursor } = await ok(before, "subscribe", { topic });
    const first = await thing("bob", "note", "n-0");
    const heard = await hears(before, "event", (one) => one.targetId === first.id);
    before.disconnect();
    const things = [];
    for (let count = 0; count < 450; count += 50) {
      const items = Array.from({ length: 50 }, (_, at) => ({ groupId: group, type: "note", name: `n-${count + at + 1}` }));
      things.push(...(await call("bob", "POST", "/v1/things/bulk", { items })).results.map((one) => one.id ?? one.data?.id ?? one.thing?.id));
    }
    const again = await connected("alice");
    const answer = await ok(again, "subscribe", { topic, since: heard.cursor });
    assert.equal(answer.recovered, true);
    // More happens while it is told.
    const last = await thing("bob", "note", "n-last");
    await hears(again, "event", (one) => one.targetId === last.id);
    const told = all(again, "event").filter((one) => one.type === "thing_created").map((one) => one.targetId);
    assert.deepEqual(told, [...things, last.id]);
    assert.deepEqual(all(again, "resync_required"), []);
    const seqs = all(again, "event").map((one) => one.seq);
    assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
    // A cursor fits its topic only.
    await no(again, "subscribe", { topic: `thing:${first.id}`, since: cursor }, "invalid_cursor");
  });

  test("one connection listens to at most so many", async () => {
    const socket = await connected("bob");
    const made = [];
    for (let part = 0; part < 2; part += 1) {
      const items = Array.from({ length: 51 }, (_, at) => ({ groupId: group, type: "note", name: `t-${part}-${at}` }));
      made.push(...(await call("bob", "POST", "/v1/things/bulk", { items })).results.map((one) => one.id ?? one.data?.id));
    }
    for (const id of made.slice(0, 100)) await ok(socket, "subscribe", { topic: `thing:${id}` });
    await no(socket, "subscribe", { topic: `thing:${made[100]}` }, "too_many_topics");
    await ok(socket, "subscribe", { topic: `thing:${made[0]}` });
    await ok(socket, "unsubscribe", { topic: `thing:${made[0]}` });
    await ok(socket, "subscribe", { topic: `thing:${made[100]}` });
  });
});

describe("rooms", () => {
  test("a message is stored before it is acknowledged, and told to everybody there", async () => {
    const [alice, bob] = [await connected("alice"), await connected("bob")];
    const joined = await ok(alice, "join_room", { room });
    assert.ok(joined.members.some((one) => one.personId === people.alice.id && one.since));
    await ok(bob, "join_room", { room });
    assert.deepEqual(await hears(alice, "presence"), { personId: people.bob.id, online: true, room });
    assert.deepEqual(await hears(alice, "user_joined"), { userId: people.bob.id, roomSlug: room });
    assert.equal((await hears(bob, "room_joined")).userCount, 2);
    const sent = await ok(bob, "message", { room, body: "hello", clientId: "one" });
    const stored = await call("alice", "GET", `/v1/things/${sent.messageId}`);
    assert.deepEqual([stored.type, stored.parentId, stored.properties.content], ["message", room, "hello"]);
    const { cursor, ...heard } = await hears(alice, "message");
    assert.deepEqual(heard, { room, seq: sent.seq, messageId: sent.messageId, personId: people.bob.id, body: "hello", timestamp: sent.timestamp });
    assert.ok(cursor);
    assert.equal((await hears(bob, "message_sent")).messageId, sent.messageId);
    const again = await ok(bob, "message", { room, body: "hello", clientId: "one" });
    assert.deepEqual(again, sent);
    const other = await ok(bob, "message", { room, body: "and more" });
    await hears(alice, "message", (one) => one.messageId === other.messageId);
    assert.equal(all(alice, "message").length, 2);

    bob.emit("typing", { room, on: true });
    assert.deepEqual(await hears(alice, "typing"), { room, personId: people.bob.id, on: true });
    await ok(alice, "delivered", { room, seq: sent.seq });
    await ok(alice, "read", { room, seq: sent.seq });
    assert.equal((await hears(bob, "receipt", (one) => one.read)).seq, sent.seq);
    await no(alice, "read", { room, seq: 1e12 }, "out_of_range");
    assert.deepEqual((await ask(alice, "presence", { personIds: [people.bob.id, people.carol.id] })).online, [people.bob.id]);
    await ok(bob, "leave_room", { room });
    assert.equal((await hears(alice, "presence", (one) => !one.online)).personId, people.bob.id);
    assert.equal((await hears(alice, "user_left")).userId, people.bob.id);
    await no(bob, "typing", { room, on: true }, "not_joined");
    const later = await ok(bob, "join_room", { room });
    const receipt = later.receipts.find((one) => one.personId === people.alice.id);
    assert.deepEqual([receipt.delivered, receipt.read], [sent.seq, sent.seq]);
    bob.disconnect();
    await hears(alice, "presence", (one) => !one.online && one.personId === people.bob.id);
  });

  test("who comes back to a room is told what was said meanwhile", async () => {
    const [alice, bob] = [await connected("alice"), await connected("bob")];
    const talk = await thing("alice", "conversation", "Talk");
    const { cursor } = await ok(alice, "join_room", { room: talk.id });
    alice.disconnect();
    const said = [];
    for (let count = 0; count < 30; count += 1) {
      await thing("bob", "note", "noise");
      said.push((await ok(bob, "message", { room: talk.id, body: `m-${count}` })).messageId);
    }
    const again = await connected("alice");
    assert.equal((await ok(again, "join_room", { room: talk.id, since: cursor })).recovered, true);
    await hears(again, "message", (one) => one.messageId === said.at(-1));
    assert.deepEqual(all(again, "message").map((one) => one.messageId), said);
    await no(again, "join_room", { room: said[0] }, "not_a_room");
    await no(again, "message", { room: talk.id, body: "" }, "too_short");
    await no(again, "message", { room: talk.id, body: "x".repeat(20_000) }, "too_long");
  });
});

describe("rights", () => {
  test("who is taken out of a group hears nothing more", async () => {
    const team = await call("alice", "POST", "/v1/groups", { name: "Team", slug: `team-${Date.now().toString(36)}`, type: "business" });
    await call("alice", "POST", "/v1/people", { groupId: team.id, personId: people.bob.id, role: "group_user" });
    const bob = await connected("bob");
    const here = `group:${team.id}`;
    await ok(bob, "subscribe", { topic: here });
    await call("alice", "DELETE", `/v1/people/${people.bob.id}?groupId=${team.id}`);
    assert.deepEqual(await hears(bob, "unsubscribed"), { topic: here, code: "not_found" });
    await call("alice", "POST", "/v1/things", { groupId: team.id, type: "note", name: "after" });
    await no(bob, "subscribe", { topic: here }, "not_found");
    assert.ok(!JSON.stringify(bob.heard).includes("after"));
  });

  test("who is signed out is told so and sent away", async () => {
    const person = { email: `live.${Date.now()}@example.com`, password: "violet anchor 42 lantern", name: "Leaving" };
    const response = await fetch(`${url}/v1/auth/sign-up/email`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(person),
    });
    people.leaving = { token: (await response.json()).token };
    const socket = await connected("leaving");
    await ok(socket, "subscribe", { topic: "person:me" });
    const ended = within(once(socket, "disconnect"), "it is sent away");
    const out = await fetch(`${url}/v1/auth/sign-out`, { method: "POST", headers: { authorization: `Bearer ${people.leaving.token}` } });
    assert.equal(out.status, 200);
    assert.equal((await hears(socket, "session_revoked")).code, "invalid_token");
    // Not one after which the client comes back by itself.
    assert.deepEqual((await ended)[0], "io server disconnect");
  });
});

describe("notifications", () => {
  const send = (title, people_) => call("alice", "POST", "/v1/notifications", { groupId: group, title, personIds: people_ });

  test("they and their counts come to whoever listens to what concerns them", async () => {
    const [bob, deaf] = [await connected("bob"), await connected("bob")];
    const alice = await connected("alice");
    await ok(bob, "subscribe", { topic: "person:me" });
    await ok(alice, "subscribe", { topic: "person:me" });
    await send("live", [people.bob.id]);
    const told = await hears(bob, "notification", (one) => one.title === "live");
    assert.deepEqual([told.kind, told.read, told.count, told.actor.id], ["announcement", false, 1, people.alice.id]);
    assert.deepEqual(await call("bob", "GET", `/v1/notifications/${told.id}`), told);
    const event = await hears(bob, "event", (one) => one.targetId === told.id);
    assert.equal(event.type, "notification_created");
    await hears(bob, "counts", (counts) => counts.notifications > 0 && counts.byKind.announcement > 0);
    await call("bob", "POST", "/v1/notifications/read", { all: true });
    await hears(bob, "counts", (counts) => counts.notifications === 0);
    assert.deepEqual([all(deaf, "counts"), all(deaf, "notification")], [[], []]);
    // What is said in her rooms, she is told; this was for somebody else.
    assert.deepEqual(all(alice, "notification").filter((one) => one.title === "live"), []);
    // Who reads a room has read what tells of it.
    await call("bob", "POST", "/v1/connections", { type: "participated_in", fromId: people.bob.id, toId: room });
    const said = await ok(alice, "join_room", { room }).then(() => ok(alice, "message", { room, body: "read me" }));
    await hears(bob, "notification", (one) => one.kind === "message");
    await hears(bob, "counts", (counts) => counts.unread === 1);
    await ok(bob, "join_room", { room });
    await ok(bob, "read", { room, seq: said.seq });
    await within(
      (async () => {
        while (all(bob, "counts").at(-1).unread !== 0) await new Promise((resolve) => setTimeout(resolve, 10));
      })(),
      "nothing is unread",
    );
  });
});

describe("server-sent events", () => {
  const stream = (name, query, headers = {}) =>
    new EventSource(`${url}/v1/events/stream?${query}`, {
      fetch: (input, init) =>
        fetch(input, { ...init, headers: { ...init.headers, ...headers, authorization: `Bearer ${people[name].token}` } }),
    });

  test("the same events, and the rest after a break", async () => {
    const source = stream("alice", `topic=${topic}`);
    await within(once(source, "open"), "it opens");
    const told = within(once(source, "message"), "an event");
    const made = await thing("bob", "note", "streamed");
    const [message] = await told;
    assert.equal(JSON.parse(message.data).targetId, made.id);
    source.close();
    const missed = await thing("bob", "note", "missed");
    const again = stream("alice", `topic=${topic}`, { "last-event-id": message.lastEventId });
    const [next] = await within(once(again, "message"), "the missed event");
    assert.equal(JSON.parse(next.data).targetId, missed.id);
    again.close();
  });

  test("what one may not see is no stream", async () => {
    const source = stream("carol", `topic=${topic}`);
    const [error] = await within(once(source, "error"), "it is refused");
    assert.equal(error.code, 404);
    source.close();
  });
});

describe("floods", () => {
  test("a frame over the limit and a flood end their own connection only", async () => {
    const [calm, wild] = [await connected("alice"), await connected("bob", { reconnection: false })];
    await ok(calm, "subscribe", { topic });
    const ended = within(once(wild, "disconnect"), "it ends");
    wild.emit("message", { room, body: "x".repeat(2_000_000) });
    await ended;
    const other = await connected("bob", { reconnection: false });
    const over = within(once(other, "disconnect"), "it ends");
    for (let count = 0; count < 5_000; count += 1) other.emit("presence", { personIds: [people.alice.id] });
    await over;
    const made = await thing("alice", "note", "calm");
    await hears(calm, "event", (one) => one.targetId === made.id);
  });
});
