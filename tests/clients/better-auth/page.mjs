// What an app's bundle holds: the client, as any web page would make it. Bundled by browser.mjs.
import { passkeyClient } from "@better-auth/passkey/client";
import { createAuthClient } from "better-auth/client";
import { magicLinkClient, organizationClient, twoFactorClient } from "better-auth/client/plugins";

/* global SERVER */
window.auth = createAuthClient({
  baseURL: SERVER,
  basePath: "/v1/auth",
  plugins: [magicLinkClient(), organizationClient(), passkeyClient(), twoFactorClient()],
});
// What is shown by itself: `seen.useSession` and so on are what each of them says now.
window.seen = {};
window.watch = (...names) => {
  for (const name of names) window.auth[name].subscribe((value) => (window.seen[name] = value));
};
window.watch("useSession");
