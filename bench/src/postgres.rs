//! Databases of our own on a PostgreSQL server of this machine: made for a run, dropped after it.

use anyhow::{Context, Result};
use tokio_postgres::{Client, NoTls};

use crate::loopback::postgres_url;

/// Whom the server connects as: no superuser, so that row-level security is part of what is measured.
const ROLE: &str = "sixfold_bench";
const PASSWORD: &str = "measured-behind-the-wall";

/// The databases this run has made and not dropped yet.
#[derive(Default)]
pub(crate) struct Databases {
    made: Vec<(String, String)>,
    count: u32,
}

impl Databases {
    /// Makes an empty database and returns its URL.
    pub(crate) async fn create(&mut self, server: &str) -> Result<String> {
        self.count += 1;
        let name = format!("sixfold_bench_{}_{}", std::process::id(), self.count);
        let admin = postgres_url(server, None)?;
        let url = postgres_url(&as_plain_role(server), Some(&name))?;
        let client = connect(&admin).await?;
        client
            .batch_execute(&format!(
                "do $$ begin create role {ROLE} login password '{PASSWORD}'; \
                 exception when duplicate_object or unique_violation then null; end $$"
            ))
            .await
            .context("could not create a role")?;
        client
            .batch_execute(&format!("create database {name} owner {ROLE}"))
            .await
            .context("could not create a database")?;
        self.made.push((admin, name));
        Ok(url)
    }

    /// Drops what is left; a failure is told, not returned, because it comes after the result.
    pub(crate) async fn drop_all(&mut self) {
        for (admin, name) in self.made.drain(..) {
            let dropped = async {
                connect(&admin)
                    .await?
                    .batch_execute(&format!("drop database if exists {name} with (force)"))
                    .await?;
                anyhow::Ok(())
            };
            if let Err(error) = dropped.await {
                eprintln!("the database {name} could not be dropped: {error:#}");
            }
        }
    }
}

fn as_plain_role(server: &str) -> String {
    let (scheme, rest) = server.split_once("://").unwrap_or(("postgres", server));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, "postgres"));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{ROLE}:{PASSWORD}@{host}/{database}")
}

/// What decides how a PostgreSQL server's figures read: its version and how safely it writes.
pub(crate) async fn facts(server: &str) -> Result<String> {
    let client = connect(&postgres_url(server, None)?).await?;
    let mut facts = String::from("PostgreSQL");
    for name in
        ["server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers"]
    {
        let row = client.query_one("select current_setting($1)", &[&name]).await?;
        let value: String = row.try_get(0)?;
        facts.push_str(&match name {
            // Only the number; what follows it may name the packager's machine.
            "server_version" => format!(" {}", value.split(' ').next().unwrap_or_default()),
            _ => format!(", {name}={value}"),
        });
    }
    Ok(facts)
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .context("could not connect to PostgreSQL (--postgres)")?;
    // Ends by itself when the client is dropped.
    tokio::spawn(connection);
    Ok(client)
}
