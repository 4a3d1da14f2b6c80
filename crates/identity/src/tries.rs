//! How often somebody may try something: the limits of all ways in, kept in one place.
//!
//! A guess takes its place before the password is hashed: of many at once exactly as many are
//! compared as the limit says, and the right answer after that is refused like the others. What
//! counts is the pair of account and address, so that nobody locks anybody out from elsewhere; and
//! guesses at a signed-in device count apart, so that a stranger cannot keep its owner from
//! proving who they are.

use std::time::Duration;

use kernel::Place;
use types::{Result, UserId};

use crate::IdentityApp;
use crate::sessions::Device;

const SIGN_IN: &str = "sign_in_failures";
const PROOF: &str = "proof_failures";
/// How long a guess waits for the outcome of those before it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whose password is guessed, from where.
pub(crate) enum Guessed<'a> {
    /// Somebody at the door, by the address they gave.
    Address(&'a str),
    /// Whoever is signed in.
    User(UserId),
}

/// A guess that counts until its outcome is known.
pub(crate) struct Guess {
    what: &'static str,
    parts: [String; 2],
    place: Place,
}

/// Counts one try from an address, of the kinds that share `what`; it stays counted.
///
/// # Errors
/// 429 `rate_limited`.
pub(crate) fn count(house: &IdentityApp, what: &str, device: &Device) -> Result<()> {
    let limit = house.parts.settings.tries();
    let _counted = house.limits.take(what, &[&device.address_key], limit, house.now())?;
    Ok(())
}

/// The same, where what turns out to be right gives its place back.
///
/// # Errors
/// 429 `rate_limited`.
pub(crate) fn take(house: &IdentityApp, what: &str, device: &Device) -> Result<Place> {
    house.limits.take(what, &[&device.address_key], house.parts.settings.tries(), house.now())
}

/// Takes a place for guessing a password.
///
/// # Errors
/// 429 `rate_limited`.
pub(crate) async fn guess(
    house: &IdentityApp,
    device: &Device,
    whose: &Guessed<'_>,
) -> Result<Guess> {
    let (what, whose) = match whose {
        Guessed::Address(email) => (SIGN_IN, (*email).to_owned()),
        Guessed::User(user) => (PROOF, user.to_string()),
    };
    let parts = [whose, device.address_key.clone()];
    let limit = house.parts.settings.failures();
    let both = [parts[0].as_str(), parts[1].as_str()];
    let place = house.limits.take_in_turn(what, &both, limit, || house.now(), PATIENCE).await?;
    Ok(Guess { what, parts, place })
}

impl Guess {
    /// It was right: all before it are forgotten.
    pub(crate) fn was_right(self, house: &IdentityApp) {
        house.limits.clear(self.what, &[&self.parts[0], &self.parts[1]]);
    }

    /// It was never compared: it does not count.
    pub(crate) fn did_not_happen(self) {
        self.place.give_back();
    }
}

/// Places of one letter, by where it goes and by who asks for it, in a minute and in an hour.
#[must_use = "a letter that is not written gives its places back"]
pub(crate) struct LetterPlaces(Vec<Place>);

impl LetterPlaces {
    /// The letter was not written.
    pub(crate) fn give_back(self) {
        self.0.into_iter().for_each(Place::give_back);
    }
}

/// Takes all places of a letter, or none. `by` names who asks: an address, or whoever is signed in.
///
/// # Errors
/// 429 `rate_limited`.
pub(crate) fn letter(house: &IdentityApp, to: &str, by: Option<&str>) -> Result<LetterPlaces> {
    let mut taken = LetterPlaces(Vec::new());
    for (what, who) in [("letters_to", Some(to)), ("letters_by", by)] {
        let Some(who) = who else { continue };
        for (span, limit) in ["minute", "hour"].into_iter().zip(house.parts.settings.mails()) {
            match house.limits.take(what, &[span, who], limit, house.now()) {
                Ok(place) => taken.0.push(place),
                Err(error) => {
                    taken.give_back();
                    return Err(error);
                }
            }
        }
    }
    Ok(taken)
}

/// Counts a letter that somebody asks for; it stays counted.
///
/// # Errors
/// 429 `rate_limited`.
pub(crate) fn count_letter(house: &IdentityApp, device: &Device, to: &str) -> Result<()> {
    let by = Some(device.address_key.as_str()).filter(|by| !by.is_empty());
    let _counted = letter(house, to, by)?;
    Ok(())
}

/// The same where the letter comes along with something else: when there were too many, it is
/// left out and nobody is told.
pub(crate) fn may_send(house: &IdentityApp, to: &str) -> bool {
    letter(house, to, None).is_ok()
}
