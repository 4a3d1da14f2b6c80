// Signing in by a mailed link.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Device,
  address,
  basePath,
  isSession,
  isUser,
  leads,
  letter,
  ok,
  person,
  refused,
  url,
} from "./house.mjs";

describe("magic link", () => {
  test("a new person is made and signed in by it, once", async () => {
    const device = new Device();
    const email = address("mira");
    const sent = await device.client.signIn.magicLink({ email, name: "Mira", callbackURL: "/home" });
    assert.deepEqual(ok(sent), { status: true });
    const { token, url: link } = await letter(email, "magic");
    assert.ok(token.length >= 32, "256 bits");
    assert.ok(link.startsWith(`${url}/`), link);

    const verified = ok(await device.client.magicLink.verify({ query: { token } }));
    isUser(verified.user, email);
    isSession(verified.session, verified.user);
    assert.equal(verified.user.name, "Mira");
    assert.equal(verified.user.emailVerified, true, "who opened the mail has the mailbox");
    assert.equal((await device.session()).user.id, verified.user.id);

    const again = await new Device().call("/magic-link/verify", {
      query: { token, callbackURL: "/home" },
    });
    assert.equal(again.error.status, 302);
  });

  test("with an address to go on to it redirects there, and a used one says so", async () => {
    const alice = await person();
    const device = new Device();
    ok(await device.client.signIn.magicLink({ email: alice.email, callbackURL: "/home" }));
    const { token } = await letter(alice.email, "magic");
    const query = new URLSearchParams({ token, callbackURL: "/home", errorCallbackURL: "/sorry" });
    const address = `${url}${basePath}/magic-link/verify?${query}`;
    const there = leads(await device.fetch(address));
    assert.equal(there.pathname, "/home");
    assert.equal((await device.session()).user.id, alice.user.id);

    const used = leads(await new Device().fetch(address));
    assert.equal(used.pathname, "/sorry");
    assert.equal(used.searchParams.get("error"), "INVALID_TOKEN");
  });

  test("a scanner that opens the link spends nothing", async () => {
    const alice = await person();
    const device = new Device();
    ok(await device.client.signIn.magicLink({ email: alice.email, callbackURL: "/home" }));
    const { token, url: link } = await letter(alice.email, "magic");
    for (const method of ["HEAD", "GET", "GET"]) {
      const page = await new Device().visit(link, { method, browser: false });
      assert.equal(page.status, 200, `${method}: a page with a button`);
      assert.deepEqual(page.headers.getSetCookie(), []);
    }
    const page = await device.visit(link);
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type"), /^text\/html/);
    assert.match(page.headers.get("referrer-policy"), /^(no-referrer|same-origin)$/);
    ok(await device.client.magicLink.verify({ query: { token } }));
  });

  test("known and unknown addresses get the same answer", async () => {
    const alice = await person();
    const { client } = new Device();
    const known = ok(await client.signIn.magicLink({ email: alice.email }));
    assert.deepEqual(ok(await client.signIn.magicLink({ email: address("new") })), known);
  });

  test("what cannot be mailed or led to is refused", async () => {
    const { client } = new Device();
    const wrong = await client.signIn.magicLink({ email: "not an address" });
    assert.equal(wrong.error?.status, 400);
    const email = address("mira");
    for (const field of ["callbackURL", "newUserCallbackURL", "errorCallbackURL"]) {
      const answer = await client.signIn.magicLink({ email, [field]: "https://evil.example/" });
      assert.equal(answer.error?.status, 403, field);
    }
    refused(await new Device().post("/sign-in/magic-link"), 400, "VALIDATION_ERROR");
  });
});
