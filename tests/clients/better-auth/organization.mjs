// Organizations: made, found, chosen, changed and deleted.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MEMBER, ORGANIZATION, joined, owner } from "./company.mjs";
import { Device, has, ok, person, refused, unique } from "./house.mjs";

describe("organization", () => {
  test("one is made with its owner, and is the active one", async () => {
    const olivia = await person("olivia");
    const slug = unique("acme");
    assert.deepEqual(ok(await olivia.client.organization.checkSlug({ slug })), { status: true });
    const made = ok(
      await olivia.client.organization.create({ name: "Acme", slug, metadata: { plan: "pro" } }),
    );
    has(made, `${ORGANIZATION} members`);
    assert.deepEqual([made.name, made.slug, made.metadata], ["Acme", slug, { plan: "pro" }]);
    assert.ok(made.createdAt instanceof Date);
    assert.equal(made.members.length, 1);
    assert.deepEqual([made.members[0].userId, made.members[0].role], [olivia.user.id, "owner"]);
    assert.equal((await olivia.session()).session.activeOrganizationId, made.id);
    refused(
      await olivia.client.organization.checkSlug({ slug }),
      400,
      "ORGANIZATION_SLUG_ALREADY_TAKEN",
    );
    const other = await person("oscar");
    refused(
      await other.client.organization.create({ name: "Other", slug }),
      400,
      "ORGANIZATION_ALREADY_EXISTS",
    );
  });

  test("making one may leave the active one alone", async () => {
    const olivia = await owner();
    const slug = unique("second");
    const second = ok(
      await olivia.client.organization.create({
        name: "Second",
        slug,
        keepCurrentActiveOrganization: true,
      }),
    );
    assert.equal((await olivia.session()).session.activeOrganizationId, olivia.organization.id);
    const active = ok(await olivia.client.organization.setActive({ organizationSlug: slug }));
    assert.equal(active.id, second.id);
    assert.equal((await olivia.session()).session.activeOrganizationId, second.id);
    ok(await olivia.client.organization.setActive({ organizationId: olivia.organization.id }));
    const list = ok(await olivia.client.organization.list());
    const ids = list.map(({ id }) => id);
    assert.ok(ids.includes(second.id) && ids.includes(olivia.organization.id));
    for (const organization of list) has(organization, ORGANIZATION.replace(" metadata", ""));
    assert.equal(ok(await olivia.client.organization.setActive({ organizationId: null })), null);
    assert.equal((await olivia.session()).session.activeOrganizationId ?? null, null);
    assert.equal(ok(await olivia.client.organization.getFullOrganization()), null);
  });

  test("it is read alone and in full, by id, by slug and as the active one", async () => {
    const olivia = await owner();
    const maria = await joined(olivia);
    const { id, slug } = olivia.organization;
    for (const query of [{}, { organizationId: id }, { organizationSlug: slug }]) {
      const plain = ok(await olivia.call("/organization/get-organization", { query }));
      assert.equal(plain.id, id);
      const full = ok(await olivia.client.organization.getFullOrganization({ query }));
      has(full, "id name slug createdAt members invitations teams");
      assert.equal(full.id, id);
      assert.deepEqual(
        full.members.map(({ userId }) => userId).sort(),
        [olivia.user.id, maria.user.id].sort(),
      );
      for (const member of full.members) {
        has(member, `${MEMBER} user`);
        has(member.user, "id name email");
      }
    }
  });

  test("strangers neither read nor use it, and do not learn that it is there", async () => {
    const olivia = await owner();
    const gone = await owner("oscar");
    ok(await gone.client.organization.delete({ organizationId: gone.organization.id }));
    const carol = await person("carol");
    const organizationId = olivia.organization.id;
    const { organization } = carol.client;
    for (const tried of [
      (id) => organization.setActive({ organizationId: id }),
      (id) => organization.getFullOrganization({ query: { organizationId: id } }),
      (id) => organization.listMembers({ query: { organizationId: id } }),
      (id) => organization.listInvitations({ query: { organizationId: id } }),
      (id) => organization.listTeams({ query: { organizationId: id } }),
      (id) => organization.getActiveMemberRole({ query: { organizationId: id } }),
      (id) => organization.hasPermission({ organizationId: id, permissions: { team: ["create"] } }),
      (id) => organization.update({ organizationId: id, data: { name: "Mine" } }),
      (id) => organization.delete({ organizationId: id }),
      (id) => organization.leave({ organizationId: id }),
      (id) => organization.createTeam({ organizationId: id, name: "Mine" }),
      (id) =>
        organization.inviteMember({ organizationId: id, email: carol.email, role: "owner" }),
      (id) =>
        organization.removeMember({ organizationId: id, memberIdOrEmail: olivia.user.email }),
    ]) {
      const there = await tried(organizationId);
      const nowhere = await tried(gone.organization.id);
      assert.ok([400, 401, 403].includes(there.error?.status), `${tried}: ${JSON.stringify(there)}`);
      const said = ({ error }) => [error?.status, error?.code];
      assert.deepEqual(said(there), said(nowhere), `${tried}`);
    }
    for (const call of [
      new Device().client.organization.list(),
      new Device().client.organization.create({ name: "x", slug: unique("x") }),
      new Device().client.organization.getFullOrganization({ query: { organizationId } }),
    ]) {
      assert.equal((await call).error?.status, 401);
    }
  });

  test("it is changed, and its slug stays its own", async () => {
    const olivia = await owner();
    const other = await owner("oscar");
    const slug = unique("renamed");
    const changed = ok(
      await olivia.client.organization.update({
        organizationId: olivia.organization.id,
        data: { name: "Acme & Co", slug, metadata: { plan: "starter" } },
      }),
    );
    has(changed, ORGANIZATION);
    assert.deepEqual(
      [changed.name, changed.slug, changed.metadata],
      ["Acme & Co", slug, { plan: "starter" }],
    );
    refused(
      await olivia.client.organization.update({ data: { slug: other.organization.slug } }),
      400,
      "ORGANIZATION_SLUG_ALREADY_TAKEN",
    );
    refused(
      await olivia.client.organization.update({
        organizationId: "no-such-organization",
        data: { name: "x" },
      }),
      400,
      "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION",
    );
  });

  test("it is deleted by its owner only", async () => {
    const olivia = await owner();
    const organizationId = olivia.organization.id;
    const admin = await joined(olivia, "admin");
    refused(
      await admin.client.organization.delete({ organizationId }),
      403,
      "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION",
    );
    ok(await olivia.client.organization.delete({ organizationId }));
    const left = ok(await olivia.client.organization.list()).map(({ id }) => id);
    assert.ok(!left.includes(organizationId));
  });
});
