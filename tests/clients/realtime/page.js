// What a live page does, with `socket.io-client` as its package ships it for browsers and the
// browser's own EventSource. browser.mjs looks at `window.seen`.
/* global io */
window.seen = {};

/** Listens to a topic by Socket.IO, and after every break goes on where it was. */
window.listen = (name, url, topic, options) => {
  const socket = io(url, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 500, ...options });
  const one = { socket, events: [], messages: [], answers: [], errors: [], cuts: [], last: undefined };
  window.seen[name] = one;
  socket.on("connect", async () => {
    const answer = await socket.emitWithAck("subscribe", { topic, since: one.last });
    one.last ??= answer.cursor;
    one.answers.push(answer);
  });
  socket.on("event", (event) => {
    one.last = event.cursor;
    one.events.push(event.targetId);
  });
  socket.on("message", (message) => one.messages.push(message.body));
  socket.on("connect_error", (error) => one.errors.push(error.data?.code ?? error.message));
  socket.on("disconnect", (reason) => one.cuts.push(reason));
};

/** Asks over a connection. */
window.ask = (name, event, body) => window.seen[name].socket.emitWithAck(event, body);

/** How a connection is carried just now. */
window.carrier = (name) => window.seen[name].socket.io.engine?.transport?.name;

/** Listens to a topic by server-sent events; what comes after a break is the browser's own doing. */
window.stream = (name, url, topic) => {
  const source = new EventSource(`${url}/v1/events/stream?topic=${topic}`, { withCredentials: true });
  const one = { source, events: [], opened: 0, failed: 0 };
  window.seen[name] = one;
  source.onopen = () => (one.opened += 1);
  source.onerror = () => (one.failed += 1);
  source.onmessage = (message) => one.events.push(JSON.parse(message.data).targetId);
};

/** Signs in; the cookie is the browser's. */
window.signIn = async (url, email, password) => {
  const answer = await fetch(`${url}/v1/auth/sign-in/email`, {
    method: "POST",
    credentials: "include",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  return answer.status;
};
