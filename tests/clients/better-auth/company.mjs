// An organization and its people, for the tests that need one.
import { ok, person, unique } from "./house.mjs";

/** Somebody and the organization they made, which is their active one. */
export async function owner(name = "olivia") {
  const device = await person(name);
  const slug = unique("acme");
  device.organization = ok(await device.client.organization.create({ name: "Acme", slug }));
  return device;
}

/** Somebody who was invited with this role and has accepted. */
export async function joined(host, role = "member", name = "maria") {
  const guest = await (await person(name)).verify();
  const invitation = ok(
    await host.client.organization.inviteMember({
      email: guest.email,
      role,
      organizationId: host.organization.id,
    }),
  );
  const accepted = ok(
    await guest.client.organization.acceptInvitation({ invitationId: invitation.id }),
  );
  guest.member = accepted.member;
  return guest;
}

export const ORGANIZATION = "id name slug createdAt metadata";
export const MEMBER = "id organizationId userId role createdAt";
export const INVITATION = "id organizationId email role status expiresAt createdAt inviterId";
