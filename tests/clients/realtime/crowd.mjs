// Twenty connections say twenty things each in one room, all at once.
//
//   SIXFOLD_THINGS   how many things are made after the room: PostgreSQL watches whole pages of an
//                    index, and who reads a room on the page where new things go, meets everybody
//                    who adds one
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { all, call, closeAll, connected, group, hears, ok, room } from "./house.mjs";

after(closeAll);

test("a crowd", async () => {
  const items = Array.from({ length: Number(process.env.SIXFOLD_THINGS) }, (_, at) => ({ groupId: group, type: "note", name: `n-${at}` }));
  if (items.length > 0) await call("alice", "POST", "/v1/things/bulk", { items });
  const listener = await connected("alice");
  await ok(listener, "join_room", { room });
  const sockets = [];
  for (let count = 0; count < 20; count += 1) sockets.push(await connected(count % 2 ? "bob" : "alice"));
  const say = (part) =>
    Promise.all(
      sockets.flatMap((socket, who) =>
        Array.from({ length: 20 }, (_, what) => {
          const body = `${part}-${who}-${what}`;
          return ok(socket, "message", { room, body, clientId: body });
        }),
      ),
    );
  const sent = await say("a");
  assert.equal(new Set(sent.map((one) => one.messageId)).size, 400);
  for (const one of sent) await hears(listener, "message", (message) => message.messageId === one.messageId);
  const told = all(listener, "message").map((message) => message.messageId);
  assert.deepEqual([...told].sort(), sent.map((one) => one.messageId).sort());
  // The same once more is stored once, and answered as before.
  assert.deepEqual(await say("a"), sent);
  const last = await ok(sockets[0], "message", { room, body: "last" });
  await hears(listener, "message", (message) => message.messageId === last.messageId);
  assert.equal(all(listener, "message").length, 401);
});
