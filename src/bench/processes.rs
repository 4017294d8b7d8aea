//! What a run costs: CPU time and memory of this process and of the server's, from the kernel.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of this process, all threads, since it began.
pub fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs() as u32,
    )
}

/// CPU time of some processes since they began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// In user space.
    pub user: Duration,
    /// In the kernel.
    pub system: Duration,
}

/// What the server's processes have used.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Each with its children, and theirs.
    pub pids: Vec<u32>,
    /// All of them together.
    pub cpu: CpuTime,
    /// Resident, shared pages divided among those who share them, in bytes.
    pub memory: u64,
}

/// Looks at these processes and their descendants. Those that are gone count as nothing.
pub fn usage(pids: &[u32]) -> Usage {
    let pids = with_descendants(pids);
    let (mut cpu, mut memory) = (CpuTime::default(), 0);
    for pid in &pids {
        if let Some(stat) = Stat::of(*pid) {
            cpu.user += stat.cpu.user;
            cpu.system += stat.cpu.system;
        }
        memory += resident(*pid).unwrap_or(0);
    }
    Usage { pids, cpu, memory }
}

/// Whether there is such a process.
pub fn exists(pid: u32) -> bool {
    Stat::of(pid).is_some()
}

/// The part of the whole machine's CPU time that was idle between two calls' values:
/// `(idle, all)` in ticks.
pub fn machine_ticks() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .map_while(|n| n.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal; guest times are in user already.
    Some((ticks.get(3)? + ticks.get(4)?, ticks.iter().take(8).sum()))
}

struct Stat {
    parent: u32,
    cpu: CpuTime,
}

impl Stat {
    /// `/proc/PID/stat` (proc_pid_stat(5)).
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the name, in brackets, and may hold blanks and brackets.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        let time = |ticks: u64| Duration::from_secs_f64(ticks as f64 / per_second);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            cpu: CpuTime {
                user: time(ticks(11)?),
                system: time(ticks(12)?),
            },
        })
    }
}

fn with_descendants(pids: &[u32]) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: HashMap<u32, u32> = all
        .filter_map(|pid| Some((pid, Stat::of(pid)?.parent)))
        .collect();
    let mut found: HashSet<u32> = pids.iter().copied().collect();
    loop {
        let children: Vec<u32> = parents
            .iter()
            .filter(|(pid, parent)| found.contains(parent) && !found.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if children.is_empty() {
            break;
        }
        found.extend(children);
    }
    let mut found: Vec<u32> = found.into_iter().collect();
    found.sort_unstable();
    found
}

/// Proportional set size; the plain resident set where the kernel doesn't let us look closer.
fn resident(pid: u32) -> Option<u64> {
    let proportional = || {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kib * 1024)
    };
    let plain = || {
        let text = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
        let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    };
    proportional().or_else(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() {
        let usage = usage(&[std::process::id()]);
        assert!(usage.pids.contains(&std::process::id()));
        assert!(usage.memory > 100_000, "{usage:?}");
        assert!(own_cpu() > Duration::ZERO);
        let (idle, all) = machine_ticks().unwrap();
        assert!(idle < all);
    }
}
