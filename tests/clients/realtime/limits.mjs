// What one person may do to the others in a room, where `limits.live_per_minute` is 120: they hear of
// typing once a second, and who asks too much is told to wait.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { all, ask, call, closeAll, connected, group, hears, no, ok, room } from "./house.mjs";

after(closeAll);

test("typing and asking have limits", async () => {
  const [alice, bob] = [await connected("alice"), await connected("bob")];
  await ok(alice, "join_room", { room });
  await ok(bob, "join_room", { room });

  const began = Date.now();
  for (let count = 0; count < 60; count += 1) await ok(bob, "typing", { room, on: true });
  const seconds = Math.ceil((Date.now() - began) / 1000);
  await ok(bob, "typing", { room, on: false });
  await hears(alice, "typing", (one) => !one.on);
  const on = all(alice, "typing").filter((one) => one.on);
  assert.ok(on.length >= 1 && on.length <= seconds + 1, `${on.length} in ${seconds} s`);
  assert.equal(all(alice, "typing").at(-1).on, false);

  const topic = `group:${group}`;
  const refused = async () => {
    for (let count = 0; count < 2_000; count += 1) {
      const answer = await ask(bob, "unsubscribe", { topic });
      if (!answer.ok) return answer;
    }
    throw new Error("nothing was refused");
  };
  const { code, retryAfter } = await refused();
  assert.equal(code, "rate_limited");
  assert.ok(retryAfter >= 1);
  // Requests are counted elsewhere.
  await call("bob", "GET", `/v1/things/${room}`);
  // Others have what is theirs, and nobody was sent away.
  await ok(alice, "typing", { room, on: true });
  await hears(bob, "typing");
  await no(alice, "no_such_event", {}, "unknown_event");
});
