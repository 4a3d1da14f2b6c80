//! Letters.

use super::{Key, flag, secret, text};

pub(super) static KEYS: &[Key] = &[
    secret(
        "mail",
        "smtp_url",
        "The server that takes letters: `smtps://USER:PASSWORD@HOST:465`, or \
         `smtp://USER:PASSWORD@HOST:587`, which must offer STARTTLS unless it is on this machine. \
         Without it letters are kept in the mailbox of development, and in production nobody gets \
         any.",
    ),
    flag(
        "mail",
        "smtp_plain",
        "false",
        "Lets `smtp://` to other machines go without encryption: only inside a network of your own.",
    ),
    text(
        "mail",
        "from",
        "\"\"",
        "The address letters come from, e.g. `hello@example.com`. Required with `smtp_url`.",
    ),
    text(
        "mail",
        "app_name",
        "\"Sixfold\"",
        "What the app is called, in letters and as their sender.",
    ),
    text(
        "mail",
        "templates",
        "\"\"",
        "A folder with templates that replace the built-in ones, e.g. `magic_link.subject`, \
         `magic_link.txt`, `magic_link.html`.",
    ),
];
