//! One worker: one operation after the other, each recorded as what it was.

mod attempt;
mod idle;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use openssl::ssl::SslSession;
use tokio::sync::Mutex;

use crate::bench::alarm::Alarm;
use crate::bench::channel::{Channel, Facts, Requests};
use crate::bench::dial::Dialer;
use crate::bench::failure::Failure;
use crate::bench::pace::{Pace, Turn};
use crate::bench::plan::{Mode, Plan};
use crate::bench::progress::Counters;
use crate::bench::recorder::{Recorder, Sample};

/// After so many failures in a row a worker of the closed loop begins to pause, so that a server that
/// is down isn't asked as fast as it can say no.
const PATIENT_FAILURES: u32 = 3;
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// What the workers of one thread share.
pub struct Shared {
    /// How to connect.
    pub dialer: Dialer,
    /// What to send.
    pub requests: Requests,
    /// When.
    pub pace: Arc<Pace>,
    /// What came of it.
    pub recorder: RefCell<Recorder>,
    /// Of all threads.
    pub counters: Arc<[Counters]>,
    /// Which of them is this thread's.
    pub thread: usize,
}

/// The HTTP/2 connection that some workers have in common.
pub type Common = Rc<Mutex<Option<Channel>>>;

/// One worker.
pub struct Worker {
    shared: Rc<Shared>,
    /// Among all workers of the run.
    number: u32,
    /// Of the next connection.
    route: usize,
    /// What stays open between operations.
    held: Option<Channel>,
    common: Common,
    /// One a target and identity.
    tickets: Vec<Ticket>,
    buffer: Vec<u8>,
    /// For the timetable of the open loop.
    alarm: Option<Alarm>,
    failures_in_a_row: u32,
    /// In mode idle: the operation that is complete when the connection has survived.
    opened: Option<(Turn, Instant, Sample)>,
}

#[derive(Default)]
struct Ticket {
    /// With the newest ticket.
    session: Option<SslSession>,
    primed: bool,
}

impl Worker {
    /// Needs a tokio runtime around it. Workers with one `common` share a connection in HTTP/2.
    pub fn new(shared: Rc<Shared>, number: u32, common: Common) -> std::io::Result<Self> {
        let tickets = shared.dialer.plan.targets.len() * shared.dialer.identities();
        let streams = shared.dialer.plan.streams;
        let alarm = shared.pace.is_open().then(Alarm::new).transpose()?;
        Ok(Self {
            route: (number / streams) as usize,
            shared,
            number,
            held: None,
            common,
            tickets: std::iter::repeat_with(Ticket::default)
                .take(tickets)
                .collect(),
            buffer: Vec::new(),
            alarm,
            failures_in_a_row: 0,
            opened: None,
        })
    }

    /// Works until the pace says that it is over. What is open stays open.
    pub async fn run(&mut self) {
        let pace = Arc::clone(&self.shared.pace);
        match self.mode() {
            Mode::Storm => {
                let turn = Turn {
                    due: pace.start,
                    measured: true,
                };
                self.operate(turn).await;
            }
            Mode::Idle => {
                self.sleep_until(pace.joins(self.number)).await;
                self.open_and_hold().await;
            }
            _ => {
                self.sleep_until(pace.joins(self.number)).await;
                while let Some(turn) = pace.next() {
                    if pace.is_open() {
                        self.sleep_until(turn.due).await;
                    }
                    self.operate(turn).await;
                    self.pause_after_failures().await;
                }
            }
        }
    }

    /// Ends what is open; in mode idle, after asking whether it still lives.
    pub async fn finish(mut self) {
        if let Some((turn, end, sample)) = self.opened.take() {
            self.survived(turn, end, sample).await;
        }
        let common = self.common.lock().await.take();
        for channel in self.held.take().into_iter().chain(common) {
            channel.close(self.mode()).await;
        }
    }

