//! The machine: what a process uses of it, and how much it may use.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Memory in MB at which Lambda gives a function one whole core.
const MB_OF_A_CORE: u64 = 1769;

/// The period in which Lambda's own quota is counted.
const PERIOD_US: u64 = 20_000;

/// The clock of `/proc`: 100 ticks a second on every Linux that Rust knows.
const TICK: Duration = Duration::from_millis(10);

/// A control group whose processes get a share of one core.
pub(crate) struct Share {
    group: PathBuf,
}

impl Share {
    /// The share of a function with this much memory.
    ///
    /// Needs root, and control groups of version 1 or 2 at their usual place.
    pub(crate) fn of(memory_mb: u64) -> io::Result<Self> {
        let quota = PERIOD_US * memory_mb / MB_OF_A_CORE;
        let name = format!("eks-nlb-bench-{}-{memory_mb}", std::process::id());
        let (first, second) = (PathBuf::from("/sys/fs/cgroup/cpu"), PathBuf::from("/sys/fs/cgroup"));
        let is_first = first.join("cpu.cfs_quota_us").exists();
        let group = if is_first { first.join(name) } else { second.join(name) };
        fs::create_dir(&group)?;
        let share = Self { group };
        if is_first {
            share.write("cpu.cfs_period_us", &PERIOD_US.to_string())?;
            share.write("cpu.cfs_quota_us", &quota.to_string())?;
        } else {
            share.write("cpu.max", &format!("{quota} {PERIOD_US}"))?;
        }
        Ok(share)
    }

    /// Where a process writes its number to be one of them.
    pub(crate) fn entrance(&self) -> PathBuf {
        self.group.join("cgroup.procs")
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.group.join(file), text)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // After an error a process may still be in it; it does no harm.
        let _ = fs::remove_dir(&self.group);
    }
}

/// The CPU time of a process so far.
pub(crate) fn cpu_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    // Fields are counted from behind the name, which may have spaces.
    let (_, fields) = stat.rsplit_once(") ").expect("it has a name");
    let ticks = |n| fields.split(' ').nth(n).and_then(|text| text.parse::<u32>().ok()).expect("a number");
    TICK * (ticks(11) + ticks(12))
}

/// How many connections to `port` on loopback are open.
pub(crate) fn connections_to(port: u16) -> usize {
    const ESTABLISHED: &str = "01";
    let table = fs::read_to_string("/proc/net/tcp").expect("Linux says so");
    let remote = format!("0100007F:{port:04X}");
    let is_one = |line: &&str| {
        let mut fields = line.split_whitespace().skip(2);
        fields.next() == Some(&remote) && fields.next() == Some(ESTABLISHED)
    };
    table.lines().filter(is_one).count()
}

/// The certificates that this machine trusts. A Lambda function has about 140,
/// and every client parses them before it connects.
pub(crate) fn trusted() -> String {
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
        .iter()
        .find_map(|file| fs::read_to_string(file).ok())
        .unwrap_or_default()
}

/// Its processor and system.
pub(crate) fn description() -> String {
    let of = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let cpus = of("/proc/cpuinfo");
    let mut models = cpus.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = models.next().map_or("an unknown processor", |(_, model)| model);
    let cores = 1 + models.count();
    format!("{cores} cores of {model}, Linux {}", of("/proc/sys/kernel/osrelease").trim())
}
