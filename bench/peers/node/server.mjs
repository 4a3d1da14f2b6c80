// The stack most Node apps of this kind have: Hono for HTTP, better-auth for accounts and sessions,
// better-sqlite3 for the rows, socket.io for who listens. It answers the requests the load generator
// makes and nothing else.
//
//   node server.mjs PORT DIRECTORY [cached]    (sessions in memory, too)
import { serve } from "@hono/node-server";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { bearer } from "better-auth/plugins";
import { Hono } from "hono";
import { randomBytes } from "node:crypto";
import { Server } from "socket.io";
import { z } from "zod";
import { Refusal, open, rooms } from "./store.mjs";

const [port, directory, cached] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}`;
const db = open(`${directory}/peer.db`);
const world = rooms(db);

// better-auth's own way to keep what is asked for often out of the database: here the memory of the one process there is.
const kept = new Map();
const secondaryStorage = {
  get(key) {
    const found = kept.get(key);
    if (found && found.until > Date.now()) return found.value;
    kept.delete(key);
    return null;
  },
  set: (key, value, ttl) => void kept.set(key, { value, until: ttl ? Date.now() + ttl * 1000 : Infinity }),
  delete: (key) => void kept.delete(key),
};

const auth = betterAuth({
  database: db,
  baseURL: url,
  basePath: "/v1/auth",
  secret: randomBytes(32).toString("hex"),
  emailAndPassword: { enabled: true },
  // Apps call with a token here; every check reads the session's row, as it does by default, unless sessions are cached.
  plugins: [bearer()],
  ...(cached === "cached" ? { secondaryStorage, session: { storeSessionInDatabase: true } } : {}),
  // All callers are this machine: what is measured is the sign-in, not the bound on it.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: "error" },
});
await (await getMigrations(auth.options)).runMigrations();

const group = z.strictObject({ name: z.string().min(1).max(200), slug: z.string().min(1).max(100), type: z.string().max(50) });
const thing = z.strictObject({
  groupId: z.string().max(64), type: z.enum(["blog_post"]), name: z.string().min(1).max(200),
  properties: z.strictObject({
    slug: z.string().max(200), category: z.string().max(100), tags: z.array(z.string().max(50)).max(50),
    excerpt: z.string().max(1000), content: z.string().max(100_000),
  }),
});
const connection = z.strictObject({ type: z.enum(["references"]), fromId: z.string().max(64), toId: z.string().max(64) });

/** Who sent the headers; 401 for nobody. */
async function person(headers) {
  const session = await auth.api.getSession({ headers });
  if (!session) throw new Refusal(401, "unauthenticated", "Sign in first.");
  return session.user.id;
}

async function body(c, schema) {
  const said = schema.safeParse(await c.req.json().catch(() => undefined));
  if (!said.success) throw new Refusal(422, "invalid", said.error.issues[0].message);
  return said.data;
}

const app = new Hono();
app.onError((error, c) => {
  if (error instanceof Refusal) return c.json({ code: error.code, message: error.message }, error.status);
  console.error(error);
  return c.json({ code: "internal", message: "Something went wrong." }, 500);
});
app.get("/ready", (c) => c.json({ status: "ready" }));
// Without a credential an answer and nothing else; with one, the session is looked up.
app.get("/v1/auth/ok", async (c) => {
  if (c.req.header("authorization")) await person(c.req.raw.headers);
  return c.json({ ok: true });
});
app.on(["POST", "GET"], "/v1/auth/*", (c) => auth.handler(c.req.raw));
app.post("/v1/groups", async (c) => {
  const user = await person(c.req.raw.headers);
  return c.json(world.createGroup(user, await body(c, group)), 201);
});
app.post("/v1/things", async (c) => {
  const user = await person(c.req.raw.headers);
  const made = world.createThing(user, await body(c, thing));
  // Written once, told to everybody who listens to its group.
  io.to(`group:${made.thing.groupId}`).emit("event", { topic: `group:${made.thing.groupId}`, ...made.event });
  return c.json(made.thing, 201);
});
app.get("/v1/things/:id", async (c) => c.json(world.getThing(await person(c.req.raw.headers), c.req.param("id"))));
app.get("/v1/things", async (c) => {
  const user = await person(c.req.raw.headers);
  const limit = z.coerce.number().int().min(1).max(200).catch(50).parse(c.req.query("limit"));
  return c.json(world.listThings(user, c.req.query("groupId") ?? "", limit));
});
app.post("/v1/connections", async (c) => {
  const user = await person(c.req.raw.headers);
  const { made, connection: row } = world.createConnection(user, await body(c, connection));
  return c.json(row, made ? 201 : 200);
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(port) });
const io = new Server(server, { pingInterval: 30_000, pingTimeout: 60_000 });
io.use(async (socket, next) => {
  try {
    socket.data.user = await person(new Headers({ authorization: `Bearer ${socket.handshake.auth.token}` }));
    next();
  } catch (error) {
    next(error);
  }
});
io.on("connection", (socket) => {
  socket.on("subscribe", ({ topic }, answer) => {
    const id = String(topic).replace(/^group:/, "");
    if (!world.mayListen(socket.data.user, id)) return answer({ ok: false, code: "not_found" });
    socket.join(`group:${id}`);
    answer({ ok: true });
  });
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    io.close();
    server.closeAllConnections();
    db.close();
    process.exit(0);
  });
}
