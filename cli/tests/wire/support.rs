//! Runs the program against the simulator and reads what it says.

use std::process::Stdio;
use std::time::Duration;

use eks_nlb_simulator::{Fault, Health, Options, Simulator, World, sample};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than anything here may take: a test that hangs is a test that failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The output of a program that ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Its standard output as JSON, which a schema of docs/schema describes.
    pub(crate) fn json(&self) -> Value {
        let document = serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        crate::schema::assert_described(&document);
        document
    }

    /// The lines of its standard output that mention `part`.
    pub(crate) fn lines_with(&self, part: &str) -> Vec<&str> {
        self.out.lines().filter(|line| line.contains(part)).collect()
    }

    /// Asserts that its standard output has each of `parts`, however its lines are
    /// broken.
    pub(crate) fn assert_shows(&self, parts: &[&str]) {
        let shown = words(&self.out);
        for part in parts {
            assert!(shown.contains(part), "{part} is missing: {}{}", self.out, self.err);
        }
    }

    /// Asserts that it ended in one sentence, which contains each of `parts`.
    pub(crate) fn assert_one_sentence(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        assert!(self.err.starts_with("error: "), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        for part in parts {
            assert!(self.err.contains(part), "{part} is missing: {self:?}");
        }
    }
}

/// A simulated world, and how to run the program in it.
pub(crate) struct Desk {
    pub(crate) sim: Simulator,
    /// The program's `ADDRESS_SOURCE`; `None` leaves the default.
    source: Option<&'static str>,
}

impl Desk {
    /// Program and function read DNS alone: the interfaces of a cluster that moved
    /// stay for minutes of simulated time.
    pub(crate) async fn new(populate: impl FnOnce(&mut World)) -> Self {
        let desk = Self { source: Some("dns"), ..Self::with_defaults(populate).await };
        if let Some(function) = &mut desk.sim.world().supporting.function {
            function.environment.entry("ADDRESS_SOURCE".to_owned()).or_insert_with(|| "dns".to_owned());
        }
        desk
    }

    /// All settings have their defaults, as with `--demo`.
    pub(crate) async fn with_defaults(populate: impl FnOnce(&mut World)) -> Self {
        let sim = Simulator::start().await;
        populate(&mut sim.world());
        Self { sim, source: None }
    }

    /// The same over HTTPS, with an authority that `SSL_CERT_FILE` names.
    pub(crate) async fn over_https(populate: impl FnOnce(&mut World)) -> Self {
        let options = Options { https: true, ..Options::default() };
        let sim = Simulator::start_with(options).await.expect("loopback has free ports");
        populate(&mut sim.world());
        Self { sim, source: None }
    }

    /// The program with nothing of this process's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command.envs(self.sim.env().into_iter().filter(|(name, _)| !name.starts_with("AWS_LAMBDA")));
        command.envs(self.source.map(|source| ("ADDRESS_SOURCE", source)));
        command
    }

    /// A shell that can find the program's terminal, with the same variables.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let program = self.command(&[]);
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(script)
            .env_clear()
            .envs(program.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))))
            .envs([("PATH", "/usr/bin:/bin"), ("TERM", "xterm-256color")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments)).await
    }

    /// The same with more variables.
    pub(crate) async fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        said(command).await
    }

    /// How many writes there were.
    pub(crate) fn writes(&self) -> usize {
        self.sim.world().writes().len()
    }
}

/// The program without an account.
pub(crate) fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eks-nlb"));
    command
        .args(arguments)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

pub(crate) async fn said(mut command: Command) -> Said {
    ended(command.spawn().expect("it starts")).await
}

/// Waits for the end of a program that runs.
pub(crate) async fn ended(child: Child) -> Said {
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").expect("it ran");
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Sends a signal, as in `-INT`, to a process.
pub(crate) async fn kill(signal: &str, pid: Option<u32>) {
    let pid = pid.expect("it runs").to_string();
    let status = Command::new("kill").args([signal, &pid]).status().await.expect("kill");
    assert!(status.success());
}

/// Waits until `is_so`.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let comes = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, comes).await.expect("it comes");
}

/// What `command` prints on a terminal of `columns`, errors included, without
/// colours.
pub(crate) async fn on_terminal(desk: &Desk, columns: usize, command: &str) -> String {
    let program = env!("CARGO_BIN_EXE_eks-nlb");
    // Errors through a pipe: a slow machine would show the progress bar.
    let run = format!("{{ {program} {command} 2>&1 >&3 | cat; }} 3>&1");
    let script = format!("script -qec 'stty cols {columns}; {run}' /dev/null");
    let said = said(desk.shell(&script)).await;
    anstream::adapter::strip_str(&said.out).to_string().replace('\r', "")
}

/// The words of a text, however its lines are broken.
pub(crate) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A cluster with a frontend in service; its target group.
pub(crate) fn in_service(world: &mut World, cluster: &str, addresses: [&str; 2]) -> String {
    world.add_cluster(cluster, addresses);
    let group = world.add_frontend(cluster).target_group;
    world.put_targets(&group, addresses);
    group
}

/// `ledger` in service; its target group.
pub(crate) fn ledger(world: &mut World) -> String {
    in_service(world, "ledger", ["10.1.1.20", "10.1.2.21"])
}

/// A world in which `payments` is to be registered. The target group may carry the tag
/// that the policies ask for, and IAM may say what the function's policy is.
pub(crate) fn to_be_written(world: &mut World, wanted: Option<&str>, is_tagged: bool, iam_answers: bool) {
    world.supporting.write_tag = wanted.map(|key| (key.to_owned(), "enabled".to_owned()));
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    let frontend = sample::frontend(world, "payments");
    if !is_tagged {
        world.target_group_mut(&frontend.target_group).tags.clear();
    }
    if !iam_answers {
        world.plant(Fault::on("SimulatePrincipalPolicy").access_denied());
    }
}

/// A world in which `payments` is to be registered, `ledger` is converged and
/// `orders` waits for a replacement.
pub(crate) fn small_fleet(world: &mut World) {
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    world.add_frontend("payments");

    ledger(world);

    in_service(world, "orders", ["10.2.1.30", "10.2.2.31"]);
    world.rotate("orders", ["10.2.2.31", "10.2.3.32"]);
}

/// A world in which each of `frontends` has something to register and to deregister,
/// and a run takes its time.
pub(crate) fn busy_fleet(world: &mut World, frontends: u8) {
    for n in 0..frontends {
        let cluster = format!("c{n}");
        world.add_cluster(&cluster, [format!("10.{n}.1.1"), format!("10.{n}.2.2"), format!("10.{n}.3.3")]);
        let frontend = world.add_frontend(&cluster);
        let targets = [format!("10.{n}.1.1"), format!("10.{n}.2.2"), format!("10.{n}.1.9")];
        world.put_targets(&frontend.target_group, targets.iter().map(String::as_str));
        world.set_health(&targets[2], Health::Never);
    }
    world.latency = Duration::from_millis(40);
}
