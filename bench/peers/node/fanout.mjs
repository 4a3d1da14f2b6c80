// Fan-out: one change told to many who listen, by any server that speaks Socket.IO as Sixfold does
// (`subscribe {topic}`, then `event`). Frames are read as bytes, without a client library: its work
// would be most of what is measured.
//
//   node fanout.mjs URL PID [--listeners 500] [--publishers 8] [--seconds 10]
//
// Prints one line of JSON. First one change at a time: how long until a listener has it. Then as many as
// the server takes, never more than WINDOW ahead of the slowest listener: how many it delivers, and what
// one delivery costs. Every change has to arrive at every listener, or there is no result.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import { parseArgs } from "node:util";
import WebSocket from "ws";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    listeners: { type: "string", default: "500" },
    publishers: { type: "string", default: "8" },
    seconds: { type: "string", default: "10" },
  },
});
const [url, pid] = positionals;
const [listeners, publishers, seconds] = ["listeners", "publishers", "seconds"].map((name) => {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} is a whole number above 0`);
  return number;
});
if (!/^http:\/\/127\.0\.0\.1:\d+$/.test(url ?? "") || !/^\d+$/.test(pid ?? "")) {
  throw new Error("usage: node fanout.mjs http://127.0.0.1:PORT PID");
}

/** Changes a listener may be behind: servers send away those who are too slow. */
const WINDOW = 200;
/** How long something may take that happens by itself. */
const PATIENCE = 30_000;
/** Connections that are opened at once. */
const RAMP = 50;

const agent = new http.Agent({ keepAlive: true, maxSockets: publishers + 1 });

function ask(method, path, token, body) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = { ...(token && { authorization: `Bearer ${token}` }) };
  if (text !== undefined) {
    headers["content-type"] = "application/json";
    headers["content-length"] = Buffer.byteLength(text);
  }
  return new Promise((resolve, reject) => {
    const request = http.request(url + path, { method, headers, agent }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        const said = Buffer.concat(parts).toString();
        if (answer.statusCode >= 300) reject(new Error(`${method} ${path}: ${answer.statusCode} ${said}`));
        else resolve(JSON.parse(said));
      });
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.end(text);
  });
}

const run = `${Date.now().toString(36)}-${process.pid}`;
const { token } = await ask("POST", "/v1/auth/sign-up/email", undefined, {
  name: "Measuring Person", email: `fan-${run}@example.com`, password: `Vq7-${run}-many-listen`,
});
const { id: groupId } = await ask("POST", "/v1/groups", token, {
  name: "Heard", slug: `heard-${run}`, type: "organization",
});
const publish = (number) =>
  ask("POST", "/v1/things", token, {
    groupId, type: "blog_post", name: `Measured post ${number}`,
    properties: {
      slug: `post-${number}`, category: "notes", tags: ["measure"], excerpt: "One change.",
      content: "A thing of ordinary size, told to everybody who listens to its group.",
    },
  });

let heard = 0;
let sent = 0;
let failure;
const counts = new Uint32Array(listeners);
let arrived = () => {};

function fail(why) {
  failure ??= why instanceof Error ? why : new Error(why);
  arrived();
}

function listen(index) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`, {
      perMessageDeflate: false,
    });
    const late = setTimeout(() => reject(new Error(`listener ${index} was not let in`)), PATIENCE);
    const refuse = (why) => {
      clearTimeout(late);
      reject(why);
      fail(why);
    };
    socket.on("error", refuse);
    socket.on("close", (code) => leaving || refuse(new Error(`listener ${index} was sent away (${code})`)));
    socket.on("message", (data) => {
      // The packet's type is its first one or two characters; see the protocols of Engine.IO and Socket.IO.
      if (data[0] === 0x34 && data[1] === 0x32) {
        heard += 1;
        counts[index] += 1;
        return arrived(index);
      }
      if (data[0] === 0x32) return socket.send("3");
      if (data[0] === 0x30) return socket.send(`40${JSON.stringify({ token })}`);
      const text = data.toString();
      if (text.startsWith("40")) {
        return socket.send(`420${JSON.stringify(["subscribe", { topic: `group:${groupId}` }])}`);
      }
      if (text.startsWith("430")) {
        clearTimeout(late);
        return JSON.parse(text.slice(3))[0].ok ? resolve(socket) : refuse(new Error(text));
      }
      if (text.startsWith("44")) refuse(new Error(text));
    });
  });
}

/** Until `holds`, looked at whenever something arrives. */
function until(holds, what) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => fail(`waited too long for ${what}`), PATIENCE);
    const before = arrived;
    arrived = (index) => {
      if (index !== undefined) before(index);
      if (!failure && !holds()) return;
      clearTimeout(late);
      arrived = before;
      if (failure) reject(failure);
      else resolve();
    };
    if (holds() || failure) arrived();
  });
}

const ticks = Number(execFileSync("getconf", ["CLK_TCK"]));
/** Seconds of CPU the server has used. */
function used() {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}
const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

let leaving = false;
const sockets = [];
for (let first = 0; first < listeners; first += RAMP) {
  const some = Math.min(RAMP, listeners - first);
  sockets.push(...(await Promise.all(Array.from({ length: some }, (_, i) => listen(first + i)))));
}

// One at a time.
const delays = [];
let end = performance.now() + seconds * 1000;
while (performance.now() < end && !failure) {
  const began = performance.now();
  arrived = () => delays.push(performance.now() - began);
  sent += 1;
  const told = publish(sent).catch(fail);
  await until(() => heard === sent * listeners, "the listeners");
  await told;
}
arrived = () => {};
if (failure) throw failure;

// As many as it takes.
const [before, cpu, start, own] = [heard, used(), performance.now(), process.cpuUsage()];
end = start + seconds * 1000;
let waiting = [];
const slowest = () => counts.reduce((least, count) => Math.min(least, count));
let looked = 0;
arrived = () => {
  // A look at all of them costs something, so it is taken now and then.
  if (waiting.length === 0 || (!failure && heard - looked < listeners * 16)) return;
  looked = heard;
  if (!failure && sent - slowest() >= WINDOW) return;
  const woken = waiting;
  waiting = [];
  for (const wake of woken) wake();
};
async function publisher() {
  while (performance.now() < end && !failure) {
    if (sent - slowest() >= WINDOW) await new Promise((wake) => waiting.push(wake));
    else await publish((sent += 1));
  }
}
const all = Promise.all(Array.from({ length: publishers }, publisher)).catch(fail);
await new Promise((over) => setTimeout(over, end - performance.now()));
const [delivered, spent, took] = [heard - before, used() - cpu, (performance.now() - start) / 1000];
const driver = process.cpuUsage(own);
const memory = resident();
await all;
await until(() => heard === sent * listeners, "the last changes");
leaving = true;
for (const socket of sockets) socket.close();
agent.destroy();
if (failure) throw failure;

delays.sort((a, b) => a - b);
const at = (share) => Number(delays[Math.min(delays.length - 1, Math.floor(delays.length * share))].toFixed(2));
console.log(
  JSON.stringify({
    listeners, publishers, seconds, deliveriesPerSecond: Math.round(delivered / took), p50: at(0.5), p99: at(0.99),
    cores: Number((spent / took).toFixed(2)), microsPerDelivery: Number(((spent * 1e6) / delivered).toFixed(2)),
    memory: Number(memory.toFixed(1)), driverCores: Number(((driver.user + driver.system) / 1e6 / took).toFixed(2)),
  }),
);
