// The server under test and the people who call it: each has a client of their own, with the cookies
// a browser would keep for them.
//
// They run from `cargo test`. By hand: start a server over an empty data directory with
//
//   SIXFOLD_SERVER_PUBLIC_URL=http://localhost:8080 SIXFOLD_IDENTITY_PASSWORD_MIN=8 \
//   SIXFOLD_IDENTITY_TRIES_PER_MINUTE=100000 SIXFOLD_IDENTITY_MAILS_PER_MINUTE=100000 \
//   SIXFOLD_IDENTITY_MAILS_PER_HOUR=100000 cargo run -p server --bin sixfold
//
// and then `node members.mjs`, or `node all.mjs`. SIXFOLD_URL says where it is, if elsewhere;
// SIXFOLD_PROVIDER_PORT, at which port of 127.0.0.1 it looks for GitHub, if it does.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { apiKeyClient } from "@better-auth/api-key/client";
import { passkeyClient } from "@better-auth/passkey/client";
import { createAuthClient } from "better-auth/client";
import {
  jwtClient,
  magicLinkClient,
  organizationClient,
  twoFactorClient,
} from "better-auth/client/plugins";

/** Where the server is, without a slash at the end. */
export const url = (process.env.SIXFOLD_URL ?? "http://localhost:8080").replace(/\/$/, "");

/** The path all calls are below. */
export const basePath = "/v1/auth";

export const PASSWORD = "violet anchor 42 lantern";

/** "METHOD /path" of every request that was sent below the base path. */
export const calls = new Set();

/** How long something may take that happens by itself, like a mail. */
const PATIENCE = 30_000;

/** An address nobody else uses. */
export function address(name) {
  count += 1;
  return `${name}.${run}.${count}@example.com`;
}
let count = 0;
const run = `${process.pid}-${Date.now().toString(36)}`;

/** A word nobody else uses, for slugs. */
export const unique = (word) => `${word}-${run}-${(count += 1)}`;

/** What one person holds in their hands: a browser's cookies, and the client on top. */
export class Device {
  cookies = new Map();
  /** The last answer as it came over the wire. */
  last = null;

  constructor({ cookies = true, token = null, headers = {}, origin = url, plugins = [] } = {}) {
    this.keepsCookies = cookies;
    this.headers = headers;
    this.origin = origin;
    this.token = token;
    this.client = createAuthClient({
      baseURL: url,
      basePath,
      plugins: [
        magicLinkClient(),
        twoFactorClient({
          onTwoFactorRedirect: ({ twoFactorMethods }) => (this.askedFor = twoFactorMethods),
        }),
        organizationClient({ teams: { enabled: true } }),
        apiKeyClient(),
        passkeyClient(),
        jwtClient(),
        ...plugins,
      ],
      fetchOptions: {
        customFetchImpl: (input, init) => this.fetch(input, init),
        auth: { type: "Bearer", token: () => this.token ?? undefined },
      },
      sessionOptions: { refetchOnWindowFocus: false },
    });
  }

  /** A request as a script on a page sends it; a redirect is shown, not followed. */
  async fetch(input, init = {}) {
    const target = new URL(input, url);
    const headers = this.carried(target, init);
    if (this.origin) headers.set("origin", this.origin);
    const answer = await fetch(target, { ...init, headers, redirect: "manual" });
    this.received(target, answer);
    return answer;
  }

