// A bot with an API key that is good for five requests an hour: what it asks over a live connection as
// it would by a request counts among them, and listening does not.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ask, closeAll, connected, group, no, ok, people, url } from "./house.mjs";

after(closeAll);

test("a key's own limit", async () => {
  const bot = await connected("bot");
  const topic = `group:${group}`;
  const personIds = [];
  for (let count = 0; count < 5; count += 1) assert.deepEqual(await ask(bot, "presence", { personIds }), { online: [] });
  await no(bot, "presence", { personIds }, "rate_limited");
  await ok(bot, "subscribe", { topic });
  const response = await fetch(`${url}/v1/groups/${group}`, { headers: { authorization: `Bearer ${people.bot.token}` } });
  assert.equal(response.status, 429);
});
