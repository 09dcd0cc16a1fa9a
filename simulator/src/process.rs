//! Runs the function as a process and reads what it logs.

use std::io;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::Simulator;

/// A running function. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: watch::Receiver<Vec<Value>>,
}

/// `program` as a command that has nothing of this process's environment and
/// all that points it at `sim`.
#[must_use]
pub fn command(program: impl AsRef<Path>, sim: &Simulator) -> Command {
    let mut command = Command::new(program.as_ref());
    command
        .env_clear()
        .envs(sim.env())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    command
}

impl Process {
    /// Starts the function as `command` says, whose stdout must be piped.
    ///
    /// # Errors
    ///
    /// If the program does not exist.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let (lines, log) = watch::channel(Vec::new());
        tokio::spawn(async move {
            let mut read = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = read.next_line().await {
                let line = serde_json::from_str(&line).unwrap_or(Value::from(line));
                lines.send_modify(|lines| lines.push(line));
            }
        });
        Ok(Self { child, log })
    }

    /// What it has logged so far, JSON where it is JSON. Its latest lines may
    /// still be on their way.
    #[must_use]
    pub fn log(&self) -> Vec<Value> {
        self.log.borrow().clone()
    }

    /// The first line that `is_it`, once it is logged. Never returns
    /// where that line is not logged: bound it.
    pub async fn logged(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let mut log = self.log.clone();
        let arrives = log.wait_for(|lines| lines.iter().any(&is_it));
        let lines = arrives.await.expect("the function runs");
        lines.iter().find(|line| is_it(line)).expect("it is logged").clone()
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// The process itself.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }
}
