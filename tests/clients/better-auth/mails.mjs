// What goes by mail: verification, a forgotten password, a new address, the end of an account.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Device,
  PASSWORD,
  address,
  basePath,
  isUser,
  leads,
  letter,
  letters,
  ok,
  person,
  refused,
  url,
} from "./house.mjs";

const NEW = "quiet harbour 77 lamp";

describe("verification", () => {
  test("the mailed token proves the address, once", async () => {
    const alice = await person();
    const sent = await alice.client.sendVerificationEmail({
      email: alice.email,
      callbackURL: "/welcome",
    });
    assert.deepEqual(ok(sent), { status: true });
    const { token, url: link } = await letter(alice.email, "verif", { lead: "=/welcome" });
    assert.ok(link.startsWith(`${url}/`), `the configured address: ${link}`);
    const verified = ok(await alice.client.verifyEmail({ query: { token } }));
    assert.equal(verified.status, true);
    assert.equal((await alice.session()).user.emailVerified, true);
  });

  test("with an address to go on to it redirects there", async () => {
    const alice = await person();
    ok(await alice.client.sendVerificationEmail({ email: alice.email, callbackURL: "/welcome" }));
    const { token } = await letter(alice.email, "verif", { lead: "=/welcome" });
    const query = new URLSearchParams({ token, callbackURL: "/welcome" });
    const there = leads(await alice.fetch(`${url}${basePath}/verify-email?${query}`));
    assert.equal(there.pathname, "/welcome");
    assert.equal(there.searchParams.get("error"), null);
    assert.equal((await alice.session()).user.emailVerified, true);
  });

  test("a scanner that opens the link spends nothing", async () => {
    const alice = await person();
    ok(await alice.client.sendVerificationEmail({ email: alice.email, callbackURL: "/welcome" }));
    const { token, url: link } = await letter(alice.email, "verif", { lead: "=/welcome" });
    for (const method of ["HEAD", "GET", "GET"]) {
      const page = await new Device().visit(link, { method, browser: false });
      assert.equal(page.status, 200, `${method}: a page with a button`);
    }
    assert.equal((await alice.session()).user.emailVerified, false);
    ok(await alice.client.verifyEmail({ query: { token } }));
  });

  test("by the mailbox's owner alone, it ends what whoever signed up has set up", async () => {
    const thief = await person("victim");
    ok(await thief.client.sendVerificationEmail({ email: thief.email, callbackURL: "/welcome" }));
    const { token } = await letter(thief.email, "verif", { lead: "=/welcome" });
    ok(await new Device().client.verifyEmail({ query: { token } }));
    assert.equal(await thief.session(), null);
    thief.forget();
    refused(await thief.signIn(), 401, "INVALID_EMAIL_OR_PASSWORD");
  });

  test("what is no token of ours is refused, or told to the page", async () => {
    const { client } = new Device();
    refused(await client.verifyEmail({ query: { token: "nonsense" } }), 401, "INVALID_TOKEN");
    const query = new URLSearchParams({ token: "nonsense", callbackURL: "/welcome" });
    const there = leads(await new Device().fetch(`${url}${basePath}/verify-email?${query}`));
    assert.equal(there.pathname, "/welcome");
    assert.equal(there.searchParams.get("error")?.toUpperCase(), "INVALID_TOKEN");
  });

  test("an unknown address gets the same answer, and no mail", async () => {
    const email = address("nobody");
    assert.deepEqual(ok(await new Device().client.sendVerificationEmail({ email })), {
      status: true,
    });
    const alice = await person();
    ok(await new Device().client.sendVerificationEmail({ email: alice.email, callbackURL: "/x" }));
    await letter(alice.email, "verif", { lead: "=/x" });
    assert.deepEqual(await letters(email), []);
  });
});

