// A provider people sign in with: what GitHub says, in as far as a server asks it.
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";

export class Provider {
  #codes = new Map();
  #server = createServer((request, response) => this.#answer(request, response));
  /** Who signs in there. */
  person = { id: 1, login: "octo", name: "Octavia", email: "octo@example.com" };
  /** The tokens that are good. */
  tokens = new Set();

  listen(port) {
    return new Promise((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Agrees to what the page at `address` asks; where the browser is sent back to. */
  agree(address) {
    const { searchParams: asked } = new URL(address);
    const code = randomUUID();
    this.#codes.set(code, asked);
    const back = new URL(asked.get("redirect_uri"));
    back.searchParams.set("code", code);
    back.searchParams.set("state", asked.get("state"));
    return back.href;
  }

  async #answer(request, response) {
    const say = (status, body) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    if (request.url === "/token") {
      const sent = new URLSearchParams((await request.toArray()).join(""));
      return say(...this.#grant(sent));
    }
    if (!this.tokens.has(request.headers.authorization?.replace(/^bearer /i, ""))) {
      return say(401, { message: "Bad credentials" });
    }
    const { email, ...person } = this.person;
    if (request.url === "/user") return say(200, { ...person, email: null, avatar_url: null });
    return say(200, [{ email, primary: true, verified: true }]);
  }

  #grant(sent) {
    if (sent.get("grant_type") === "authorization_code") {
      const asked = this.#codes.get(sent.get("code"));
      this.#codes.delete(sent.get("code"));
      const proof = createHash("sha256").update(sent.get("code_verifier") ?? "").digest("base64url");
      if (
        asked?.get("code_challenge_method") !== "S256" ||
        asked.get("code_challenge") !== proof ||
        asked.get("redirect_uri") !== sent.get("redirect_uri")
      ) {
        return [400, { error: "invalid_grant" }];
      }
    }
    const token = randomUUID();
    this.tokens.add(token);
    return [
      200,
      {
        access_token: token,
        refresh_token: randomUUID(),
        expires_in: 28_800,
        token_type: "bearer",
        scope: "read:user,user:email",
      },
    ];
  }
}
