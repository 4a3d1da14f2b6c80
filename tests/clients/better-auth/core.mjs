// Signing up, in and out; who is signed in; what wrong input gets.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Device,
  PASSWORD,
  address,
  basePath,
  has,
  isSession,
  isUser,
  ok,
  person,
  refused,
  url,
} from "./house.mjs";

describe("core", () => {
  test("the service says that it is there", async () => {
    assert.deepEqual(ok(await new Device().call("/ok")), { ok: true });
  });

  test("the error page shows what it is told as text only", async () => {
    const page = await new Device().visit(`${url}${basePath}/error?error=%3Cscript%3Ealert(1)`);
    assert.equal(page.status, 200);
    assert.ok(!(await page.text()).includes("<script>alert"));
  });

  test("signing up answers the user and signs them in", async () => {
    const device = new Device();
    const email = address("alice");
    const made = ok(await device.client.signUp.email({ name: "Alice", email, password: PASSWORD }));
    has(made, "token user");
    isUser(made.user, email);
    assert.equal(made.user.name, "Alice");
    assert.equal(made.user.emailVerified, false);
    assert.equal(device.cookies.size, 1, "one cookie");
    const [{ attributes, line }] = device.cookies.values();
    assert.ok(attributes.has("httponly"), line);
    assert.equal(attributes.get("samesite"), "Lax", line);
    assert.equal(attributes.get("path"), "/", line);
    assert.ok(Number(attributes.get("max-age")) > 0, line);

    const { session, user } = await device.session();
    isUser(user, email);
    isSession(session, user);
  });

  test("a browser that is not to remember gets a cookie that ends with it", async () => {
    const device = await person("brief", { rememberMe: false });
    const [{ attributes, line }] = device.cookies.values();
    assert.ok(!attributes.has("max-age") && !attributes.has("expires"), line);
  });

  test("nobody is null, by GET and by POST", async () => {
    assert.equal(ok(await new Device().client.getSession()), null);
    assert.equal(ok(await new Device().post("/get-session")), null);
    const alice = await person();
    assert.equal(ok(await alice.post("/get-session")).user.id, alice.user.id);
  });

  test("sign-ups that cannot be are refused by their codes", async () => {
    const { client } = new Device();
    const good = () => ({ name: "Bob", email: address("bob"), password: PASSWORD });
    for (const [change, status, code] of [
      [{ password: "short" }, 400, "PASSWORD_TOO_SHORT"],
      [{ password: "long ".repeat(300) }, 400, "PASSWORD_TOO_LONG"],
      [{ name: undefined }, 400, "VALIDATION_ERROR"],
      [{ email: undefined }, 400, "VALIDATION_ERROR"],
      [{ password: 12345678 }, 400, "VALIDATION_ERROR"],
      [{ callbackURL: "https://evil.example/" }, 403, "INVALID_CALLBACK_URL"],
      [{ callbackURL: "//evil.example/" }, 403, "INVALID_CALLBACK_URL"],
    ]) {
      refused(await client.signUp.email({ ...good(), ...change }), status, code);
    }
    const wrong = await client.signUp.email({ ...good(), email: "not an address" });
    assert.equal(wrong.error.status, 400);
    assert.ok(["VALIDATION_ERROR", "INVALID_EMAIL"].includes(wrong.error.code), wrong.error.code);
  });

  test("an address is used once, however it is written", async () => {
    const alice = await person();
    for (const email of [alice.email, alice.email.toUpperCase()]) {
      refused(
        await new Device().client.signUp.email({ name: "Other", email, password: PASSWORD }),
        422,
        "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
      );
    }
  });

  test("a body that is no JSON is a bad request", async () => {
    const answer = await new Device().fetch(`${url}${basePath}/sign-in/email`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{",
    });
    assert.equal(answer.status, 400);
    assert.equal((await answer.json()).code, "BAD_REQUEST");
  });

  test("signing in answers the user, and where to go if it was told", async () => {
    const alice = await person();
    alice.forget();
    const plain = ok(await alice.signIn());
    assert.equal(plain.redirect, false);
    assert.ok(plain.token);
    isUser(plain.user, alice.email);
    assert.equal((await alice.session()).user.id, alice.user.id);

    alice.forget();
    const sent = ok(await alice.signIn({ callbackURL: "/dashboard" }));
    assert.equal(sent.redirect, true);
    assert.ok(sent.url.endsWith("/dashboard"), sent.url);
    refused(
      await alice.signIn({ callbackURL: "https://evil.example/" }),
      403,
      "INVALID_CALLBACK_URL",
    );
  });

  test("every sign-in is a session of its own", async () => {
    const alice = await person();
    const cookie = [...alice.cookies.values()][0].value;
    alice.forget();
    ok(await alice.signIn());
    assert.notEqual([...alice.cookies.values()][0].value, cookie);
  });

  test("a wrong password and an unknown address cannot be told apart", async () => {
    const alice = await person();
    alice.forget();
    const wrong = refused(
      await alice.signIn({ password: "something else 99" }),
      401,
      "INVALID_EMAIL_OR_PASSWORD",
    );
    const unknown = refused(
      await alice.signIn({ email: address("nobody") }),
      401,
      "INVALID_EMAIL_OR_PASSWORD",
    );
    assert.deepEqual(Object.keys(wrong).sort(), Object.keys(unknown).sort());
    assert.equal(wrong.message, unknown.message);
    assert.equal(await alice.session(), null);
    assert.equal(alice.cookies.size, 0);
  });

  test("signing out ends the session, not only the cookie", async () => {
    const alice = await person();
    const kept = new Map(alice.cookies);
    assert.deepEqual(ok(await alice.client.signOut()), { success: true });
    assert.equal(alice.cookies.size, 0);
    alice.cookies = kept;
    assert.equal(await alice.session(), null);
    alice.forget();
    assert.deepEqual(ok(await alice.client.signOut()), { success: true }, "again is fine");
  });

  test("pages of other origins cannot use the cookie", async () => {
    const alice = await person();
    for (const [origin, code] of [
      ["https://evil.example", "INVALID_ORIGIN"],
      ["null", "MISSING_OR_NULL_ORIGIN"],
      [null, "MISSING_OR_NULL_ORIGIN"],
    ]) {
      alice.origin = origin;
      refused(await alice.client.updateUser({ name: "Mallory" }), 403, code);
    }
    alice.origin = url;
    assert.equal((await alice.session()).user.name, "Alice");
  });

  test("only allowed origins may read answers", async () => {
    for (const [origin, allowed] of [
      ["http://localhost:5173", true],
      ["https://evil.example", false],
    ]) {
      const device = new Device({ origin });
      await device.client.getSession();
      const allow = device.last.headers.get("access-control-allow-origin");
      assert.equal(allow, allowed ? origin : null);
      const preflight = await fetch(`${url}${basePath}/sign-in/email`, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization,content-type",
        },
      });
      assert.equal(preflight.headers.get("access-control-allow-origin"), allowed ? origin : null);
      if (!allowed) continue;
      assert.equal(preflight.headers.get("access-control-allow-credentials"), "true");
      const named = preflight.headers.get("access-control-allow-headers").toLowerCase();
      for (const name of ["authorization", "content-type"]) assert.ok(named.includes(name), named);
      const exposed = device.last.headers.get("access-control-expose-headers").toLowerCase();
      assert.ok(exposed.includes("set-auth-token"), exposed);
    }
  });

  test("the default base path of the client is there too", async () => {
    const alice = await person();
    const answer = await alice.fetch(`${url}/api/auth/get-session`);
    assert.equal((await answer.json()).user.id, alice.user.id);
  });
});
