//! The refusals the better-auth client knows, with the statuses it expects.

use types::{Error, ErrorKind};

macro_rules! codes {
    ($($name:ident = $kind:ident $message:literal;)*) => {$(
        pub(super) fn $name() -> Error {
            Error::new(ErrorKind::$kind, stringify!($name), $message)
        }
    )*};
}

codes! {
    you_are_not_allowed_to_create_a_new_organization = Forbidden
        "You can only make an organization in your own name; leave `userId` out.";
    organization_already_exists = Malformed
        "This slug belongs to somebody else; choose another one.";
    organization_slug_already_taken = Malformed
        "This slug belongs to somebody else; choose another one.";
    organization_not_found = Malformed "There is no such organization for you; list yours.";
    no_active_organization = Malformed
        "No organization is active; send `organizationId`, or set one active first.";
    user_is_not_a_member_of_the_organization = Malformed
        "This organization has no such member.";
    you_are_not_allowed_to_update_this_organization = Forbidden
        "Your role does not let you change this organization; ask an owner of it.";
    you_are_not_allowed_to_delete_this_organization = Forbidden
        "Your role does not let you delete this organization; ask an owner of it.";
    you_are_not_a_member_of_this_organization = Forbidden
        "You are not a member of such an organization; list yours.";
    member_not_found = Malformed "There is no such member in an organization of yours.";
    role_not_found = Malformed
        "There is no such role; use owner, admin, member, or one that the organization defines.";
    user_is_already_a_member_of_this_organization = Malformed
        "Somebody with this address is a member of this organization already.";
    user_is_already_invited_to_this_organization = Malformed
        "This address is invited already; send `resend` to invite it once more.";
    you_cannot_leave_the_organization_as_the_only_owner = Malformed
        "An organization keeps an owner: make somebody else an owner first.";
    you_cannot_leave_the_organization_without_an_owner = Malformed
        "An organization keeps an owner: make somebody else an owner first.";
    you_are_not_allowed_to_delete_this_member = Unauthenticated
        "Your role does not let you remove this member; ask an owner of the organization.";
    you_are_not_allowed_to_update_this_member = Forbidden
        "Your role does not let you do this to this member; ask an owner of the organization.";
    you_are_not_allowed_to_invite_users_to_this_organization = Forbidden
        "Your role does not let you invite people; ask an owner of the organization.";
    you_are_not_allowed_to_invite_user_with_this_role = Forbidden
        "Nobody gives a role that allows more than their own.";
    you_are_not_allowed_to_cancel_this_invitation = Forbidden
        "Your role does not let you cancel invitations; ask an owner of the organization.";
    invitation_not_found = Malformed
        "There is no such invitation, or it was answered, canceled or has expired.";
    invitation_limit_reached = Forbidden
        "This organization has too many open invitations; cancel one first.";
    you_are_not_the_recipient_of_the_invitation = Forbidden
        "This invitation is for another address; sign in with that one.";
    email_verification_required_before_accepting_or_rejecting_invitation = Forbidden
        "Verify your e-mail address first, then answer the invitation.";
    email_verification_required_for_invitation = Forbidden
        "Verify your e-mail address first, then look at its invitations.";
    inviter_is_no_longer_a_member_of_the_organization = Malformed
        "Whoever invited you may no longer do so; ask for a new invitation.";
    team_not_found = Malformed "There is no such team in this organization.";
    you_have_reached_the_maximum_number_of_teams = Malformed
        "This organization has as many teams as it can have; remove one first.";
    you_are_not_allowed_to_create_teams_in_this_organization = Forbidden
        "Your role does not let you make teams; ask an owner of the organization.";
    you_are_not_allowed_to_delete_teams_in_this_organization = Forbidden
        "Your role does not let you remove teams; ask an owner of the organization.";
    you_are_not_allowed_to_delete_this_team = Forbidden
        "This team is not one you may remove now: set another one active first.";
    you_are_not_allowed_to_update_this_team = Forbidden
        "Your role does not let you change teams; ask an owner of the organization.";
    you_are_not_allowed_to_access_this_organization = Forbidden
        "You are not a member of such an organization; list yours.";
    user_is_not_a_member_of_the_team = Malformed "This team has no such member.";
    you_do_not_have_an_active_team = Malformed
        "No team is active; send `teamId`, or set one active first.";
    you_are_not_allowed_to_create_a_new_team_member = Forbidden
        "Your role does not let you add people to teams; ask an owner of the organization.";
    you_are_not_allowed_to_remove_a_team_member = Forbidden
        "Your role does not let you take people out of teams; ask an owner of the organization.";
}

/// The same code with another status: the client is told so in some calls.
pub(super) fn as_forbidden(error: &Error) -> Error {
    Error::new(ErrorKind::Forbidden, error.code().to_owned(), error.message().to_owned())
}

/// The same code as a matter of who calls.
pub(super) fn as_unauthenticated(error: &Error) -> Error {
    Error::new(ErrorKind::Unauthenticated, error.code().to_owned(), error.message().to_owned())
}

/// A code of the world, and what this client knows it as.
type Word = (&'static str, fn() -> Error);

/// What the world refused, in this client's words; other errors stay as they are.
pub(super) fn told(error: Error, words: &[Word]) -> Error {
    words.iter().find(|(code, _)| *code == error.code()).map_or(error, |(_, word)| word())
}
