// The server under test and the people who call it. `cargo test` makes them and says in
// SIXFOLD_SCENE who they are:
//
//   {"url", "group", "room", "people": {"alice": {"id", "token"}, "bob": …, "carol": …}}
//
// Alice owns the group, Bob works there, Carol is nobody there; the room is a conversation.
import assert from "node:assert/strict";
import { once } from "node:events";
import { io } from "socket.io-client";

export const scene = JSON.parse(process.env.SIXFOLD_SCENE);
export const { url, group, room, people } = scene;

/** How long something may take that happens by itself. */
const PATIENCE = 60_000;

const open = new Set();

/** A connection of somebody, let in. */
export async function connected(name, options = {}) {
  const socket = io(url, {
    auth: { token: people[name].token },
    transports: ["websocket"],
    forceNew: true,
    ...options,
  });
  open.add(socket);
  socket.heard = [];
  socket.onAny((event, body) => socket.heard.push({ event, body }));
  await within(once(socket, "connect"), "it is let in");
  return socket;
}

/** A connection that is refused, with the reason. */
export async function refused(options) {
  const socket = io(url, { transports: ["websocket"], forceNew: true, reconnection: false, ...options });
  open.add(socket);
  const [error] = await within(once(socket, "connect_error"), "it is refused");
  return error;
}

export function closeAll() {
  for (const socket of open) socket.disconnect();
  open.clear();
}

/** Asks, and gives the answer back. */
export const ask = (socket, event, body) => within(socket.emitWithAck(event, body), `${event} is answered`);

/** Asks for something that is granted. */
export async function ok(socket, event, body) {
  const answer = await ask(socket, event, body);
  assert.equal(answer.ok, true, JSON.stringify(answer));
  return answer;
}

/** Asks for something that is not. */
export async function no(socket, event, body, code) {
  const answer = await ask(socket, event, body);
  assert.deepEqual([answer.ok, answer.code], [false, code], JSON.stringify(answer));
}

/** Waits until something is heard for which `is` holds. */
export async function hears(socket, event, is = () => true) {
  const found = () => socket.heard.find((one) => one.event === event && is(one.body));
  if (!found()) {
    await within(
      new Promise((resolve) => {
        const look = () => {
          if (!found()) return;
          socket.offAny(look);
          resolve();
        };
        socket.onAny(look);
      }),
      `${event} is heard`,
    );
  }
  return found().body;
}

/** Everything of one event that was heard so far. */
export const all = (socket, event) => socket.heard.filter((one) => one.event === event).map((one) => one.body);

/** A request to the API. */
export async function call(name, method, path, body) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${people[name].token}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** A new thing. */
export const thing = (name, type, title, more = {}) =>
  call(name, "POST", "/v1/things", { groupId: group, type, name: title, ...more });

/** Fails when something that happens by itself does not. */
export function within(promise, what, patience = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${patience} ms: ${what}`)), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
