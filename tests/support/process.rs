//! What a process uses, as Linux reports it.

use std::fmt;
use std::fs;

/// The use that a process makes of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Memory, in kB.
    pub(crate) resident_kb: u64,
    /// The anonymous part of it, in kB.
    pub(crate) anonymous_kb: u64,
    /// The most memory that it has had, in kB.
    pub(crate) peak_kb: u64,
    /// Its address space, in kB.
    pub(crate) address_space_kb: u64,
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
        let figure = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key)).expect("Linux says so");
            line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number")
        };
        Self {
            resident_kb: figure("VmRSS:"),
            anonymous_kb: figure("RssAnon:"),
            peak_kb: figure("VmHWM:"),
            address_space_kb: figure("VmSize:"),
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).expect("it is our child").count() as u64,
            threads: figure("Threads:"),
        }
    }

    /// The median of each figure.
    pub(crate) fn typical(usages: &[Self]) -> Self {
        Self::of_each(usages, |figures| figures[figures.len() / 2])
    }

    /// The largest of each figure.
    pub(crate) fn most(usages: &[Self]) -> Self {
        Self::of_each(usages, |figures| figures[figures.len() - 1])
    }

    fn of_each(usages: &[Self], choose: impl Fn(&[u64]) -> u64) -> Self {
        let choose = |figure: fn(&Self) -> u64| {
            let mut figures: Vec<u64> = usages.iter().map(figure).collect();
            figures.sort_unstable();
            choose(&figures)
        };
        Self {
            resident_kb: choose(|usage| usage.resident_kb),
            anonymous_kb: choose(|usage| usage.anonymous_kb),
            peak_kb: choose(|usage| usage.peak_kb),
            address_space_kb: choose(|usage| usage.address_space_kb),
            descriptors: choose(|usage| usage.descriptors),
            threads: choose(|usage| usage.threads),
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resident_kb, anonymous_kb, descriptors, threads, .. } = self;
        write!(
            f,
            "{resident_kb} kB resident ({anonymous_kb} kB anonymous), {descriptors} descriptors, {threads} threads"
        )
    }
}
