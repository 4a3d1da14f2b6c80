// Without cookies: the session as a bearer token, and signed tokens for other services.
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { describe, test } from "node:test";
import { Device, ok, person, refused, url } from "./house.mjs";

/** The same person without cookies, by the token of a sign-in. */
async function byToken(owner) {
  const device = new Device({ cookies: false, origin: null });
  Object.assign(device, { email: owner.email, password: owner.password, user: owner.user });
  ok(await device.signIn());
  device.token = device.last.headers.get("set-auth-token");
  assert.ok(device.token, "`set-auth-token` names the session");
  return device;
}

/** An access token of somebody, as apps without cookies get it. */
async function accessToken(owner) {
  const { email, password } = owner;
  const device = new Device({ cookies: false, origin: null });
  return ok(await device.post("/signin", { email, password })).accessToken;
}

/** What a request with this token and nothing else is answered. */
const using = (token) =>
  fetch(`${url}/v1/groups`, { headers: { authorization: `Bearer ${token}` } });

const parts = (token) =>
  token.split(".").map((part) => Buffer.from(part, "base64url"));

describe("bearer", () => {
  test("a token from the header is a session, without any cookie", async () => {
    const alice = await person();
    const device = await byToken(alice);
    assert.equal(device.cookies.size, 0);
    assert.equal((await device.session()).user.id, alice.user.id);
    ok(await device.client.updateUser({ name: "Alicia" }));
    ok(await device.client.signOut());
    assert.equal(await device.session(), null);
  });

  test("one that is not ours is nobody, and is not let in", async () => {
    const device = new Device({ cookies: false, origin: null, token: "no-such-token" });
    assert.equal(await device.session(), null);
    const answer = await device.client.listSessions();
    assert.equal(answer.error?.status, 401);
  });
});

describe("jwt", () => {
  test("a token is signed by a published key and says who", async () => {
    const alice = await person();
    const { token } = ok(await alice.call("/token"));
    const [head, claims] = parts(token).map((part) => part.toString());
    const header = JSON.parse(head);
    assert.deepEqual([header.alg, header.typ], ["EdDSA", "JWT"]);
    const { keys } = ok(await new Device().client.jwks());
    const key = keys.find(({ kid }) => kid === header.kid);
    assert.ok(key, `key ${header.kid} is published`);
    assert.deepEqual(Object.keys(key).filter((name) => name === "d"), [], "the public half only");
    const signed = Buffer.from(token.slice(0, token.lastIndexOf(".")));
    const made = createPublicKey({ key, format: "jwk" });
    assert.ok(verify(null, signed, made, parts(token)[2]));

    const { sub, exp, iss } = JSON.parse(claims);
    assert.equal(sub, alice.user.id);
    assert.equal(iss, url);
    assert.ok(exp * 1000 > Date.now());
    assert.equal((await using(token)).status, 401, "it is for other services, and no key here");
  });

  test("nobody gets one", async () => {
    refused(await new Device().call("/token"), 401, "UNAUTHORIZED");
  });

  test("an access token lets in until its session ends", async () => {
    const alice = await person();
    const token = await accessToken(alice);
    assert.equal((await using(token)).status, 200);
    ok(await alice.client.revokeOtherSessions());
    assert.equal((await using(token)).status, 401);
  });

  test("one that says another algorithm, or is signed by another key, is refused", async () => {
    const token = await accessToken(await person());
    const [head, claims, signature] = token.split(".");
    const text = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const header = JSON.parse(Buffer.from(head, "base64url"));
    for (const forged of [
      `${text({ ...header, alg: "none" })}.${claims}.`,
      `${text({ ...header, alg: "HS256" })}.${claims}.${signature}`,
      `${head}.${text({ sub: "somebody-else", exp: 4e9 })}.${signature}`,
      `${head}.${claims}.${Buffer.alloc(64).toString("base64url")}`,
    ]) {
      assert.equal((await using(forged)).status, 401, forged);
    }
  });
});
