// The client in a real browser, on a page of another origin than the server's.
//
//   SIXFOLD_URL        where the server is, as http://localhost:PORT
//   SIXFOLD_CHROMIUM   the browser (default: /usr/bin/chromium)
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { Device, PASSWORD, address, letter, ok, refused, unique, url } from "./house.mjs";

const FLAGS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
  "--no-sandbox",
  // Nothing but this machine.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
];
const PATIENCE = 30_000;

let app;
let browser;
let pages;

before(async () => {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL("page.mjs", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    define: { SERVER: JSON.stringify(url) },
  });
  const script = bundle.outputFiles[0].text;
  pages = createServer((request, response) => {
    const isScript = request.url === "/app.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
    response.end(isScript ? script : '<!doctype html><title>App</title><script src="/app.js"></script>');
  });
  await new Promise((resolve) => pages.listen(0, "127.0.0.1", resolve));
  app = `http://localhost:${pages.address().port}`;
  browser = await chromium.launch({
    executablePath: process.env.SIXFOLD_CHROMIUM || "/usr/bin/chromium",
    args: FLAGS,
  });
});

after(async () => {
  await browser?.close();
  pages?.closeAllConnections();
  pages?.close();
});

/** A window nobody has used, on the app's page. */
async function opened(origin = app) {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  await page.waitForFunction(() => window.auth);
  return page;
}

/** A method of the client on the page: `call(page, "signIn.email", {…})`. */
const call = (page, method, ...values) =>
  page.evaluate(
    async ([method, values]) => {
      const found = method.split(".").reduce((part, name) => part[name], window.auth);
      return JSON.parse(JSON.stringify(await found(...values)));
    },
    [method, values],
  );

/** Waits until what the client shows by itself says this. */
const shows = (page, hook, path, value) =>
  page.waitForFunction(
    ([hook, path, value]) => {
      const { isPending, isRefetching, data } = window.seen[hook] ?? { isPending: true };
      const found = path.split(".").reduce((part, name) => part?.[name], data);
      return !isPending && !isRefetching && found === value;
    },
    [hook, path, value],
  );

const whoIs = async (page) => ok(await call(page, "getSession"));

/** A window with a new account. */
async function signedUp(name = "bea") {
  const page = await opened();
  const email = address(name);
  const made = ok(await call(page, "signUp.email", { name, email, password: PASSWORD }));
  return { page, email, user: made.user };
}

