// Every area, in one process, and at the end: was every endpoint of the client called?
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import "./core.mjs";
import "./sessions.mjs";
import "./mails.mjs";
import "./magic-link.mjs";
import "./two-factor.mjs";
import "./organization.mjs";
import "./invitations.mjs";
import "./members.mjs";
import "./teams.mjs";
import "./api-key.mjs";
import "./passkey.mjs";
import "./bearer.mjs";
import "./social.mjs";
import { calls } from "./house.mjs";

test("every endpoint of the client was called", () => {
  const endpoints = JSON.parse(readFileSync(new URL("endpoints.json", import.meta.url)));
  assert.equal(endpoints.length, 87);
  const called = [...calls];
  const never = endpoints.filter((endpoint) => {
    const shape = new RegExp(`^${endpoint.replace(/\{\w+\}/g, "[^/]+")}$`);
    return !called.some((call) => shape.test(call));
  });
  assert.deepEqual(never, [], "endpoints that no test has called");
});