describe("a forgotten password", () => {
  test("is set anew by the mailed token, once, and ends all sessions", async () => {
    const alice = await person();
    const { client } = new Device();
    const asked = ok(
      await client.requestPasswordReset({ email: alice.email, redirectTo: "/reset" }),
    );
    assert.equal(asked.status, true);
    assert.equal(typeof asked.message, "string");
    const { token } = await letter(alice.email, "reset");

    const page = `${url}${basePath}/reset-password/${token}?callbackURL=%2Freset`;
    const there = leads(await new Device().visit(page));
    assert.equal(there.pathname, "/reset");
    assert.equal(there.searchParams.get("token"), token, "the page gets it; it is not spent");

    refused(await client.resetPassword({ newPassword: "short", token }), 400, "PASSWORD_TOO_SHORT");
    assert.deepEqual(ok(await client.resetPassword({ newPassword: NEW, token })), { status: true });
    refused(await client.resetPassword({ newPassword: NEW, token }), 400, "INVALID_TOKEN");
    assert.equal(await alice.session(), null, "all sessions end");
    alice.forget();
    refused(await alice.signIn(), 401, "INVALID_EMAIL_OR_PASSWORD");
    ok(await alice.signIn({ password: NEW }));
  });

  test("what is no token of ours is refused, or told to the page", async () => {
    const { client } = new Device();
    refused(await client.resetPassword({ newPassword: NEW, token: "no" }), 400, "INVALID_TOKEN");
    refused(await client.resetPassword({ newPassword: NEW }), 400, "INVALID_TOKEN");
    const page = `${url}${basePath}/reset-password/nonsense?callbackURL=%2Freset`;
    const there = leads(await new Device().visit(page));
    assert.equal(there.pathname, "/reset");
    assert.equal(there.searchParams.get("error"), "INVALID_TOKEN");
  });

  test("known and unknown addresses get the same answer", async () => {
    const alice = await person();
    const { client } = new Device();
    const known = ok(await client.requestPasswordReset({ email: alice.email }));
    const nobody = address("nobody");
    const unknown = ok(await client.requestPasswordReset({ email: nobody }));
    assert.deepEqual(known, unknown);
    await letter(alice.email, "reset");
    assert.deepEqual(await letters(nobody), []);
  });

  test("nobody is led to a place that is not allowed", async () => {
    const alice = await person();
    const answer = await new Device().client.requestPasswordReset({
      email: alice.email,
      redirectTo: "https://evil.example/",
    });
    assert.equal(answer.error?.status, 403, JSON.stringify(answer));
    const page = `${url}${basePath}/reset-password/x?callbackURL=https%3A%2F%2Fevil.example`;
    const there = await new Device().visit(page);
    assert.equal(there.status, 403);
    assert.equal(there.headers.get("location"), null);
  });
});

describe("a new address", () => {
  test("counts once it is proven, and is mailed to the new one", async () => {
    const alice = await (await person()).verify();
    const newEmail = address("alicia");
    assert.deepEqual(ok(await alice.client.changeEmail({ newEmail, callbackURL: "/settings" })), {
      status: true,
    });
    assert.equal((await alice.session()).user.email, alice.email, "not yet");
    const { token } = await letter(newEmail, "");
    ok(await alice.client.verifyEmail({ query: { token } }));
    const again = new Device();
    Object.assign(again, { email: newEmail, password: PASSWORD });
    const { user } = ok(await again.signIn());
    isUser(user, newEmail);
    assert.equal(user.id, alice.user.id);
  });

  test("counts for whoever is signed in to the account, and for no other", async () => {
    const alice = await (await person()).verify();
    const newEmail = address("alicia");
    ok(await alice.client.changeEmail({ newEmail }));
    const { token } = await letter(newEmail, "");
    for (const other of [new Device(), await person("mallory")]) {
      refused(await other.client.verifyEmail({ query: { token } }), 401, "INVALID_USER");
    }
    assert.equal((await alice.session()).user.email, alice.email);
    ok(await alice.client.verifyEmail({ query: { token } }));
    assert.equal((await alice.session()).user.email, newEmail);
  });

  test("that somebody else has is not told apart", async () => {
    const alice = await (await person()).verify();
    const bob = await person("bob");
    assert.deepEqual(ok(await alice.client.changeEmail({ newEmail: bob.email })), { status: true });
    refused(await new Device().client.changeEmail({ newEmail: "x@example.com" }), 401, "UNAUTHORIZED");
  });
});

describe("the end of an account", () => {
  test("comes with the password", async () => {
    const alice = await person();
    refused(await alice.client.deleteUser({ password: "not it at all" }), 400, "INVALID_PASSWORD");
    const gone = ok(await alice.client.deleteUser({ password: PASSWORD }));
    assert.equal(gone.success, true);
    assert.equal(typeof gone.message, "string");
    assert.equal(await alice.session(), null);
    alice.forget();
    refused(await alice.signIn(), 401, "INVALID_EMAIL_OR_PASSWORD");
  });

  test("or with a mailed link, which only its owner can use", async () => {
    const alice = await person();
    const asked = ok(await alice.client.deleteUser({ callbackURL: "/goodbye" }));
    assert.equal(asked.success, true);
    assert.equal((await alice.session())?.user.id, alice.user.id, "not yet");
    const { token } = await letter(alice.email, "delet");
    const query = { token };
    const mallory = await person("mallory");
    const stranger = await mallory.call("/delete-user/callback", { query });
    assert.equal(stranger.error?.status, 404, JSON.stringify(stranger));
    const gone = ok(await alice.call("/delete-user/callback", { query }));
    assert.equal(gone.success, true);
    assert.equal(await alice.session(), null);
  });
});
