//! The verb: check.

use types::Result;

use super::model::{CheckPassword, PasswordChecked, PasswordProblem};
use crate::IdentityApp;
use crate::sessions::Device;
use crate::tries;

/// Characters the estimate looks at: its cost grows faster than the text.
const ESTIMATED: usize = 128;
/// Characters of name and address it looks at.
const CONTEXT: usize = 320;

/// Says whether a password may be chosen, and how good it is.
///
/// # Errors
/// 429; 503 when too many passwords wait.
pub(super) async fn check(
    house: &IdentityApp,
    device: &Device,
    asked: CheckPassword,
) -> Result<PasswordChecked> {
    // Counted on its own: whoever types a password here still has to sign up afterwards.
    tries::count(house, "check_password", device)?;
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let known: Vec<String> =
        [&asked.name, &asked.email].into_iter().flatten().map(|text| cut(text, CONTEXT)).collect();
    let context: Vec<&str> = known.iter().map(String::as_str).collect();
    let faults = house.parts.passwords.policy.faults(asked.password.reveal(), &context);
    let looked_at = cut(asked.password.reveal(), ESTIMATED);
    let score = house
        .parts
        .passwords
        .pool
        .run(move |_| {
            let context: Vec<&str> = known.iter().map(String::as_str).collect();
            Ok(u8::from(zxcvbn::zxcvbn(&looked_at, &context).score()))
        })
        .await?;
    let problem = |fault: super::policy::Fault| PasswordProblem {
        code: fault.code.to_uppercase(),
        message: fault.message,
    };
    Ok(PasswordChecked {
        acceptable: faults.is_empty(),
        score,
        problems: faults.into_iter().map(problem).collect(),
    })
}
