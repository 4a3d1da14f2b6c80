// Sessions as their owner sees them: listed, revoked, and gone at once; and the profile.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Device, PASSWORD, SESSION, has, isUser, ok, person, refused } from "./house.mjs";

/** A second device of the same person, signed in. */
async function another(owner, more) {
  const device = new Device(more);
  Object.assign(device, { email: owner.email, password: owner.password, user: owner.user });
  ok(await device.signIn());
  return device;
}

describe("sessions", () => {
  test("nobody has none to list or to revoke", async () => {
    const { client } = new Device();
    refused(await client.listSessions(), 401, "UNAUTHORIZED");
    refused(await client.revokeSession({ token: "x" }), 401, "UNAUTHORIZED");
    refused(await client.revokeSessions(), 401, "UNAUTHORIZED");
    refused(await client.revokeOtherSessions(), 401, "UNAUTHORIZED");
    refused(await client.updateUser({ name: "x" }), 401, "UNAUTHORIZED");
  });

  test("the list shows devices, and no live token", async () => {
    const desk = await person();
    const phone = await another(desk, { headers: { "user-agent": "Phone/1.0" } });
    const sessions = ok(await desk.client.listSessions());
    assert.equal(sessions.length, 2);
    for (const session of sessions) {
      has(session, SESSION);
      assert.equal(session.userId, desk.user.id);
      assert.ok(session.expiresAt instanceof Date);
      const live = [...desk.cookies.values(), ...phone.cookies.values()].map(({ value }) => value);
      assert.ok(!live.some((cookie) => cookie.includes(session.token)), "a handle only");
    }
    assert.equal(sessions.filter(({ userAgent }) => userAgent === "Phone/1.0").length, 1);
  });

  test("one is revoked by its handle and is gone on its next request", async () => {
    const desk = await person();
    const phone = await another(desk, { headers: { "user-agent": "Phone/1.0" } });
    const sessions = ok(await desk.client.listSessions());
    const { token } = sessions.find(({ userAgent }) => userAgent === "Phone/1.0");
    assert.deepEqual(ok(await desk.client.revokeSession({ token })), { status: true });
    assert.equal(await phone.session(), null);
    assert.equal((await desk.session()).user.id, desk.user.id);
    assert.equal(ok(await desk.client.listSessions()).length, 1);
  });

  test("somebody else's session is not revoked", async () => {
    const alice = await person();
    const mallory = await person("mallory");
    const [{ token }] = ok(await alice.client.listSessions());
    await mallory.client.revokeSession({ token });
    assert.equal((await alice.session()).user.id, alice.user.id);
  });

  test("all others, and all", async () => {
    const desk = await person();
    const phone = await another(desk);
    assert.deepEqual(ok(await desk.client.revokeOtherSessions()), { status: true });
    assert.equal(await phone.session(), null);
    assert.ok(await desk.session());

    const tablet = await another(desk);
    assert.deepEqual(ok(await desk.client.revokeSessions()), { status: true });
    assert.equal(await tablet.session(), null);
    assert.equal(await desk.session(), null);
  });

  test("a session has no fields of its own to change", async () => {
    const alice = await person();
    const answer = await alice.client.updateSession({ userId: "somebody-else" });
    assert.equal(answer.error?.status, 400, JSON.stringify(answer));
    assert.equal((await alice.session()).user.id, alice.user.id);
  });

  test("name and picture change, nothing else does", async () => {
    const alice = await person();
    const image = "https://pictures.example.com/alice.png";
    assert.deepEqual(ok(await alice.client.updateUser({ name: "Alicia", image })), {
      status: true,
    });
    const { user } = await alice.session();
    isUser(user, alice.email);
    assert.equal(user.name, "Alicia");
    assert.equal(user.image, image);
    for (const change of [{ email: "other@example.com" }, { emailVerified: true }, { id: "x" }]) {
      const answer = await alice.client.updateUser(change);
      assert.equal(answer.error?.status, 400, JSON.stringify(answer));
    }
    const after = (await alice.session()).user;
    assert.deepEqual([after.email, after.emailVerified], [alice.email, false]);
  });

  test("the password is proven without a new session", async () => {
    const alice = await person();
    assert.deepEqual(ok(await alice.post("/verify-password", { password: PASSWORD })), {
      status: true,
    });
    refused(await alice.post("/verify-password", { password: "no" }), 400, "INVALID_PASSWORD");
  });

  test("a changed password signs the others out when asked to", async () => {
    const desk = await person();
    const phone = await another(desk);
    const newPassword = "quiet harbour 77 lamp";
    refused(
      await desk.client.changePassword({ currentPassword: "not it at all", newPassword }),
      400,
      "INVALID_PASSWORD",
    );
    refused(
      await desk.client.changePassword({ currentPassword: PASSWORD, newPassword: "short" }),
      400,
      "PASSWORD_TOO_SHORT",
    );
    const changed = ok(
      await desk.client.changePassword({
        currentPassword: PASSWORD,
        newPassword,
        revokeOtherSessions: true,
      }),
    );
    has(changed, "token user");
    isUser(changed.user, desk.email);
    assert.equal(await phone.session(), null);
    assert.equal((await desk.session()).user.id, desk.user.id);

    phone.forget();
    refused(await phone.signIn(), 401, "INVALID_EMAIL_OR_PASSWORD");
    ok(await phone.signIn({ password: newPassword }));
  });
});
