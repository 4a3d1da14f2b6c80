// Passkeys, with an authenticator played by the test; a browser's own is in browser.mjs.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Authenticator } from "./authenticator.mjs";
import { Device, has, isSession, isUser, ok, person, refused, url } from "./house.mjs";

const PASSKEY =
  "id name publicKey userId credentialID counter deviceType backedUp transports createdAt aaguid";

const registerOptions = async (device, query = {}) =>
  ok(await device.call("/passkey/generate-register-options", { query }));
const signInOptions = async (device) =>
  ok(await device.call("/passkey/generate-authenticate-options"));

/** A person with a passkey, registered. */
async function keeper({ algorithm, origin = url } = {}) {
  const device = await person("petra");
  device.origin = origin;
  const authenticator = new Authenticator({ algorithm, origin });
  const response = authenticator.register(await registerOptions(device, { name: "laptop" }));
  const made = await device.post("/passkey/verify-registration", { response, name: "laptop" });
  return { device, authenticator, passkey: ok(made) };
}

describe("passkey", () => {
  test("registration offers a challenge for this person and this place", async () => {
    const petra = await person("petra");
    const options = await registerOptions(petra, {
      name: "laptop",
      authenticatorAttachment: "platform",
    });
    has(options, "challenge rp user pubKeyCredParams timeout authenticatorSelection");
    assert.equal(options.rp.id, new URL(url).hostname);
    has(options.user, "id name displayName");
    assert.ok(Buffer.from(options.challenge, "base64url").length >= 16);
    const algorithms = options.pubKeyCredParams.map(({ alg }) => alg);
    for (const algorithm of [-7, -257]) assert.ok(algorithms.includes(algorithm), `${algorithms}`);
    const again = await registerOptions(petra);
    assert.notEqual(again.challenge, options.challenge);
    const nobody = await new Device().call("/passkey/generate-register-options");
    assert.equal(nobody.error?.status, 401);
  });

  for (const algorithm of [-7, -8, -257]) {
    test(`one of algorithm ${algorithm} is registered and signs in without a name`, async () => {
      const petra = await person("petra");
      const options = await registerOptions(petra);
      // What is not offered is not made by any browser.
      if (!options.pubKeyCredParams.some(({ alg }) => alg === algorithm)) return;
      const { device, authenticator, passkey } = await keeper({ algorithm });
      has(passkey, PASSKEY);
      assert.equal(passkey.name, "laptop");
      assert.equal(passkey.userId, device.user.id);
      assert.equal(passkey.credentialID, Buffer.from(authenticator.id).toString("base64url"));

      const other = new Device();
      const asked = await signInOptions(other);
      has(asked, "challenge rpId timeout userVerification");
      assert.deepEqual(asked.allowCredentials ?? [], [], "nothing is said about who is there");
      const response = authenticator.authenticate(asked);
      const entered = ok(await other.post("/passkey/verify-authentication", { response }));
      isUser(entered.user, device.email);
      isSession(entered.session, entered.user);
      assert.equal((await other.session()).user.id, device.user.id);
      refused(
        await other.post("/passkey/verify-authentication", { response }),
        400,
        "CHALLENGE_NOT_FOUND",
      );
    });
  }

  test("an allowed page of another origin may use them", async () => {
    const origin = "http://localhost:5173";
    const { device, authenticator } = await keeper({ origin });
    const other = new Device({ origin });
    const response = authenticator.authenticate(await signInOptions(other));
    const entered = ok(await other.post("/passkey/verify-authentication", { response }));
    assert.equal(entered.user.id, device.user.id);
  });

  test("they are listed, renamed and taken away by their owner", async () => {
    const { device: petra, passkey, authenticator } = await keeper();
    const listed = ok(await petra.client.passkey.listUserPasskeys());
    assert.deepEqual(listed.map(({ id }) => id), [passkey.id]);
    has(listed[0], PASSKEY);
    const excluded = (await registerOptions(petra)).excludeCredentials.map(({ id }) => id);
    assert.deepEqual(excluded, [passkey.credentialID]);

    const mallory = await person("mallory");
    for (const call of [
      mallory.client.passkey.updatePasskey({ id: passkey.id, name: "mine" }),
      mallory.client.passkey.deletePasskey({ id: passkey.id }),
    ]) {
      assert.ok([401, 403, 404].includes((await call).error?.status));
    }
    const renamed = ok(await petra.client.passkey.updatePasskey({ id: passkey.id, name: "desk" }));
    assert.equal(renamed.passkey.name, "desk");
    assert.deepEqual(ok(await petra.client.passkey.deletePasskey({ id: passkey.id })), {
      status: true,
    });
    assert.deepEqual(ok(await petra.client.passkey.listUserPasskeys()), []);
    refused(
      await petra.client.passkey.deletePasskey({ id: passkey.id }),
      404,
      "PASSKEY_NOT_FOUND",
    );
    const other = new Device();
    const response = authenticator.authenticate(await signInOptions(other));
    refused(
      await other.post("/passkey/verify-authentication", { response }),
      401,
      "PASSKEY_NOT_FOUND",
    );
  });

  test("a registration for another place, page or challenge is refused", async () => {
    const petra = await person("petra");
    const send = (response) => petra.post("/passkey/verify-registration", { response });
    for (const [origin, more, change] of [
      ["https://evil.example", {}, {}],
      [url, { rpId: "evil.example" }, {}],
      [url, {}, { challenge: Buffer.alloc(32, 7).toString("base64url") }],
    ]) {
      const options = await registerOptions(petra);
      const authenticator = new Authenticator({ origin });
      const answer = await send(authenticator.register({ ...options, ...change }, more));
      assert.equal(answer.error?.status, 400, JSON.stringify(answer));
      const honest = new Authenticator({ origin: url }).register(options);
      refused(await send(honest), 400, "CHALLENGE_NOT_FOUND");
    }
    assert.deepEqual(ok(await petra.client.passkey.listUserPasskeys()), []);
  });

  test("a sign-in for another place, page or with another key is refused", async () => {
    const { authenticator } = await keeper();
    const thief = new Authenticator({ origin: url });
    thief.id = authenticator.id;
    thief.owner = authenticator.owner;
    for (const [who, origin, more] of [
      [authenticator, "https://evil.example", {}],
      [authenticator, url, { rpId: "evil.example" }],
      [thief, url, {}],
    ]) {
      const device = new Device();
      who.origin = origin;
      const response = who.authenticate(await signInOptions(device), more);
      const answer = await device.post("/passkey/verify-authentication", { response });
      assert.ok([400, 401].includes(answer.error?.status), JSON.stringify(answer));
      assert.equal(answer.error.code, "AUTHENTICATION_FAILED");
      assert.equal(await device.session(), null);
    }
  });

  test("what is no answer at all is refused", async () => {
    const { device: petra } = await keeper();
    const device = new Device();
    await signInOptions(device);
    for (const response of [{}, { id: "x" }, "x", null, []]) {
      const answer = await device.post("/passkey/verify-authentication", { response });
      assert.ok([400, 401].includes(answer.error?.status), JSON.stringify(answer));
      const registration = await petra.post("/passkey/verify-registration", { response });
      assert.equal(registration.error?.status, 400, JSON.stringify(registration));
    }
  });
});
