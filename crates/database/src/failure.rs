//! What an engine's error means to a caller, and what the log may say of it.

use rusqlite::ErrorCode;
use tokio_postgres::error::SqlState;
use types::{Error, ErrorKind};

fn full() -> Error {
    Error::new(
        ErrorKind::StorageFull,
        "storage_full",
        "The disk is full: nothing was written. Free space and send the request again.",
    )
}

/// The code of a read that was given up because it took too long.
pub const TOO_LONG: &str = "query_too_expensive";

/// It took longer than such a read may.
pub(crate) fn too_long() -> Error {
    Error::new(
        ErrorKind::Overloaded,
        TOO_LONG,
        "This takes too long to look up; ask for less, or narrow it down.",
    )
    .retry_after(1)
}

fn taken() -> Error {
    Error::conflict("already_exists", "This already exists; choose another value or update it.")
}

fn dangling() -> Error {
    Error::conflict(
        "reference_broken",
        "Something this refers to does not exist, or something still refers to this.",
    )
}

pub(crate) fn of_sqlite(error: rusqlite::Error) -> Error {
    let Some(code) = error.sqlite_error() else { return Error::internal(error) };
    let meant = match code.code {
        ErrorCode::DiskFull => full(),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            Error::overloaded("The database is busy; try again in a moment.")
        }
        ErrorCode::ReadOnly => Error::new(
            ErrorKind::StorageFull,
            "storage_read_only",
            "The data directory cannot be written: nothing was changed.",
        ),
        ErrorCode::ConstraintViolation => match code.extended_code {
            rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
            | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => taken(),
            rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => dangling(),
            _ => return Error::internal(error),
        },
        _ => return Error::internal(error),
    };
    meant.caused_by(error)
}

/// The error, and whether running the transaction again may help.
pub(crate) fn of_postgres(error: tokio_postgres::Error) -> (Error, bool) {
    let again = error.code().is_some_and(|code| {
        *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
    });
    let meant = match error.code() {
        Some(code) if *code == SqlState::UNIQUE_VIOLATION => taken(),
        Some(code) if *code == SqlState::FOREIGN_KEY_VIOLATION => dangling(),
        Some(code) if *code == SqlState::DISK_FULL => full(),
        Some(_) if again => Error::overloaded("Too many changes to the same data; try again."),
        Some(code) if *code == SqlState::QUERY_CANCELED => too_long(),
        Some(code) if code.code().starts_with("53") || code.code().starts_with("57P") => {
            Error::overloaded("The database has no capacity just now; try again.")
        }
        None if error.is_closed() => {
            Error::overloaded("The connection to the database was lost; try again.")
        }
        _ => return (Error::internal(told(error)), false),
    };
    (meant.caused_by(told(error)), again)
}

/// What may be logged: the server's detail, hint and context quote rows, and with them people's
/// addresses.
fn told(error: tokio_postgres::Error) -> Box<dyn std::error::Error + Send + Sync> {
    let Some(said) = error.as_db_error() else { return error.into() };
    let (code, message) = (said.code().code(), said.message());
    let mut text = format!("{} {code}: {message}", said.severity());
    for (what, name) in [("table", said.table()), ("constraint", said.constraint())] {
        if let Some(name) = name {
            text.push_str(&format!(" ({what} {name})"));
        }
    }
    text.into()
}