    async fn operate(&mut self, mut turn: Turn) {
        if self.mode() == Mode::Resumed && !self.ticket(self.route).primed {
            if !self.prime(turn).await {
                return;
            }
            // The operation is the resumed handshake, not what went ahead to make it possible.
            turn.due = Instant::now();
        }
        let number = self.route;
        let mut sample = Sample::default();
        let outcome = self.within_timeout(&mut sample).await;
        let end = Instant::now();
        match outcome {
            Ok(Done::Stays(facts)) => self.succeeded(turn, end, &sample, &facts),
            Ok(Done::Over(channel)) => {
                self.succeeded(turn, end, &sample, &channel.facts);
                self.end(channel, number).await;
            }
            Err(failure) => {
                // Lest the next one fails of the same session.
                self.ticket(number).primed = false;
                self.failed(turn, end, &failure);
            }
        }
    }

    /// Closes, and in mode resumed keeps the session for the next connection on this route.
    async fn end(&mut self, channel: Channel, number: usize) {
        let session = channel.close(self.mode()).await;
        if self.mode() == Mode::Resumed && session.is_some() {
            self.ticket(number).session = session;
        }
    }

    async fn within_timeout(&mut self, sample: &mut Sample) -> Result<Done, Failure> {
        let timeout = self.plan().timeout;
        match tokio::time::timeout(timeout, self.attempt(sample)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(Failure::Timeout(sample.stage)),
        }
    }

    /// Gets the first ticket with a full handshake that isn't counted. False if that failed, which is
    /// the failure of the operation that needed it.
    async fn prime(&mut self, turn: Turn) -> bool {
        let mut sample = Sample::default();
        let route = self.route;
        self.ticket(route).session = None;
        match self.within_timeout(&mut sample).await {
            Ok(Done::Over(channel)) => self.end(channel, route).await,
            Ok(Done::Stays(_)) => {}
            Err(failure) => {
                self.failed(turn, Instant::now(), &failure);
                return false;
            }
        }
        // The operation that follows takes the same turn.
        self.route = route;
        self.ticket(route).primed = true;
        true
    }

    fn succeeded(&mut self, turn: Turn, end: Instant, sample: &Sample, facts: &Facts) {
        self.failures_in_a_row = 0;
        self.counters().operations.fetch_add(1, Ordering::Relaxed);
        if turn.measured {
            let mut recorder = self.shared.recorder.borrow_mut();
            recorder.success(turn.due, end, sample);
            if !facts.counted.replace(true) {
                recorder.connection(&facts.agreed);
            }
        }
    }

    fn failed(&mut self, turn: Turn, end: Instant, failure: &Failure) {
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.counters().errors.fetch_add(1, Ordering::Relaxed);
        let mut recorder = self.shared.recorder.borrow_mut();
        match turn.measured {
            true => recorder.failure(end, failure),
            false => recorder.early_failure(failure),
        }
    }

    async fn pause_after_failures(&mut self) {
        let Some(excess) = self.failures_in_a_row.checked_sub(PATIENT_FAILURES) else {
            return;
        };
        if !self.shared.pace.is_open() {
            let pause = Duration::from_millis(1 << excess.min(10));
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
        }
    }

    async fn sleep_until(&mut self, moment: Instant) {
        let waited = match &mut self.alarm {
            Some(alarm) => alarm.wait_until(moment).await.is_ok(),
            None => false,
        };
        if !waited {
            // Exact to a millisecond, which is good enough for a ramp.
            tokio::time::sleep_until(moment.into()).await;
        }
    }

    fn ticket(&mut self, number: usize) -> &mut Ticket {
        let route = self.shared.dialer.route(number);
        let index = route.target * self.shared.dialer.identities() + route.identity;
        &mut self.tickets[index]
    }

    /// Connections take targets, identities and sources in turn.
    fn next_route(&mut self) -> usize {
        let number = self.route;
        self.route = self.route.wrapping_add(1);
        number
    }

    fn says_nothing(&self) -> bool {
        !self.plan().is_http() && self.plan().payload.is_empty()
    }

    fn plan(&self) -> &Plan {
        &self.shared.dialer.plan
    }

    fn mode(&self) -> Mode {
        self.plan().mode
    }

    fn counters(&self) -> &Counters {
        &self.shared.counters[self.shared.thread]
    }
}

/// How an operation leaves its connection.
enum Done {
    /// Open, for the next one.
    Stays(Rc<Facts>),
    /// To be closed, which isn't part of the operation.
    Over(Channel),
}
