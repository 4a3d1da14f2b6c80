// The server is killed and started again while somebody listens: their client comes back by itself,
// says where it left off, and is told everything that was acknowledged, once.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { all, closeAll, connected, hears, ok, room, within } from "./house.mjs";

test("a crash", async () => {
  const alice = await connected("alice", { reconnectionDelay: 50, reconnectionDelayMax: 500 });
  let { cursor } = await ok(alice, "join_room", { room });
  alice.on("message", (message) => (cursor = message.cursor));
  alice.io.on("reconnect", () => {});
  alice.on("connect", () => alice.emit("join_room", { room, since: cursor }, () => {}));

  const bob = await connected("bob", { reconnectionDelay: 50, reconnectionDelayMax: 500, ackTimeout: 2_000 });
  const acknowledged = [];
  const cut = once(bob, "disconnect");
  for (let count = 0; count < 200; count += 1) {
    const body = `m-${count}`;
    // Whoever is not answered asks again under the same name: nothing is stored twice.
    for (;;) {
      try {
        const answer = await bob.timeout(3_000).emitWithAck("message", { room, body, clientId: body });
        if (answer.ok) {
          acknowledged.push(answer.messageId);
          break;
        }
        assert.ok(["unauthenticated", "overloaded"].includes(answer.code), JSON.stringify(answer));
      } catch (error) {
        assert.match(error.message, /timed out|timeout|disconnected/);
      }
    }
    if (count === 60) writeFileSync(`${process.env.SIXFOLD_FOLDER}/cut`, "");
  }
  await within(cut, "it was cut");
  await hears(alice, "message", (message) => message.body === "m-199");
  const told = all(alice, "message").map((message) => message.messageId);
  assert.deepEqual(told, acknowledged);
  closeAll();
});
