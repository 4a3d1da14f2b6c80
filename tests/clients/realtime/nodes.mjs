// Two nodes on one database: what is said on one is heard on the other, people are counted over
// both, rights end on both, and who was on a node that died goes on elsewhere.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { io } from "socket.io-client";
import { all, ask, call, closeAll, connected, group, hears, ok, people, room, scene, thing, within } from "./house.mjs";

after(closeAll);

async function there(name) {
  const socket = io(scene.other, { auth: { token: people[name].token }, transports: ["websocket"], forceNew: true, reconnection: false });
  socket.heard = [];
  socket.onAny((event, body) => socket.heard.push({ event, body }));
  await within(once(socket, "connect"), "it is let in");
  return socket;
}

test("two nodes", async () => {
  const alice = await connected("alice");
  const bob = await there("bob");
  await ok(alice, "join_room", { room });
  const { cursor } = await ok(bob, "join_room", { room });
  assert.deepEqual(await hears(alice, "presence"), { personId: people.bob.id, online: true, room });
  bob.emit("typing", { room, on: true });
  assert.equal((await hears(alice, "typing")).personId, people.bob.id);
  const said = [];
  for (let count = 0; count < 20; count += 1) {
    said.push((await ok(count % 2 ? alice : bob, "message", { room, body: `m-${count}` })).messageId);
  }
  for (const socket of [alice, bob]) {
    await hears(socket, "message", (message) => message.body === "m-19");
    assert.deepEqual(all(socket, "message").map((message) => message.messageId), said);
  }
  await ok(alice, "read", { room, seq: all(alice, "message").at(-1).seq });
  assert.equal((await hears(bob, "receipt")).personId, people.alice.id);
  assert.deepEqual((await ask(alice, "presence", { personIds: [people.bob.id] })).online, [people.bob.id]);

  await ok(bob, "subscribe", { topic: "person:me" });
  await call("alice", "POST", "/v1/notifications", { groupId: group, title: "from there", personIds: [people.bob.id] });
  assert.equal((await hears(bob, "notification", (one) => one.title === "from there")).read, false);
  await hears(bob, "counts", (counts) => counts.notifications > 0);

  await ok(bob, "subscribe", { topic: `group:${group}` });
  await call("alice", "DELETE", `/v1/people/${people.bob.id}?groupId=${group}`);
  await hears(bob, "unsubscribed", (one) => one.topic === `group:${group}`);
  const late = await thing("alice", "note", "after");
  await hears(alice, "message", (message) => message.body === "m-19");
  await call("alice", "POST", "/v1/people", { groupId: group, personId: people.bob.id, role: "group_user" });
  assert.ok(!JSON.stringify(bob.heard).includes(late.id));

  const cut = once(bob, "disconnect");
  writeFileSync(`${process.env.SIXFOLD_FOLDER}/cut`, "");
  await within(cut, "its node dies");
  const again = await connected("bob");
  const rest = await ok(again, "join_room", { room, since: cursor });
  assert.equal(rest.recovered, true);
  await hears(again, "message", (message) => message.body === "m-19");
  assert.deepEqual(all(again, "message").map((message) => message.messageId), said);
});
