//! Load generator for Sixfold: real sign-up, real tokens, real rows, over plain HTTP/1.1.
//!
//! The generator shares the machine with the server it measures, so it is built to stay out of the
//! way: one thread, a hand-written keep-alive client, requests rendered before the clock starts.
//! See `bench/README.md`.
#![allow(
    clippy::disallowed_methods,
    reason = "rooms are handed the time; a load generator measures it and dates its result"
)]

mod access;
mod backup;
mod client;
mod data;
mod identity;
mod ids;
mod jobs;
mod live;
mod load;
mod loopback;
mod options;
mod overload;
mod postgres;
mod proc;
mod queries;
mod recovery;
mod report;
mod response;
mod run;
mod scenario;
mod search;
mod server;
mod sizes;
mod stage;
mod tree;
mod webhook;
mod words;
mod writes;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::options::{Cli, Command};

fn main() -> ExitCode {
    match serve(&Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("\nfailed: at least one scenario got an answer it did not expect");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("\nfailed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs everything on this one thread; an interrupt drops the run, which stops the server it
/// started.
fn serve(command: &Command) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let mut databases = postgres::Databases::default();
        let measured = async {
            match command {
                Command::Run(options) => run::run(options, &mut databases).await,
                Command::Live(options) => live::run(options, &mut databases).await,
            }
        };
        let result = tokio::select! {
            result = measured => result,
            _ = tokio::signal::ctrl_c() => bail_interrupted(),
        };
        databases.drop_all().await;
        result
    })
}

fn bail_interrupted() -> Result<bool> {
    bail!("interrupted")
}
