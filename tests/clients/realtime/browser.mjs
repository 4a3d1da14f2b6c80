// The clients in a real browser, on pages of other origins than the server's, which is called
// `app.localhost` here: `www.app.localhost` may use its cookie, `evil.app.localhost` may not,
// though the browser would send it along.
//
//   SIXFOLD_SCENE      as in house.mjs, with `site`, where browsers find the server, and `pages`,
//                      the port of the pages
//   SIXFOLD_CHROMIUM   the browser (default: /usr/bin/chromium)
//   SIXFOLD_FOLDER     a file `cut` in it asks for the server to be killed and started again
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, createServer as createPlainServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { closeAll, connected, group, hears, ok, people, room, scene, thing, url } from "./house.mjs";

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
const topic = `group:${group}`;
const { site } = scene;
const WWW = `http://www.app.localhost:${scene.pages}`;
const EVIL = `http://evil.app.localhost:${scene.pages}`;

let browser;
let pages;

before(async () => {
  const file = (path) => readFileSync(new URL(path, import.meta.url));
  const files = {
    "/client.js": file("node_modules/socket.io-client/dist/socket.io.min.js"),
    "/page.js": file("page.js"),
  };
  const page = '<!doctype html><title>Live</title><script src="/client.js"></script><script src="/page.js"></script>';
  pages = createServer((request, response) => {
    const script = files[request.url];
    response.setHeader("content-type", script ? "text/javascript" : "text/html; charset=utf-8");
    response.end(script ?? page);
  });
  await new Promise((resolve) => pages.listen(scene.pages, "127.0.0.1", resolve));
  browser = await chromium.launch({
    executablePath: process.env.SIXFOLD_CHROMIUM || "/usr/bin/chromium",
    args: FLAGS,
  });
});

after(async () => {
  closeAll();
  await browser?.close();
  pages?.closeAllConnections();
  pages?.close();
});

/** A window nobody has used. */
async function opened(origin = WWW, context = undefined) {
  context ??= await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  await page.waitForFunction(() => window.listen && window.io);
  return page;
}

const listen = (page, name, options, where = site) =>
  page.evaluate(([name, where, topic, options]) => window.listen(name, where, topic, options), [name, where, topic, options]);
const stream = (page, name) => page.evaluate(([name, site, topic]) => window.stream(name, site, topic), [name, site, topic]);
const ask = (page, name, event, body) => page.evaluate(([name, event, body]) => window.ask(name, event, body), [name, event, body]);
/** What the page has seen of one kind. */
const seen = (page, name, kind) => page.evaluate(([name, kind]) => window.seen[name][kind], [name, kind]);
/** Which of these events the page has seen, in its order. What was made a moment before it began to
 *  listen may be told, too. */
const seenOf = async (page, name, made) => {
  const ids = made.map((one) => one.id);
  return (await seen(page, name, "events")).filter((id) => ids.includes(id));
};
/** Waits until the page has seen so many of one kind. */
const counts = (page, name, kind, least) =>
  page.waitForFunction(([name, kind, least]) => window.seen[name][kind].length >= least, [name, kind, least]);
/** Waits until the page has seen this. */
const sees = (page, name, kind, one) =>
  page.waitForFunction(([name, kind, one]) => window.seen[name][kind].includes(one), [name, kind, one]);
const carried = (page, name, by) =>
  page.waitForFunction(([name, by]) => window.carrier(name) === by, [name, by]);
const token = (name) => ({ auth: { token: people[name].token } });

async function signedIn(name) {
  const page = await opened();
  const status = await page.evaluate(
    ([site, email, password]) => window.signIn(site, email, password),
    [site, people[name].email, scene.password],
  );
  assert.equal(status, 200);
  return page;
}

