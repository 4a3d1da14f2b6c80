// Invitations: sent, looked at, accepted, declined and taken back.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { INVITATION, MEMBER, joined, owner } from "./company.mjs";
import { address, has, letter, ok, person, refused } from "./house.mjs";

describe("invitations", () => {
  test("one is mailed, looked at and accepted by whom it is for", async () => {
    const olivia = await owner();
    const organizationId = olivia.organization.id;
    const maria = await (await person("maria")).verify();
    const sent = ok(
      await olivia.client.organization.inviteMember({ email: maria.email, role: "member" }),
    );
    has(sent, INVITATION);
    assert.deepEqual(
      [sent.organizationId, sent.email, sent.role, sent.status, sent.inviterId],
      [organizationId, maria.email, "member", "pending", olivia.user.id],
    );
    const days = (sent.expiresAt - Date.now()) / 86_400_000;
    assert.ok(days > 6.9 && days < 7.1, `${days} days`);
    await letter(maria.email, "invit");

    const query = { id: sent.id };
    const seen = ok(await maria.client.organization.getInvitation({ query }));
    has(seen, `${INVITATION} organizationName organizationSlug inviterEmail`);
    assert.deepEqual(
      [seen.organizationName, seen.organizationSlug, seen.inviterEmail],
      ["Acme", olivia.organization.slug, olivia.email],
    );
    const mine = ok(await maria.client.organization.listUserInvitations());
    assert.deepEqual(
      mine.map(({ id, organizationName }) => [id, organizationName]),
      [[sent.id, "Acme"]],
    );
    const all = ok(await olivia.client.organization.listInvitations());
    assert.deepEqual(all.map(({ id }) => id), [sent.id]);

    const carol = await (await person("carol")).verify();
    for (const call of [
      carol.client.organization.getInvitation({ query }),
      carol.client.organization.acceptInvitation({ invitationId: sent.id }),
      carol.client.organization.rejectInvitation({ invitationId: sent.id }),
    ]) {
      refused(await call, 403, "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION");
    }

    const accepted = ok(
      await maria.client.organization.acceptInvitation({ invitationId: sent.id }),
    );
    has(accepted.invitation, INVITATION);
    has(accepted.member, MEMBER);
    assert.equal(accepted.invitation.status, "accepted");
    assert.deepEqual([accepted.member.userId, accepted.member.role], [maria.user.id, "member"]);
    assert.equal((await maria.session()).session.activeOrganizationId, organizationId);
    refused(
      await maria.client.organization.acceptInvitation({ invitationId: sent.id }),
      400,
      "INVITATION_NOT_FOUND",
    );
  });

  test("one is not sent twice, nor to members, nor above one's own role", async () => {
    const olivia = await owner();
    const admin = await joined(olivia, "admin");
    const member = await joined(olivia, "member");
    const { organization } = olivia.client;
    const email = address("late");
    const first = ok(await organization.inviteMember({ email, role: "member" }));
    refused(
      await organization.inviteMember({ email, role: "member" }),
      400,
      "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION",
    );
    const again = ok(await organization.inviteMember({ email, role: "member", resend: true }));
    assert.equal(again.id, first.id);
    await letter(email, "invit", { nth: 2 });
    refused(
      await organization.inviteMember({ email: member.email, role: "member" }),
      400,
      "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION",
    );
    refused(
      await organization.inviteMember({ email: "not an address", role: "member" }),
      400,
      "INVALID_EMAIL",
    );
    const organizationId = olivia.organization.id;
    refused(
      await member.client.organization.inviteMember({
        organizationId,
        email: address("x"),
        role: "member",
      }),
      403,
      "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION",
    );
    refused(
      await admin.client.organization.inviteMember({
        organizationId,
        email: address("x"),
        role: "owner",
      }),
      403,
      "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE",
    );
    const unknown = await organization.inviteMember({ email: address("x"), role: "emperor" });
    assert.equal(unknown.error?.status, 400);
  });

  test("one is declined by its guest or taken back by its host", async () => {
    const olivia = await owner();
    const maria = await (await person("maria")).verify();
    const { organization } = olivia.client;
    const invite = async () =>
      ok(await organization.inviteMember({ email: maria.email, role: "member" })).id;

    const declined = await invite();
    ok(await maria.client.organization.rejectInvitation({ invitationId: declined }));
    const taken = await invite();
    const back = ok(await organization.cancelInvitation({ invitationId: taken }));
    has(back, INVITATION);
    assert.equal(back.status, "canceled");
    for (const invitationId of [declined, taken, "no-such-invitation"]) {
      refused(
        await maria.client.organization.acceptInvitation({ invitationId }),
        400,
        "INVITATION_NOT_FOUND",
      );
    }
    const open = await invite();
    const member = await joined(olivia, "member", "nora");
    refused(
      await member.client.organization.cancelInvitation({ invitationId: open }),
      403,
      "YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION",
    );
  });

  test("who has not proven their address is not shown what others sent there", async () => {
    const unproven = await person("una");
    refused(
      await unproven.client.organization.listUserInvitations(),
      403,
      "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION",
    );
  });
});
