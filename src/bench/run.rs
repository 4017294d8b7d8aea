//! A run: starts the threads, watches the clock and the signals, collects what was measured.
//!
//! Takes a [`Plan`] and [`TlsOptions`]; hands on an [`Outcome`].

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use openssl::ssl::SslContext;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

use super::alarm::Alarm;
use super::channel::Requests;
use super::dial::Dialer;
use super::pace::Pace;
use super::plan::{HttpVersion, Mode, Plan};
use super::progress::Counters;
use super::recorder::Recorder;
use super::summary::{self, Measured};
use super::supervise::{Phase, supervise};
use super::target::TargetFault;
use super::tls::{TlsFault, TlsOptions, Trust, contexts};
use super::worker::{Common, Shared, Worker};
use super::{processes, result::BenchResult};

/// Until the first operation: threads and sockets are made meanwhile.
const HEAD_START: Duration = Duration::from_millis(20);
/// Files that are open besides the connections.
const OTHER_FILES: u64 = 64;

/// What came of a run.
pub struct Outcome {
    /// Everything measured.
    pub result: BenchResult,
    /// Handshakes that offered a session.
    pub offered: u64,
}

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    /// AWS-LC and the options don't agree.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// A path or header that can't be sent.
    #[error(transparent)]
    Request(#[from] TargetFault),
    /// Threads, timers or signals.
    #[error("can't start: {0}")]
    System(#[from] std::io::Error),
    /// A thread that ended by a panic.
    #[error("a load thread broke; this is a bug of certgate")]
    Thread,
}

/// What is said about a run besides what is in its plan.
pub struct Labels {
    /// What to call it.
    pub label: String,
    /// The settings that were not left at their defaults, as `--flag value`.
    pub settings: Vec<String>,
}

/// Runs to the end, or to the first SIGINT or SIGTERM.
pub fn run(plan: Plan, options: &TlsOptions, labels: Labels) -> Result<Outcome, RunFault> {
    let contexts = contexts(options, &plan)?;
    // Said now, not by each thread.
    Requests::new(&plan)?;
    allow_open_files(&plan);
    let memory_before = processes::usage(&plan.server_pids).memory;
    let runtime = single_threaded()?;
    let runtimes = (0..plan.threads).map(|_| single_threaded());
    let runtimes: Vec<Runtime> = runtimes.collect::<Result<_, _>>()?;
    let plan = Arc::new(plan);
    let pace = Arc::new(Pace::new(&plan, Instant::now() + HEAD_START));
    let began = SystemTime::now() + pace.measure_from.duration_since(Instant::now());
    let counters: Arc<[Counters]> = (0..plan.threads).map(|_| Counters::default()).collect();
    let (phase, watched) = watch::channel(Phase::Work);
    let (done, all_done) = mpsc::unbounded_channel();
    let threads: Vec<JoinHandle<std::io::Result<Recorder>>> = runtimes
        .into_iter()
        .enumerate()
        .map(|(number, runtime)| {
            let thread = LoadThread {
                number,
                plan: Arc::clone(&plan),
                pace: Arc::clone(&pace),
                counters: Arc::clone(&counters),
                contexts: contexts.clone(),
                sni: options.sni.clone(),
                verify: matches!(options.trust, Trust::Authorities(_)),
                phase: watched.clone(),
                done: done.clone(),
            };
            std::thread::Builder::new()
                .name("bench".to_owned())
                .spawn(move || thread.run(&runtime))
        })
        .collect::<Result<_, _>>()?;
    drop(done);
    let costs = runtime.block_on(supervise(&plan, &pace, &counters, &phase, all_done))?;
    let mut merged: Option<Recorder> = None;
    for thread in threads {
        let mut recorder = thread.join().map_err(|_panic| RunFault::Thread)??;
        recorder.end_second();
        match &mut merged {
            Some(merged) => merged.merge(&recorder),
            None => merged = Some(recorder),
        }
    }
    let recorder = merged.ok_or(RunFault::Thread)?;
    Ok(Outcome {
        offered: recorder.offered,
        result: summary::result(Measured {
            plan: &plan,
            pace: &pace,
            labels,
            began,
            recorder,
            costs,
            memory_before,
        }),
    })
}

/// What one thread needs.
struct LoadThread {
    number: usize,
    plan: Arc<Plan>,
    pace: Arc<Pace>,
    counters: Arc<[Counters]>,
    contexts: Vec<SslContext>,
    sni: Option<String>,
    verify: bool,
    phase: watch::Receiver<Phase>,
    done: mpsc::UnboundedSender<()>,
}

impl LoadThread {
    fn run(self, runtime: &Runtime) -> std::io::Result<Recorder> {
        let length = match self.plan.mode {
            Mode::Idle => None,
            _ => self
                .pace
                .measure_until
                .map(|end| end - self.pace.measure_from),
        };
        let requests = Requests::new(&self.plan).map_err(std::io::Error::other)?;
        let shared = Rc::new(Shared {
            dialer: Dialer::new(Arc::clone(&self.plan), self.contexts, self.sni, self.verify),
            requests,
            pace: Arc::clone(&self.pace),
            recorder: RefCell::new(Recorder::new(self.pace.measure_from, length)),
            counters: self.counters,
            thread: self.number,
        });
        let mut phase = self.phase;
        let mut abort = phase.clone();
        let local = LocalSet::new();
        let work = async {
            let mut workers = JoinSet::new();
            let made = make_workers(&self.plan, self.number, &shared)?;
            Alarm::new()?.wait_until(self.pace.start).await?;
            for mut worker in made {
                workers.spawn_local(async move {
                    worker.run().await;
                    worker
                });
            }
            let finished = workers.join_all().await;
            // Fails only when the supervisor is gone, and with it the reason to go on.
            let _ = self.done.send(());
            let _ = phase.wait_for(|phase| *phase != Phase::Work).await;
            let mut closing = JoinSet::new();
            for worker in finished {
                closing.spawn_local(worker.finish());
            }
            closing.join_all().await;
            Ok::<(), std::io::Error>(())
        };
        // On abort everything that is under way is dropped, and not counted.
        local.block_on(runtime, async {
            tokio::select! {
                result = work => result,
                _ = abort.wait_for(|phase| *phase == Phase::Abort) => Ok(()),
            }
        })?;
        drop(local);
        let empty = Recorder::new(self.pace.measure_from, length);
        Ok(shared.recorder.replace(empty))
    }
}

/// The workers of one thread: connections are dealt out evenly, the streams of one stay together.
fn make_workers(plan: &Plan, thread: usize, shared: &Rc<Shared>) -> std::io::Result<Vec<Worker>> {
    let mut workers = Vec::new();
    for connection in (thread..plan.connections as usize).step_by(plan.threads) {
        let common = Common::default();
        for stream in 0..plan.streams {
            let number = connection as u32 * plan.streams + stream;
            workers.push(Worker::new(Rc::clone(shared), number, Rc::clone(&common))?);
        }
    }
    debug_assert!(plan.streams == 1 || plan.http == HttpVersion::Two);
    Ok(workers)
}

fn single_threaded() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Each connection is a file, and each worker's timer of the open loop another one.
fn allow_open_files(plan: &Plan) {
    let mut limit = getrlimit(Resource::Nofile);
    let timers = plan
        .rate
        .map_or(0, |_| u64::from(plan.connections) * u64::from(plan.streams));
    let wanted = u64::from(plan.connections) + timers + OTHER_FILES;
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = limit
            .maximum
            .map_or(Some(wanted), |maximum| Some(wanted.min(maximum)));
        // If it isn't allowed, connections fail with words that say so.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
