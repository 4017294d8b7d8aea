//! How much memory the contents of files may take.
//!
//! Counts what is held, not what is kept for later: content that was dropped from the cache while slow clients are
//! still being sent it takes its room until the last of them is done.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The most that is ever taken, in bytes.
const MOST: u64 = 64 * 1024 * 1024;

/// One part in this many of the memory that the process is granted: 64 MiB of 512 MiB.
const PART: u64 = 8;

/// Bytes that may be held, and those that are.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    held: AtomicU64,
}

/// Bytes that are held. Gives them back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Budget {
    /// Of `limit` bytes.
    pub(super) fn new(limit: u64) -> Arc<Self> {
        let held = AtomicU64::new(0);
        Arc::new(Self { limit, held })
    }

    /// An eighth of what the machine has and the cgroups grant, at most 64 MiB; the same for all sites, and
    /// for all that reloads have replaced and slow clients still hold.
    pub(super) fn of_this_machine() -> Arc<Self> {
        static BUDGET: OnceLock<Arc<Budget>> = OnceLock::new();
        let budget = BUDGET.get_or_init(|| {
            let granted = granted_memory(Path::new("/"));
            Self::new(granted.map_or(MOST, |granted| (granted / PART).min(MOST)))
        });
        budget.clone()
    }

    /// In bytes.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Takes `bytes`, if there is that much room.
    pub(super) fn reserve(self: &Arc<Self>, bytes: u64) -> Option<Share> {
        let take = |held: u64| Some(held.checked_add(bytes)?).filter(|held| *held <= self.limit);
        self.held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .ok()?;
        Some(Share {
            budget: Arc::clone(self),
            bytes,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The least of what `/proc/meminfo` and the memory limits of the process's cgroups and of those above them say, in
/// bytes. `None` if nothing says anything.
fn granted_memory(root: &Path) -> Option<u64> {
    let installed = fs::read_to_string(root.join("proc/meminfo")).ok();
    let installed = installed.as_deref().and_then(total_memory);
    let cgroups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let limits = cgroups.lines().flat_map(|line| cgroup_limits(root, line));
    limits.chain(installed).min()
}

/// `MemTotal:  16384 kB`
fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The limits that a line of `/proc/self/cgroup` leads to: `0::/a/b` (version 2), `4:memory:/a/b` (version 1). In a
/// container the path may be one that only the host knows; the one at the top is the container's then.
fn cgroup_limits(root: &Path, line: &str) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
        return Vec::new();
    };
    let (top, name) = match controllers {
        "" => ("sys/fs/cgroup", "memory.max"),
        _ if controllers.split(',').any(|one| one == "memory") => {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
        }
        _ => return Vec::new(),
    };
    let top = root.join(top);
    let relative = Path::new(path.trim_start_matches('/'));
    let limits = relative.ancestors().filter_map(|path| {
        let text = fs::read_to_string(top.join(path).join(name)).ok()?;
        // `max` is no limit.
        text.trim().parse().ok()
    });
    limits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let budget = Budget::new(10);
        let first = budget.reserve(6).unwrap();
        assert!(budget.reserve(5).is_none());
        let second = budget.reserve(4).unwrap();
        assert!(budget.reserve(1).is_none());
        drop(first);
        assert!(budget.reserve(7).is_none());
        assert!(budget.reserve(6).is_some());
        assert!(budget.reserve(u64::MAX).is_none());
        drop(second);
        assert!(budget.reserve(10).is_some());
    }

    #[test]
    fn the_least_limit_counts() {
        const MIB: u64 = 1024 * 1024;
        let machine = ("proc/meminfo", "MemFree: 1 kB\nMemTotal:    2097152 kB\n");
        type Files<'a> = &'a [(&'a str, &'a str)];
        let cases: &[(Files, Option<u64>)] = &[
            (&[], None),
            (&[machine], Some(2048 * MIB)),
            // A container of version 2.
            (
                &[
                    machine,
                    ("proc/self/cgroup", "0::/\n"),
                    ("sys/fs/cgroup/memory.max", "536870912\n"),
                ],
                Some(512 * MIB),
            ),
            // A service, below one that has less.
            (
                &[
                    machine,
                    ("proc/self/cgroup", "0::/a/b\n"),
                    ("sys/fs/cgroup/a/b/memory.max", "max\n"),
                    ("sys/fs/cgroup/a/memory.max", "268435456\n"),
                ],
                Some(256 * MIB),
            ),
            // A container of version 1, whose path is the host's.
            (
                &[
                    machine,
                    ("proc/self/cgroup", "9:cpu,cpuacct:/x\n4:memory:/docker/1\n"),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
                ],
                Some(1024 * MIB),
            ),
            // Version 1 without a limit.
            (
                &[
                    machine,
                    ("proc/self/cgroup", "4:memory:/\n"),
                    (
                        "sys/fs/cgroup/memory/memory.limit_in_bytes",
                        "9223372036854771712\n",
                    ),
                ],
                Some(2048 * MIB),
            ),
            (&[("proc/self/cgroup", "nonsense\n")], None),
        ];
        for (files, expected) in cases {
            let root = tempfile::TempDir::new().unwrap();
            for (path, text) in *files {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            assert_eq!(granted_memory(root.path()), *expected, "{files:?}");
        }
    }
}
