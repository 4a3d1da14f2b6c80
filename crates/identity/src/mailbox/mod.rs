//! The mailbox of development: letters that would have been sent. It is there only while the
//! server is for one person at one machine; in production its paths lead nowhere.

mod routes;

pub(crate) use routes::router;
