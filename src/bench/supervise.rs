//! The clock of a run: when measuring begins and ends, what it cost, and who may stop it.

use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use super::pace::Pace;
use super::plan::{Extent, Mode, Plan};
use super::processes::{self, Usage};
use super::progress::{Counters, ProgressLine, sums};

/// What the threads are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Work.
    Work,
    /// Close what is open, and end.
    Close,
    /// Drop everything and end.
    Abort,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As planned.
    Complete,
    /// By a signal.
    Interrupted,
    /// Nothing had succeeded when the warm-up was over.
    GaveUp,
}

/// What was used up to a moment.
pub struct Snapshot {
    /// The moment.
    pub at: Instant,
    /// By this process.
    pub own_cpu: Duration,
    /// By the server.
    pub server: Usage,
    /// By the whole machine: idle and all ticks.
    pub machine: Option<(u64, u64)>,
}

/// The two ends of the measured part.
pub struct Costs {
    /// `None` if it never began.
    pub from: Option<Snapshot>,
    /// Its end.
    pub until: Snapshot,
    /// How the run ended.
    pub end: End,
}

/// How often the line on the terminal is renewed, and counters are looked at.
const TICK: Duration = Duration::from_millis(250);
/// How long connections may take to open in mode idle is up to them; this is how often we look.
const OPENING_TICK: Duration = Duration::from_millis(10);
/// For the last answers of held connections after Ctrl-C.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Snapshot {
    fn take(plan: &Plan) -> Self {
        Self {
            at: Instant::now(),
            own_cpu: processes::own_cpu(),
            server: processes::usage(&plan.server_pids),
            machine: processes::machine_ticks(),
        }
    }
}

/// Sees the run to its end; all threads have been told to end when this returns.
pub async fn supervise(
    plan: &Plan,
    pace: &Pace,
    counters: &[Counters],
    phase: &watch::Sender<Phase>,
    all_done: mpsc::UnboundedReceiver<()>,
) -> io::Result<Costs> {
    let mut signals = Signals::new()?;
    let mut watch = Watch {
        plan,
        pace,
        counters,
        line: ProgressLine::start(plan),
        all_done,
        working: plan.threads,
    };
    let mut from = None;
    let planned = tokio::select! {
        biased;
        () = signals.next() => None,
        end = watch.measured_part(&mut from) => Some(end),
    };
    let (end, until) = match planned {
        Some((end, until)) => (end, until),
        None => (End::Interrupted, Snapshot::take(plan)),
    };
    if end == End::Complete {
        // A second signal ends the last answers, too.
        tokio::select! {
            () = watch.until_all_done() => { phase.send_replace(Phase::Close); }
            () = signals.next() => { phase.send_replace(Phase::Abort); }
        }
    } else if plan.mode == Mode::Idle {
        phase.send_replace(Phase::Close);
        tokio::time::sleep(LAST_WORDS).await;
        phase.send_replace(Phase::Abort);
    } else {
        phase.send_replace(Phase::Abort);
    }
    watch.line.finish();
    Ok(Costs { from, until, end })
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

struct Watch<'a> {
    plan: &'a Plan,
    pace: &'a Pace,
    counters: &'a [Counters],
    line: ProgressLine,
    all_done: mpsc::UnboundedReceiver<()>,
    /// Threads that have not said so.
    working: usize,
}

impl Watch<'_> {
    async fn measured_part(&mut self, from: &mut Option<Snapshot>) -> (End, Snapshot) {
        self.sleep_until(self.pace.measure_from).await;
        let (operations, errors) = sums(self.counters);
        if self.plan.warm_up > Duration::ZERO && operations == 0 && errors > 0 {
            return (End::GaveUp, Snapshot::take(self.plan));
        }
        *from = Some(Snapshot::take(self.plan));
        match (self.plan.mode, self.plan.extent) {
            (Mode::Idle, Extent::Time(time)) => {
                self.until_all_opened().await;
                self.sleep_until(Instant::now() + time).await;
            }
            (_, Extent::Time(_)) => match self.pace.measure_until {
                Some(end) => self.sleep_until(end).await,
                None => self.until_all_done().await,
            },
            (_, Extent::Count(_)) => self.until_all_done().await,
        }
        (End::Complete, Snapshot::take(self.plan))
    }

    async fn sleep_until(&mut self, moment: Instant) {
        loop {
            self.line.show(self.pace, self.counters);
            let now = Instant::now();
            if now >= moment {
                return;
            }
            tokio::time::sleep_until(moment.min(now + TICK).into()).await;
        }
    }

    /// Every thread says once that it is done. One that failed to start hangs up instead.
    async fn until_all_done(&mut self) {
        let mut tick = tokio::time::interval(TICK);
        while self.working > 0 {
            tokio::select! {
                biased;
                message = self.all_done.recv() => {
                    self.working = message.map_or(0, |()| self.working - 1);
                }
                _ = tick.tick() => self.line.show(self.pace, self.counters),
            }
        }
    }

    async fn until_all_opened(&mut self) {
        loop {
            let (operations, errors) = sums(self.counters);
            if operations + errors >= u64::from(self.plan.connections) {
                return;
            }
            self.line.show(self.pace, self.counters);
            tokio::time::sleep(OPENING_TICK).await;
        }
    }
}
