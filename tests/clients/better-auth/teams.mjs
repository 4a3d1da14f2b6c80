// Teams: groups of people inside an organization.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { joined, owner } from "./company.mjs";
import { has, ok, person, refused } from "./house.mjs";

describe("teams", () => {
  test("one is made, renamed, listed and taken away", async () => {
    const olivia = await owner();
    const organizationId = olivia.organization.id;
    const { organization } = olivia.client;
    const made = ok(await organization.createTeam({ name: "Design", organizationId }));
    has(made, "id name organizationId createdAt");
    assert.deepEqual([made.name, made.organizationId], ["Design", organizationId]);
    const renamed = ok(
      await organization.updateTeam({ teamId: made.id, data: { name: "Form", organizationId } }),
    );
    assert.equal(renamed.name, "Form");
    const second = ok(await organization.createTeam({ name: "Print" }));
    const names = () =>
      organization.listTeams({ query: { organizationId } }).then((answer) =>
        ok(answer)
          .map(({ name }) => name)
          .filter((name) => ["Design", "Form", "Print"].includes(name))
          .sort(),
      );
    assert.deepEqual(await names(), ["Form", "Print"]);
    const full = ok(await organization.getFullOrganization());
    assert.ok(full.teams.some(({ name }) => name === "Form"));
    ok(await organization.removeTeam({ teamId: second.id, organizationId }));
    assert.deepEqual(await names(), ["Form"]);
    refused(await organization.removeTeam({ teamId: second.id }), 400, "TEAM_NOT_FOUND");
    refused(
      await organization.updateTeam({ teamId: second.id, data: { name: "x" } }),
      400,
      "TEAM_NOT_FOUND",
    );
  });

  test("its people are added and taken out, and choose it as theirs", async () => {
    const olivia = await owner();
    const maria = await joined(olivia);
    const { organization } = olivia.client;
    const team = ok(await organization.createTeam({ name: "Design" }));
    const teamId = team.id;
    refused(
      await maria.client.organization.setActiveTeam({ teamId }),
      403,
      "USER_IS_NOT_A_MEMBER_OF_THE_TEAM",
    );
    const added = ok(await organization.addTeamMember({ teamId, userId: maria.user.id }));
    has(added, "id teamId userId createdAt");
    assert.deepEqual([added.teamId, added.userId], [teamId, maria.user.id]);

    const active = ok(await maria.client.organization.setActiveTeam({ teamId }));
    assert.equal(active.id, teamId);
    assert.equal((await maria.session()).session.activeTeamId, teamId);
    const mine = ok(await maria.client.organization.listUserTeams());
    assert.ok(mine.some(({ id }) => id === teamId));
    for (const query of [{ teamId }, {}]) {
      const people = ok(await maria.client.organization.listTeamMembers({ query }));
      assert.ok(people.some(({ userId }) => userId === maria.user.id));
    }
    ok(await organization.removeTeamMember({ teamId, userId: maria.user.id }));
    const without = ok(await maria.client.organization.listUserTeams());
    assert.ok(!without.some(({ id }) => id === teamId));
    refused(
      await organization.removeTeamMember({ teamId, userId: maria.user.id }),
      400,
      "USER_IS_NOT_A_MEMBER_OF_THE_TEAM",
    );
  });

  test("only those who may invite or lead make and change them", async () => {
    const olivia = await owner();
    const organizationId = olivia.organization.id;
    const maria = await joined(olivia);
    const carol = await person("carol");
    const team = ok(await olivia.client.organization.createTeam({ name: "Design" }));
    refused(
      await maria.client.organization.createTeam({ name: "Mine", organizationId }),
      403,
      "YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION",
    );
    refused(
      await maria.client.organization.updateTeam({
        teamId: team.id,
        data: { name: "Mine", organizationId },
      }),
      403,
      "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM",
    );
    refused(
      await maria.client.organization.removeTeam({ teamId: team.id, organizationId }),
      403,
      "YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION",
    );
    refused(
      await maria.client.organization.addTeamMember({
        teamId: team.id,
        userId: maria.user.id,
        organizationId,
      }),
      403,
      "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER",
    );
    refused(
      await carol.client.organization.listTeams({ query: { organizationId } }),
      403,
      "YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION",
    );
    refused(
      await olivia.client.organization.addTeamMember({ teamId: team.id, userId: carol.user.id }),
      400,
      "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION",
    );
  });

  test("an invitation may lead into one", async () => {
    const olivia = await owner();
    const maria = await (await person("maria")).verify();
    const team = ok(await olivia.client.organization.createTeam({ name: "Design" }));
    const invitation = ok(
      await olivia.client.organization.inviteMember({
        email: maria.email,
        role: "member",
        teamId: team.id,
      }),
    );
    assert.equal(invitation.teamId, team.id);
    ok(await maria.client.organization.acceptInvitation({ invitationId: invitation.id }));
    const mine = ok(await maria.client.organization.listUserTeams());
    assert.ok(mine.some(({ id }) => id === team.id));
  });
});
