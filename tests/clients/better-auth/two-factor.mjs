// The second factor: an authenticator app, mailed codes, backup codes, trusted devices.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Device, PASSWORD, has, isUser, letter, ok, person, refused } from "./house.mjs";
import { App } from "./totp.mjs";

/** Somebody with a second factor, signed in; the code of this step is spent. */
async function guarded() {
  const device = await person("grace");
  const enabled = ok(await device.client.twoFactor.enable({ password: PASSWORD }));
  const app = new App(enabled.totpURI);
  ok(await device.client.twoFactor.verifyTotp({ code: app.code() }));
  return { device, app, codes: enabled.backupCodes };
}

/** The same person at another device, asked for the second factor. */
async function halfWay(owner) {
  const device = new Device();
  Object.assign(device, { email: owner.email, password: PASSWORD, user: owner.user });
  const asked = ok(await device.signIn());
  assert.equal(asked.twoFactorRedirect, true);
  return device;
}

describe("two-factor", () => {
  test("turning it on takes the password, and a first code", async () => {
    const grace = await person("grace");
    refused(
      await grace.client.twoFactor.enable({ password: "not it at all" }),
      400,
      "INVALID_PASSWORD",
    );
    const enabled = ok(await grace.client.twoFactor.enable({ password: PASSWORD }));
    has(enabled, "totpURI backupCodes");
    assert.match(enabled.totpURI, /^otpauth:\/\/totp\//);
    assert.equal(new Set(enabled.backupCodes).size, 10);
    assert.equal((await grace.session()).user.twoFactorEnabled, false, "not yet");

    const app = new App(enabled.totpURI);
    refused(await grace.client.twoFactor.verifyTotp({ code: app.wrong() }), 401, "INVALID_CODE");
    const verified = ok(await grace.client.twoFactor.verifyTotp({ code: app.code() }));
    has(verified, "token user");
    isUser(verified.user, grace.email);
    assert.equal((await grace.session()).user.twoFactorEnabled, true);
  });

  test("without it there is nothing to show, make or answer", async () => {
    const grace = await person("grace");
    refused(
      await grace.client.twoFactor.getTotpUri({ password: PASSWORD }),
      400,
      "TOTP_NOT_ENABLED",
    );
    refused(
      await grace.client.twoFactor.generateBackupCodes({ password: PASSWORD }),
      400,
      "TWO_FACTOR_NOT_ENABLED",
    );
    for (const call of [
      new Device().client.twoFactor.verifyTotp({ code: "123456" }),
      new Device().client.twoFactor.verifyOtp({ code: "123456" }),
      new Device().client.twoFactor.verifyBackupCode({ code: "abcde-fghij" }),
      new Device().client.twoFactor.sendOtp(),
    ]) {
      refused(await call, 401, "INVALID_TWO_FACTOR_COOKIE");
    }
  });

  test("signing in asks for it before there is a session", async () => {
    const { device: grace, app } = await guarded();
    const device = await halfWay(grace);
    assert.deepEqual([...device.askedFor].sort(), ["otp", "totp"], "the client's hook is called");
    assert.equal(await device.session(), null);
    assert.equal(device.last.headers.get("set-auth-token"), null);
    refused(await device.client.twoFactor.verifyTotp({ code: app.wrong() }), 401, "INVALID_CODE");
    const code = app.code(1);
    const verified = ok(await device.client.twoFactor.verifyTotp({ code }));
    has(verified, "token user");
    assert.equal((await device.session()).user.id, grace.user.id);

    const replay = await halfWay(grace);
    refused(await replay.client.twoFactor.verifyTotp({ code }), 401, "INVALID_CODE");
    assert.equal(await replay.session(), null);
  });

  test("a mailed code does as well", async () => {
    const { device: grace } = await guarded();
    const device = await halfWay(grace);
    assert.deepEqual(ok(await device.client.twoFactor.sendOtp()), { status: true });
    const { code } = await letter(grace.email, "code");
    assert.match(code, /^\d{6}$/);
    const other = code === "000000" ? "000001" : "000000";
    refused(await device.client.twoFactor.verifyOtp({ code: other }), 401, "INVALID_CODE");
    const verified = ok(await device.client.twoFactor.verifyOtp({ code }));
    has(verified, "token user");
    assert.equal((await device.session()).user.id, grace.user.id);
  });

  test("no mailed code after a password that was set by mail", async () => {
    const grace = await (await person("grace")).verify();
    const enabled = ok(await grace.client.twoFactor.enable({ password: PASSWORD }));
    const app = new App(enabled.totpURI);
    ok(await grace.client.twoFactor.verifyTotp({ code: app.code() }));
    grace.forget();
    ok(await grace.client.requestPasswordReset({ email: grace.email }));
    const { token } = await letter(grace.email, "reset");
    const password = "quiet harbour 77 lamp";
    ok(await grace.client.resetPassword({ newPassword: password, token }));
    assert.equal(ok(await grace.signIn({ password })).twoFactorRedirect, true);
    assert.deepEqual(grace.askedFor, ["totp"]);
    refused(await grace.client.twoFactor.sendOtp(), 400, "OTP_NOT_ENABLED");
    ok(await grace.client.twoFactor.verifyTotp({ code: app.code(1) }));
    assert.equal((await grace.session()).user.id, grace.user.id);
  });

  test("a backup code does once", async () => {
    const { device: grace, codes } = await guarded();
    const device = await halfWay(grace);
    refused(
      await device.client.twoFactor.verifyBackupCode({ code: "aaaaa-aaaaa" }),
      401,
      "INVALID_BACKUP_CODE",
    );
    const verified = ok(await device.client.twoFactor.verifyBackupCode({ code: codes[3] }));
    has(verified, "token user");
    assert.equal((await device.session()).user.id, grace.user.id);

    const again = await halfWay(grace);
    refused(
      await again.client.twoFactor.verifyBackupCode({ code: codes[3] }),
      401,
      "INVALID_BACKUP_CODE",
    );
    ok(await again.client.twoFactor.verifyBackupCode({ code: codes[4] }));
  });

  test("new backup codes end the old ones, and the address is shown again", async () => {
    const { device: grace, codes, app } = await guarded();
    refused(
      await grace.client.twoFactor.generateBackupCodes({ password: "not it at all" }),
      400,
      "INVALID_PASSWORD",
    );
    const made = ok(await grace.client.twoFactor.generateBackupCodes({ password: PASSWORD }));
    assert.equal(made.status, true);
    assert.equal(new Set([...made.backupCodes, ...codes]).size, 20);
    const shown = ok(await grace.client.twoFactor.getTotpUri({ password: PASSWORD }));
    assert.ok(new App(shown.totpURI).key.equals(app.key));
    refused(
      await grace.client.twoFactor.getTotpUri({ password: "not it at all" }),
      400,
      "INVALID_PASSWORD",
    );

    const device = await halfWay(grace);
    refused(
      await device.client.twoFactor.verifyBackupCode({ code: codes[0] }),
      401,
      "INVALID_BACKUP_CODE",
    );
    ok(await device.client.twoFactor.verifyBackupCode({ code: made.backupCodes[0] }));
  });

  test("a trusted device is not asked again, and its mark changes each time", async () => {
    const { device: grace, app } = await guarded();
    const device = await halfWay(grace);
    ok(await device.client.twoFactor.verifyTotp({ code: app.code(1), trustDevice: true }));
    const marks = () =>
      [...device.cookies].filter(([name]) => /trust/.test(name)).map(([, { value }]) => value);
    const before = marks();
    assert.equal(before.length, 1, [...device.cookies.keys()].join());
    ok(await device.client.signOut());
    const direct = ok(await device.signIn());
    isUser(direct.user, grace.email);
    assert.equal((await device.session()).user.id, grace.user.id);
    assert.notDeepEqual(marks(), before);
    await halfWay(grace);
  });

  test("turning it off takes the password; signing in is direct then", async () => {
    const { device: grace } = await guarded();
    refused(
      await grace.client.twoFactor.disable({ password: "not it at all" }),
      400,
      "INVALID_PASSWORD",
    );
    assert.deepEqual(ok(await grace.client.twoFactor.disable({ password: PASSWORD })), {
      status: true,
    });
    assert.equal((await grace.session()).user.twoFactorEnabled, false);
    const device = new Device();
    Object.assign(device, { email: grace.email, password: PASSWORD });
    isUser(ok(await device.signIn()).user, grace.email);
  });
});
