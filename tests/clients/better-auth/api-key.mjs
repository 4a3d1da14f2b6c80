// API keys: made, shown once, used, changed and taken away.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Device, has, ok, person, refused, url } from "./house.mjs";

const KEY = [
  "id configId name start prefix referenceId enabled expiresAt createdAt updatedAt",
  "rateLimitEnabled rateLimitTimeWindow rateLimitMax requestCount remaining lastRequest",
  "refillInterval refillAmount lastRefillAt permissions metadata",
].join(" ");

/** A request with a key and nothing else. */
const using = (key, path = "/v1/auth/get-session") =>
  fetch(`${url}${path}`, { headers: { "x-api-key": key } });

describe("api key", () => {
  test("one is made, and shown this once", async () => {
    const alice = await person();
    const made = ok(
      await alice.client.apiKey.create({ name: "deploy", expiresIn: 7 * 86_400 }),
    );
    has(made, `${KEY} key`);
    assert.equal(made.name, "deploy");
    assert.equal(made.referenceId, alice.user.id);
    assert.ok(made.key.length >= 40, "256 bits");
    assert.ok(made.start && made.key.startsWith(made.start) && made.start.length < 12);
    assert.equal(made.enabled, true);
    const days = (made.expiresAt - Date.now()) / 86_400_000;
    assert.ok(days > 6.9 && days < 7.1, `${days} days`);

    const { apiKeys, total } = ok(await alice.client.apiKey.list());
    assert.equal(total, 1);
    has(apiKeys[0], KEY);
    assert.ok(!JSON.stringify(apiKeys).includes(made.key));
    const got = ok(await alice.client.apiKey.get({ query: { id: made.id } }));
    has(got, KEY);
    assert.ok(!("key" in got));
    assert.equal(got.id, made.id);
  });

  test("it is renamed, turned off, on, and away", async () => {
    const alice = await person();
    const { id: keyId, key } = ok(await alice.client.apiKey.create({ name: "deploy" }));
    const changed = ok(await alice.client.apiKey.update({ keyId, name: "release" }));
    has(changed, KEY);
    assert.equal(changed.name, "release");
    assert.equal((await using(key)).status, 200);
    ok(await alice.client.apiKey.update({ keyId, enabled: false }));
    assert.ok((await using(key)).status >= 401, "off on the next request");
    ok(await alice.client.apiKey.update({ keyId, enabled: true }));
    assert.equal((await using(key)).status, 200);
    assert.deepEqual(ok(await alice.client.apiKey.delete({ keyId })), { success: true });
    const gone = await using(key);
    assert.equal(gone.status, 403);
    assert.equal((await gone.json()).code, "INVALID_API_KEY");
    assert.equal(ok(await alice.client.apiKey.list()).total, 0);
  });

  test("what is no key of ours is refused by its code", async () => {
    for (const key of ["nonsense", `gsk_${"x".repeat(60)}`]) {
      const answer = await using(key);
      assert.equal(answer.status, 403, key);
      assert.equal((await answer.json()).code, "INVALID_API_KEY");
    }
  });

  test("other people's keys are not found", async () => {
    const alice = await person();
    const mallory = await person("mallory");
    const { id: keyId, key } = ok(await alice.client.apiKey.create({ name: "deploy" }));
    const { apiKey } = mallory.client;
    for (const id of [keyId, "no-such-key"]) {
      refused(await apiKey.get({ query: { id } }), 404, "KEY_NOT_FOUND");
      refused(await apiKey.update({ keyId: id, name: "mine" }), 404, "KEY_NOT_FOUND");
      refused(await apiKey.delete({ keyId: id }), 404, "KEY_NOT_FOUND");
    }
    assert.equal(ok(await apiKey.list()).total, 0);
    assert.equal((await using(key)).status, 200);
  });

  test("nobody makes one for somebody else, or with what is not kept", async () => {
    const alice = await person();
    const bob = await person("bob");
    const other = await alice.client.apiKey.create({ name: "x", userId: bob.user.id });
    assert.ok(other.error?.status >= 400, "`userId` is refused");
    refused(
      await alice.client.apiKey.create({ name: "x", metadata: { a: 1 } }),
      400,
      "METADATA_DISABLED",
    );
    assert.equal(ok(await bob.client.apiKey.list()).total, 0);
    for (const call of [
      new Device().client.apiKey.create({ name: "x" }),
      new Device().client.apiKey.list(),
    ]) {
      assert.equal((await call).error?.status, 401);
    }
  });

  test("a key makes no keys and changes no password", async () => {
    const alice = await person();
    const { key } = ok(await alice.client.apiKey.create({ name: "deploy" }));
    const device = new Device({ cookies: false, origin: null, headers: { "x-api-key": key } });
    assert.ok((await device.client.apiKey.create({ name: "child" })).error?.status >= 401);
    const change = await device.client.changePassword({
      currentPassword: alice.password,
      newPassword: "quiet harbour 77 lamp",
    });
    assert.ok(change.error?.status >= 401);
  });
});