describe("browser", () => {
  test("a page of another origin signs up, out and in with a cookie no script sees", async () => {
    const { page, email, user } = await signedUp();
    assert.equal((await whoIs(page)).user.id, user.id);
    const cookies = await page.context().cookies(url);
    assert.equal(cookies.length, 1);
    assert.deepEqual([cookies[0].httpOnly, cookies[0].sameSite], [true, "Lax"]);
    assert.equal(await page.evaluate(() => document.cookie), "");

    assert.deepEqual(ok(await call(page, "signOut")), { success: true });
    assert.equal(await whoIs(page), null);
    assert.deepEqual(await page.context().cookies(url), []);
    refused(
      await call(page, "signIn.email", { email, password: "something else 99" }),
      401,
      "INVALID_EMAIL_OR_PASSWORD",
    );
    ok(await call(page, "signIn.email", { email, password: PASSWORD }));
    assert.equal((await whoIs(page)).user.id, user.id);
    await page.reload();
    assert.equal((await whoIs(page)).user.id, user.id, "and after a reload");
  });

  test("what shows the session follows by itself", async () => {
    const { page, user } = await signedUp();
    await shows(page, "useSession", "user.id", user.id);
    ok(await call(page, "updateUser", { name: "Beatrix" }));
    await shows(page, "useSession", "user.name", "Beatrix");
    ok(await call(page, "signOut"));
    await shows(page, "useSession", "user.id", undefined);
  });

  test("what shows the organization follows by itself", async () => {
    const { page, user } = await signedUp("olga");
    await page.evaluate(() =>
      window.watch(
        "useActiveOrganization",
        "useActiveMember",
        "useActiveMemberRole",
        "useListOrganizations",
      ),
    );
    await shows(page, "useActiveOrganization", "id", undefined);
    await shows(page, "useListOrganizations", "length", 0);
    const slug = unique("acme");
    const { id } = ok(await call(page, "organization.create", { name: "Acme", slug }));
    await shows(page, "useActiveOrganization", "id", id);
    await shows(page, "useListOrganizations", "0.id", id);
    await shows(page, "useActiveMember", "userId", user.id);
    await shows(page, "useActiveMemberRole", "role", "owner");
    ok(await call(page, "organization.update", { data: { name: "Acme & Co" } }));
    await shows(page, "useActiveOrganization", "name", "Acme & Co");
    await shows(page, "useListOrganizations", "0.name", "Acme & Co");
    ok(await call(page, "organization.setActive", { organizationId: null }));
    await shows(page, "useActiveOrganization", "id", undefined);
  });

  test("a bearer token works from a page as well", async () => {
    const { email, user } = await signedUp();
    const page = await opened();
    const token = await page.evaluate(
      async ([server, email, password]) => {
        const answer = await fetch(`${server}/v1/auth/sign-in/email`, {
          method: "POST",
          credentials: "omit",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ email, password }),
        });
        return answer.headers.get("set-auth-token");
      },
      [url, email, PASSWORD],
    );
    assert.ok(token, "the page may read `set-auth-token`");
    const seen = await page.evaluate(
      async ([server, token]) => {
        const answer = await fetch(`${server}/v1/auth/get-session`, {
          credentials: "omit",
          headers: { authorization: `Bearer ${token}` },
        });
        return (await answer.json()).user.id;
      },
      [url, token],
    );
    assert.equal(seen, user.id);
  });

  test("a page of a foreign origin gets nothing, and changes nothing", async () => {
    const foreign = app.replace("localhost", "evil.localhost");
    const page = await opened(foreign);
    const email = address("eve");
    const tried = (method, ...values) =>
      call(page, method, ...values).then(
        (answer) => (answer.data ? "answered" : "refused"),
        () => "refused",
      );
    const attempt = { name: "Eve", email, password: PASSWORD };
    assert.equal(await tried("signUp.email", attempt), "refused");
    assert.equal(await tried("getSession"), "refused");
    const device = new Device();
    Object.assign(device, { email, password: PASSWORD });
    refused(await device.signIn(), 401, "INVALID_EMAIL_OR_PASSWORD");
  });

  test("a passkey is made, named, used to sign in without a name, and deleted", async () => {
    const { page, user } = await signedUp("petra");
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    const made = ok(await call(page, "passkey.addPasskey", { name: "laptop" }));
    assert.equal(made.name, "laptop");
    assert.equal(made.userId, user.id);
    const twice = await call(page, "passkey.addPasskey", { name: "again" });
    assert.equal(twice.error?.code, "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED");

    const [listed] = ok(await call(page, "passkey.listUserPasskeys"));
    assert.equal(listed.id, made.id);
    const renamed = ok(await call(page, "passkey.updatePasskey", { id: made.id, name: "desk" }));
    assert.equal(renamed.passkey.name, "desk");

    ok(await call(page, "signOut"));
    assert.equal(await whoIs(page), null);
    const entered = ok(await call(page, "signIn.passkey"));
    assert.equal(entered.user.id, user.id);
    assert.equal((await whoIs(page)).user.id, user.id);

    assert.deepEqual(ok(await call(page, "passkey.deletePasskey", { id: made.id })), {
      status: true,
    });
    assert.deepEqual(ok(await call(page, "passkey.listUserPasskeys")), []);
    ok(await call(page, "signOut"));
    refused(await call(page, "signIn.passkey"), 401, "PASSKEY_NOT_FOUND");
    assert.equal(await whoIs(page), null);
  });

  test("a link that proves an address opens a page, and its button goes on to the app", async () => {
    const { page, email } = await signedUp("vera");
    const callbackURL = `${app}/welcome`;
    ok(await call(page, "sendVerificationEmail", { email, callbackURL }));
    const { url: link } = await letter(email, "verif", { lead: callbackURL });
    await page.goto(link);
    await page.getByRole("button").click();
    await page.waitForURL((there) => there.origin === app && there.pathname === "/welcome");
    await page.waitForFunction(() => window.auth);
    assert.equal((await whoIs(page)).user.emailVerified, true);
  });

  test("a magic link opens a page, and its button signs in, once", async () => {
    const page = await opened();
    const email = address("mira");
    const sent = await call(page, "signIn.magicLink", {
      email,
      name: "Mira",
      callbackURL: `${app}/home`,
      errorCallbackURL: `${app}/sorry`,
    });
    assert.deepEqual(ok(sent), { status: true });
    const { url: link } = await letter(email, "magic");

    await page.goto(link);
    assert.deepEqual(await page.context().cookies(url), [], "looking signs nobody in");
    await page.getByRole("button").click();
    await page.waitForURL((there) => there.origin === app && there.pathname === "/home");
    await page.waitForFunction(() => window.auth);
    assert.equal((await whoIs(page)).user.email, email);

    const later = await opened();
    await later.goto(link);
    const button = later.getByRole("button");
    if (await button.count()) {
      await button.click();
      await later.waitForURL((there) => there.search.includes("error="));
    }
    assert.deepEqual(await later.context().cookies(url), []);
    await later.goto(`${app}/`);
    await later.waitForFunction(() => window.auth);
    assert.equal(await whoIs(later), null);
  });
});
