// Members: listed, given roles, asked what they may do, and let go.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MEMBER, joined, owner } from "./company.mjs";
import { address, has, ok, person, refused } from "./house.mjs";

describe("members", () => {
  test("they are listed in pages, and know their own part", async () => {
    const olivia = await owner();
    const maria = await joined(olivia, "admin");
    const { members, total } = ok(await olivia.client.organization.listMembers());
    assert.equal(total, 2);
    for (const member of members) has(member, `${MEMBER} user`);
    const page = ok(await olivia.client.organization.listMembers({ query: { limit: 1 } }));
    assert.deepEqual([page.members.length, page.total], [1, 2]);
    const rest = ok(await olivia.client.organization.listMembers({ query: { limit: 1, offset: 1 } }));
    assert.notEqual(rest.members[0].id, page.members[0].id);

    const me = ok(await maria.client.organization.getActiveMember());
    has(me, `${MEMBER} user`);
    assert.deepEqual([me.userId, me.role, me.user.email], [maria.user.id, "admin", maria.email]);
    assert.deepEqual(ok(await maria.client.organization.getActiveMemberRole()), { role: "admin" });
    const loner = await person("loner");
    refused(await loner.client.organization.getActiveMember(), 400, "NO_ACTIVE_ORGANIZATION");
  });

  test("what a role may do is answered", async () => {
    const olivia = await owner();
    const maria = await joined(olivia);
    for (const [device, permissions, success] of [
      [olivia, { invitation: ["create"] }, true],
      [olivia, { organization: ["update", "delete"] }, true],
      [maria, { invitation: ["create"] }, false],
      [maria, { organization: ["delete"] }, false],
    ]) {
      const answer = ok(await device.client.organization.hasPermission({ permissions }));
      assert.equal(answer.success, success, JSON.stringify(permissions));
    }
    assert.equal(
      maria.client.organization.checkRolePermission({
        role: "member",
        permissions: { invitation: ["create"] },
      }),
      false,
    );
  });

  test("roles are given from above only", async () => {
    const olivia = await owner();
    const organizationId = olivia.organization.id;
    const admin = await joined(olivia, "admin");
    const member = await joined(olivia, "member");
    const raised = ok(
      await olivia.client.organization.updateMemberRole({
        memberId: member.member.id,
        role: "admin",
      }),
    );
    has(raised, MEMBER);
    assert.equal(raised.role, "admin");
    ok(
      await olivia.client.organization.updateMemberRole({
        memberId: member.member.id,
        role: "member",
      }),
    );
    const [owned] = olivia.organization.members;
    for (const [device, memberId, role] of [
      [member, admin.member.id, "member"],
      [admin, member.member.id, "owner"],
      [admin, owned.id, "member"],
    ]) {
      refused(
        await device.client.organization.updateMemberRole({ organizationId, memberId, role }),
        403,
        "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER",
      );
    }
    refused(
      await olivia.client.organization.updateMemberRole({ memberId: "nobody", role: "member" }),
      400,
      "MEMBER_NOT_FOUND",
    );
    refused(
      await olivia.client.organization.updateMemberRole({ memberId: owned.id, role: "member" }),
      400,
      "YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER",
    );
  });

  test("they are let go, by id or address, and go by themselves", async () => {
    const olivia = await owner();
    const organizationId = olivia.organization.id;
    const maria = await joined(olivia);
    const nora = await joined(olivia, "member", "nora");
    const otto = await joined(olivia, "member", "otto");
    const not = await maria.client.organization.removeMember({
      organizationId,
      memberIdOrEmail: nora.member.id,
    });
    refused(not, 401, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER");
    for (const memberIdOrEmail of [maria.member.id, nora.email]) {
      const { member } = ok(await olivia.client.organization.removeMember({ memberIdOrEmail }));
      has(member, MEMBER);
      refused(
        await olivia.client.organization.removeMember({ memberIdOrEmail }),
        400,
        "MEMBER_NOT_FOUND",
      );
    }
    const after = await maria.client.organization.getFullOrganization({ query: { organizationId } });
    assert.ok([400, 403].includes(after.error?.status), JSON.stringify(after));

    ok(await otto.client.organization.leave({ organizationId }));
    refused(
      await olivia.client.organization.leave({ organizationId }),
      400,
      "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER",
    );
    assert.equal(ok(await olivia.client.organization.listMembers()).total, 1);
  });
});
