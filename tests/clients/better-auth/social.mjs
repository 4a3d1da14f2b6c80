// Providers: what is answered about accounts that are linked, and about those that are not.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  Device,
  address,
  basePath,
  has,
  isUser,
  leads,
  ok,
  person,
  refused,
  url,
} from "./house.mjs";
import { Provider } from "./provider.mjs";

/** The port at which the server looks for GitHub. */
const port = process.env.SIXFOLD_PROVIDER_PORT;

describe("social", () => {
  test("a provider that is not configured is not found", async () => {
    const { client } = new Device();
    refused(
      await client.signIn.social({ provider: "nowhere", callbackURL: "/" }),
      404,
      "PROVIDER_NOT_FOUND",
    );
    const alice = await person();
    refused(
      await alice.client.linkSocial({ provider: "nowhere", callbackURL: "/" }),
      404,
      "PROVIDER_NOT_FOUND",
    );
    refused(
      await client.linkSocial({ provider: "nowhere", callbackURL: "/" }),
      401,
      "UNAUTHORIZED",
    );
  });

  test("who comes back without having been sent is sent on with the reason", async () => {
    const device = new Device();
    const returned = "code=x&state=never-given";
    for (const answer of [
      await device.visit(`${url}${basePath}/callback/github?${returned}`),
      await device.fetch(`${url}${basePath}/callback/github`, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: returned,
      }),
    ]) {
      if (answer.status === 404 && !port) continue; // no such provider is configured
      assert.ok([302, 303].includes(answer.status), `${answer.status}`);
      const there = leads(answer, answer.status);
      assert.equal(there.origin, url, "never elsewhere");
      const hop = there.searchParams.get("error") ? there : leads(await device.visit(there));
      assert.ok(hop.searchParams.get("error"), hop.href);
      assert.equal(await device.session(), null);
    }
  });

  test("an account with a password is listed as such, and is the last one", async () => {
    const alice = await person();
    const accounts = ok(await alice.client.listAccounts());
    assert.equal(accounts.length, 1);
    has(accounts[0], "id accountId providerId userId createdAt updatedAt scopes");
    assert.equal(accounts[0].providerId, "credential");
    assert.equal(accounts[0].userId, alice.user.id);
    assert.ok(!("password" in accounts[0]));
    refused(
      await alice.client.unlinkAccount({ accountId: accounts[0].id }),
      400,
      "FAILED_TO_UNLINK_LAST_ACCOUNT",
    );
    refused(await new Device().client.listAccounts(), 401, "UNAUTHORIZED");
  });

  test("an account that is not there has no tokens and no profile", async () => {
    const alice = await person();
    const accountId = "no-such-account";
    refused(await alice.client.getAccessToken({ accountId }), 400, "ACCOUNT_NOT_FOUND");
    refused(await alice.client.refreshToken({ accountId }), 400, "ACCOUNT_NOT_FOUND");
    refused(
      await alice.client.accountInfo({ query: { accountId } }),
      400,
      "ACCOUNT_NOT_FOUND",
    );
    assert.equal((await new Device().client.getAccessToken({ accountId })).error?.status, 401);
  });
});

describe("a provider", { skip: !port && "SIXFOLD_PROVIDER_PORT is not set" }, () => {
  const github = new Provider();
  let people = 100;

  before(() => github.listen(Number(port)));
  after(() => github.close());

  /** Somebody new signs in there from now on. */
  function another(name, email = address(name)) {
    people += 1;
    github.person = { id: people, login: name, name, email };
    return email;
  }

  /** Goes to the provider, agrees, and comes back. */
  async function travels(device, started) {
    const { url: there, redirect } = ok(started);
    assert.equal(redirect, true, "the client goes there by itself");
    const back = github.agree(there);
    assert.ok(back.startsWith(`${url}${basePath}/callback/github?`), back);
    return { back, came: leads(await device.visit(back)) };
  }

  const signIn = (device, more) =>
    device.client.signIn.social({ provider: "github", callbackURL: "/home", ...more });

  test("somebody new gets an account, and comes back to the same one", async () => {
    const email = another("octavia");
    const device = new Device();
    const { back, came } = await travels(device, await signIn(device, { newUserCallbackURL: "/new" }));
    assert.equal(came.pathname, "/new");
    const { user } = await device.session();
    isUser(user, email);
    assert.equal(user.emailVerified, true);

    const replay = leads(await device.visit(back));
    assert.ok(replay.searchParams.get("error"), replay.href);
    device.forget();
    const again = await travels(device, await signIn(device));
    assert.equal(again.came.pathname, "/home");
    assert.equal((await device.session()).user.id, user.id);
  });

  test("what was begun in one browser does not end in another", async () => {
    another("octavia");
    const begun = ok(await signIn(new Device()));
    const victim = new Device();
    const there = leads(await victim.visit(github.agree(begun.url)));
    assert.ok(there.searchParams.get("error"), there.href);
    assert.equal(await victim.session(), null);
  });

  test("an account is linked, used, renewed and let go", async () => {
    const alice = await (await person()).verify();
    another("alice", alice.email);
    const started = await alice.client.linkSocial({ provider: "github", callbackURL: "/linked" });
    const { came } = await travels(alice, started);
    assert.deepEqual([came.pathname, came.searchParams.get("error")], ["/linked", null]);
    const accounts = ok(await alice.client.listAccounts());
    assert.deepEqual(accounts.map(({ providerId }) => providerId).sort(), ["credential", "github"]);
    const linked = accounts.find(({ providerId }) => providerId === "github");
    assert.equal(linked.accountId, String(github.person.id));
    assert.ok(!JSON.stringify(accounts).includes([...github.tokens].at(-1)), "no token is shown");

    const accountId = linked.id;
    const { accessToken, scopes } = ok(await alice.client.getAccessToken({ accountId }));
    assert.ok(github.tokens.has(accessToken));
    assert.deepEqual([...scopes].sort(), ["read:user", "user:email"]);
    const renewed = ok(await alice.client.refreshToken({ accountId }));
    assert.ok(github.tokens.has(renewed.accessToken));
    assert.notEqual(renewed.accessToken, accessToken);
    const info = ok(await alice.client.accountInfo({ query: { accountId } }));
    assert.deepEqual([info.user.id, info.user.email], [String(github.person.id), alice.email]);

    const mallory = await person("mallory");
    refused(await mallory.client.getAccessToken({ accountId }), 400, "ACCOUNT_NOT_FOUND");
    assert.deepEqual(ok(await alice.client.unlinkAccount({ accountId })), { status: true });
    refused(await alice.client.getAccessToken({ accountId }), 400, "ACCOUNT_NOT_FOUND");
    assert.equal(ok(await alice.client.listAccounts()).length, 1);
  });
});