  /**
   * Opens an address as a click in the address bar or in a mail does, which `fetch` cannot: it
   * says of itself that it is a script. Without `browser`, as a program does that reads mails.
   */
  async visit(address, { method = "GET", browser = true } = {}) {
    const target = new URL(address, url);
    const headers = this.carried(target, { method });
    if (browser) {
      headers.set("accept", "text/html,application/xhtml+xml");
      headers.set("sec-fetch-mode", "navigate");
      headers.set("sec-fetch-dest", "document");
    }
    const options = { method, headers: Object.fromEntries(headers) };
    const [came] = await once(request(target, options).end(), "response");
    const body = (await came.toArray()).join("");
    const kept = Object.entries(came.headers).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, one]),
    );
    const answer = new Response(body || null, { status: came.statusCode, headers: kept });
    this.received(target, answer);
    return answer;
  }

  carried(target, { method = "GET", headers: given }) {
    const headers = new Headers(given);
    for (const [name, value] of Object.entries(this.headers)) headers.set(name, value);
    if (target.origin !== url) return headers;
    const cookies = [...this.cookies].map(([name, { value }]) => `${name}=${value}`).join("; ");
    if (cookies) headers.set("cookie", cookies);
    if (target.pathname.startsWith(`${basePath}/`)) {
      calls.add(`${method.toUpperCase()} ${target.pathname.slice(basePath.length)}`);
    }
    return headers;
  }

  received(target, answer) {
    if (this.keepsCookies && target.origin === url) this.keep(answer.headers.getSetCookie());
    this.last = answer;
  }

  keep(lines) {
    for (const line of lines) {
      const [pair, ...rest] = line.split(";").map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf("="));
      const attributes = new Map(
        rest.map((part) => part.split("=")).map(([key, value]) => [key.toLowerCase(), value ?? ""]),
      );
      if (attributes.get("max-age") === "0") this.cookies.delete(name);
      else this.cookies.set(name, { value: pair.slice(name.length + 1), attributes, line });
    }
  }

  /** Calls a path the client has no method for. */
  call(path, options = {}) {
    return this.client.$fetch(path, { method: "GET", ...options });
  }

  post(path, body = {}) {
    return this.call(path, { method: "POST", body });
  }

  /** Forgets all cookies, as closing a private window does. */
  forget() {
    this.cookies.clear();
  }

  /** Makes an account and is signed in to it. */
  async signUp(name = "alice", more = {}) {
    this.email = address(name);
    this.password = PASSWORD;
    const made = await this.client.signUp.email({
      name: name[0].toUpperCase() + name.slice(1),
      email: this.email,
      password: PASSWORD,
      ...more,
    });
    this.user = ok(made).user;
    return this;
  }

  signIn(more = {}) {
    return this.client.signIn.email({ email: this.email, password: this.password, ...more });
  }

  /** Proves the address by the mailed link. */
  async verify() {
    ok(await this.client.sendVerificationEmail({ email: this.email, callbackURL: "/" }));
    const { token } = await letter(this.email, "verif");
    ok(await this.client.verifyEmail({ query: { token } }));
    return this;
  }

  /** Who the server says this is. */
  async session() {
    return ok(await this.client.getSession());
  }
}

/** A person with a new account. */
export const person = (name, more) => new Device().signUp(name, more);

/** The data of a call that went well. */
export function ok(result) {
  assert.equal(result.error, null, `refused: ${JSON.stringify(result.error)}`);
  return result.data;
}

/** That a call was refused as the contract says. */
export function refused(result, status, code) {
  assert.ok(result.error, `not refused, but answered ${JSON.stringify(result.data)}`);
  assert.deepEqual({ status: result.error.status, code: result.error.code }, { status, code });
  assert.equal(typeof result.error.message, "string", "a refusal says why");
  return result.error;
}

/** That an object has these keys at least. */
export function has(object, keys) {
  const missing = keys.split(" ").filter((key) => !(key in object));
  assert.deepEqual(missing, [], `missing in ${JSON.stringify(object)}`);
  return object;
}

export const USER = "id name email emailVerified image createdAt updatedAt twoFactorEnabled";
export const SESSION = "id userId token expiresAt createdAt updatedAt ipAddress userAgent";

/** That this is a user as the client knows them. */
export function isUser(user, email) {
  has(user, USER.replace(" image", ""));
  assert.ok(user.createdAt instanceof Date && user.updatedAt instanceof Date, "dates are dates");
  assert.equal(typeof user.emailVerified, "boolean");
  if (email) assert.equal(user.email, email);
}

export function isSession(session, user) {
  has(session, SESSION);
  assert.ok(session.expiresAt instanceof Date && session.expiresAt > new Date());
  if (user) assert.equal(session.userId, user.id);
}

/** Where a redirect leads, as a URL. */
export function leads(answer, status = 302) {
  assert.equal(answer.status, status, "a redirect");
  return new URL(answer.headers.get("location"), url);
}

/** Waits until `look` finds something; never longer than a deadline. */
export async function until(what, look) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < deadline, `waited ${PATIENCE} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** All letters to an address, oldest first. */
export async function letters(to) {
  const answer = await fetch(`${url}/v1/dev/mailbox`);
  assert.equal(answer.status, 200, "the mailbox of development");
  return (await answer.json()).filter((letter) => letter.to === to);
}

/**
 * The newest letter to an address whose kind contains `kind`, once there are `nth` of them; of those
 * that lead to `lead`, where that is given: signing up sends a letter of its own.
 */
export function letter(to, kind, { nth = 1, lead = "" } = {}) {
  return until(`letter ${nth} about ${kind} to ${to}`, async () => {
    const found = (await letters(to)).filter(
      (letter) => letter.kind.includes(kind) && decodeURIComponent(letter.url).includes(lead),
    );
    return found.length >= nth ? found.at(-1) : null;
  });
}
