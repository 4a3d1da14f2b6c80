// A real OpenID provider (npm `oidc-provider`) for the tests of signing in with one.
//
//   node provider.mjs CALLBACK_URL…
//
// It listens on a free port of the loopback and prints `{"issuer":…}` in one line. Its logins are
// whoever types an address: the subject is the part before the `@`; an address that begins with
// `unproven` is not vouched for. It ends when its input ends.

import http from "node:http";
import Provider from "oidc-provider";

const server = http.createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "sixfold",
      client_secret: "a secret of the tests: 100% & more",
      redirect_uris: process.argv.slice(2),
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  scopes: ["openid", "offline_access", "email", "profile"],
  features: { devInteractions: { enabled: true } },
  ttl: { AccessToken: 60, Session: 600, Grant: 600, Interaction: 600, IdToken: 300 },
  cookies: { keys: ["a key of the tests"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: !id.startsWith("unproven"),
      name: id,
    }),
  }),
});

server.on("request", provider.callback());
process.stdin.on("end", () => process.exit(0)).resume();
console.log(JSON.stringify({ issuer }));