describe("a page of another origin", () => {
  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    test(`listens by ${transports.join(", then ")}, and speaks`, async () => {
      const page = await opened();
      const name = transports.join("-");
      await listen(page, name, { transports, ...token("alice") });
      await counts(page, name, "answers", 1);
      await carried(page, name, transports.at(-1));
      const made = await thing("bob", "note", `for ${name}`);
      await sees(page, name, "events", made.id);
      // What is said on the page is heard by another client, and the other way.
      const bob = await connected("bob");
      await ok(bob, "join_room", { room });
      assert.equal((await ask(page, name, "join_room", { room })).ok, true);
      const sent = await ask(page, name, "message", { room, body: `by ${name}` });
      assert.equal(sent.ok, true);
      assert.equal((await hears(bob, "message", (one) => one.body === `by ${name}`)).messageId, sent.messageId);
      await ok(bob, "message", { room, body: `to ${name}` });
      await sees(page, name, "messages", `to ${name}`);
      assert.deepEqual(await seen(page, name, "messages"), [`by ${name}`, `to ${name}`]);
      await carried(page, name, transports.at(-1));
      await page.context().close();
    });
  }

  test("uses its cookie", async () => {
    const page = await signedIn("alice");
    for (const transport of ["polling", "websocket"]) {
      await listen(page, transport, { transports: [transport], withCredentials: true });
      await counts(page, transport, "answers", 1);
    }
    await stream(page, "stream");
    await page.waitForFunction(() => window.seen.stream.opened === 1);
    const made = await thing("bob", "note", "for a cookie");
    for (const name of ["polling", "websocket", "stream"]) await sees(page, name, "events", made.id);
    await page.context().close();
  });

  test("that is foreign is refused, though the browser sends the cookie along", async () => {
    const page = await signedIn("alice");
    const foreign = await opened(EVIL, page.context());
    await listen(foreign, "websocket", { transports: ["websocket"], withCredentials: true });
    await counts(foreign, "websocket", "errors", 1);
    // Without the cookie it would be `unauthenticated`.
    assert.equal((await seen(foreign, "websocket", "errors"))[0], "invalid_origin");
    const other = await opened(EVIL);
    await listen(other, "websocket", { transports: ["websocket"], withCredentials: true });
    await counts(other, "websocket", "errors", 1);
    assert.equal((await seen(other, "websocket", "errors"))[0], "unauthenticated");
    await other.context().close();
    // These the browser does not even show to the page.
    await listen(foreign, "polling", { transports: ["polling"], withCredentials: true });
    await counts(foreign, "polling", "errors", 1);
    await stream(foreign, "stream");
    await foreign.waitForFunction(() => window.seen.stream.failed > 0);
    await thing("bob", "note", "not for them");
    for (const name of ["websocket", "polling", "stream"]) assert.deepEqual(await seen(foreign, name, "events"), []);
    assert.equal(await foreign.evaluate(() => window.seen.stream.opened), 0);
    await page.context().close();
  });

  test("goes on where it was after its connection was cut, and misses nothing", async () => {
    const lines = new Set();
    let open = true;
    const wire = createPlainServer((client) => {
      if (!open) return client.destroy();
      const server = connect(Number(new URL(url).port), "127.0.0.1");
      const line = [client, server];
      lines.add(line);
      for (const end of line) {
        end.on("error", () => {});
        end.on("close", () => {
          lines.delete(line);
          line.forEach((other) => other.destroy());
        });
      }
      client.pipe(server).pipe(client);
    });
    await new Promise((resolve) => wire.listen(0, "127.0.0.1", resolve));
    const through = `http://app.localhost:${wire.address().port}`;
    const page = await opened();
    for (const transport of ["polling", "websocket"]) {
      await listen(page, transport, { transports: [transport], ...token("alice") }, through);
      await counts(page, transport, "answers", 1);
    }
    const made = [await thing("bob", "note", "before")];
    for (const name of ["polling", "websocket"]) await sees(page, name, "events", made[0].id);
    open = false;
    for (const line of lines) line.forEach((end) => end.destroy());
    for (const name of ["polling", "websocket"]) await counts(page, name, "cuts", 1);
    for (let count = 0; count < 30; count += 1) made.push(await thing("bob", "note", `missed ${count}`));
    open = true;
    for (const name of ["polling", "websocket"]) await counts(page, name, "answers", 2);
    made.push(await thing("bob", "note", "after"));
    for (const name of ["polling", "websocket"]) {
      await sees(page, name, "events", made.at(-1).id);
      assert.deepEqual(await seenOf(page, name, made), made.map((one) => one.id));
      assert.equal((await seen(page, name, "answers"))[1].recovered, true);
    }
    await page.context().close();
    wire.close();
  });

  test("comes back by itself when the server was killed and is there again", async () => {
    const page = await signedIn("alice");
    const names = ["polling", "websocket", "stream"];
    for (const transport of ["polling", "websocket"]) {
      await listen(page, transport, { transports: [transport], withCredentials: true });
      await counts(page, transport, "answers", 1);
    }
    await stream(page, "stream");
    await page.waitForFunction(() => window.seen.stream.opened === 1);
    const made = [await thing("bob", "note", "before the end")];
    for (const name of names) await sees(page, name, "events", made[0].id);
    writeFileSync(`${process.env.SIXFOLD_FOLDER}/cut`, "");
    for (const name of ["polling", "websocket"]) await counts(page, name, "cuts", 1);
    for (;;) {
      try {
        made.push(await thing("bob", "note", "after the end"));
        break;
      } catch (error) {
        assert.match(String(error.cause ?? error), /ECONNREFUSED|ECONNRESET|SocketError|other side closed/);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    for (const name of names) {
      await sees(page, name, "events", made.at(-1).id);
      assert.deepEqual(await seenOf(page, name, made), made.map((one) => one.id));
    }
    await page.context().close();
  });
});
