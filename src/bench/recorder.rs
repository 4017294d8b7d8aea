//! What came of the operations: one recorder a thread, merged at the end, so that no operation waits
//! for a lock.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::failure::{Failure, Stage};
use super::result::{ErrorCount, Negotiated, Phase, Totals};

/// An hour, in microseconds: longer than any timeout that makes sense; what is more counts as this.
const LONGEST: u64 = 3_600_000_000;
/// Of percentiles.
const SIGNIFICANT_DIGITS: u8 = 3;
/// Of the timeline, which is drawn a few pixels high.
const TIMELINE_DIGITS: u8 = 2;

/// In the order in which they happen.
pub const PHASES: [Phase; 4] = [
    Phase::Connect,
    Phase::Handshake,
    Phase::FirstByte,
    Phase::Whole,
];

/// What one operation measured on its way, as far as it came.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// How far.
    pub stage: Stage,
    /// TCP, if it connected.
    pub connect: Option<Duration>,
    /// TLS, if it connected.
    pub handshake: Option<Duration>,
    /// Whether that handshake was resumed.
    pub resumed: bool,
    /// Whether a session was offered for it.
    pub offered: bool,
    /// From the request to the first byte of the answer.
    pub first_byte: Option<Duration>,
    /// Answers.
    pub requests: u32,
    /// Application bytes.
    pub received: u64,
    /// Application bytes.
    pub sent: u64,
}

/// What a connection agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// TLSv1.3, …
    pub version: &'static str,
    /// As AWS-LC names it, and OpenSSL.
    pub cipher: &'static str,
    /// As IANA names it; empty without one.
    pub group: &'static str,
    /// `h2`, `http/1.1` or empty.
    pub alpn: &'static str,
    /// Whether a session was resumed.
    pub resumed: bool,
}

/// Everything one thread measured.
pub struct Recorder {
    /// Where seconds are counted from.
    measure_from: Instant,
    /// The last second that the timeline has.
    last_second: Option<usize>,
    histograms: [Histogram<u64>; 4],
    second: Histogram<u64>,
    /// Counts.
    pub totals: Totals,
    /// Handshakes that offered a session.
    pub offered: u64,
    /// Failures of measured operations.
    pub failures: Vec<ErrorCount>,
    /// Failures before anything was measured.
    pub early_failures: Vec<ErrorCount>,
    /// What was negotiated.
    pub negotiated: Vec<(Agreed, u64)>,
    /// Whole seconds so far, the current one last.
    pub seconds: Vec<SecondCounts>,
    /// When the last measured operation ended.
    pub last_end: Option<Instant>,
}

/// One second of one thread.
#[derive(Debug, Clone, Default)]
pub struct SecondCounts {
    /// Successes.
    pub operations: u64,
    /// Failures.
    pub errors: u64,
    /// `(microseconds, how many)` of the successes.
    pub latencies: Vec<(u64, u64)>,
}

impl Recorder {
    /// Empty. `length` is that of the measured part, if it is known.
    pub fn new(measure_from: Instant, length: Option<Duration>) -> Self {
        Self {
            measure_from,
            last_second: length.map(|length| (length.as_secs_f64().ceil() as usize).max(1) - 1),
            histograms: std::array::from_fn(|_| histogram(SIGNIFICANT_DIGITS)),
            second: histogram(TIMELINE_DIGITS),
            totals: Totals::default(),
            offered: 0,
            failures: Vec::new(),
            early_failures: Vec::new(),
            negotiated: Vec::new(),
            seconds: Vec::new(),
            last_end: None,
        }
    }

    /// A measured operation that succeeded.
    pub fn success(&mut self, due: Instant, end: Instant, sample: &Sample) {
        let whole = end.saturating_duration_since(due);
        let phases = [
            sample.connect,
            sample.handshake,
            sample.first_byte,
            Some(whole),
        ];
        for (histogram, duration) in self.histograms.iter_mut().zip(phases) {
            if let Some(duration) = duration {
                histogram.saturating_record(micros(duration));
            }
        }
        let totals = &mut self.totals;
        totals.operations += 1;
        totals.handshakes += u64::from(sample.handshake.is_some());
        totals.resumed += u64::from(sample.handshake.is_some() && sample.resumed);
        totals.requests += u64::from(sample.requests);
        totals.bytes_received += sample.received;
        totals.bytes_sent += sample.sent;
        self.offered += u64::from(sample.offered);
        if let Some(second) = self.second_of(end) {
            second.operations += 1;
            self.second.saturating_record(micros(whole));
        }
    }

    /// A measured operation that failed.
    pub fn failure(&mut self, end: Instant, failure: &Failure) {
        self.totals.errors += 1;
        tally(&mut self.failures, failure, 1);
        if let Some(second) = self.second_of(end) {
            second.errors += 1;
        }
    }

    /// One that failed before measuring began.
    pub fn early_failure(&mut self, failure: &Failure) {
        tally(&mut self.early_failures, failure, 1);
    }

    /// A connection that measured operations use.
    pub fn connection(&mut self, agreed: &Agreed) {
        match self
            .negotiated
            .iter_mut()
            .find(|(known, _)| known == agreed)
        {
            Some((_, count)) => *count += 1,
            None => self.negotiated.push((agreed.clone(), 1)),
        }
    }

    /// The counts of the second in which `end` is. Operations of one thread end one after the other.
    fn second_of(&mut self, end: Instant) -> Option<&mut SecondCounts> {
        self.last_end = self.last_end.max(Some(end));
        let number = end.saturating_duration_since(self.measure_from).as_secs() as usize;
        // What was under way when time was up belongs to the last second.
        let number = self.last_second.map_or(number, |last| number.min(last));
        if number >= self.seconds.len() {
            self.end_second();
            self.seconds.resize_with(number + 1, SecondCounts::default);
        }
        self.seconds.last_mut()
    }

    /// Moves the latencies of the current second into it.
    pub fn end_second(&mut self) {
        if let Some(second) = self.seconds.last_mut() {
            let recorded = self.second.iter_recorded();
            let buckets = recorded.map(|bucket| {
                (
                    bucket.value_iterated_to(),
                    bucket.count_since_last_iteration(),
                )
            });
            second.latencies.extend(buckets);
        }
        self.second.reset();
    }

    /// The distributions, in the order of [`PHASES`].
    pub fn histograms(&self) -> &[Histogram<u64>; 4] {
        &self.histograms
    }

    /// Adds what another thread measured. Both have ended their last second.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.histograms.iter_mut().zip(&other.histograms) {
            // Fails only for a value out of bounds, and the bounds are the same.
            let _ = mine.add(theirs);
        }
        let (mine, theirs) = (&mut self.totals, &other.totals);
        mine.operations += theirs.operations;
        mine.errors += theirs.errors;
        mine.handshakes += theirs.handshakes;
        mine.resumed += theirs.resumed;
        mine.requests += theirs.requests;
        mine.bytes_received += theirs.bytes_received;
        mine.bytes_sent += theirs.bytes_sent;
        self.offered += other.offered;
        self.last_end = self.last_end.max(other.last_end);
        for (mine, theirs) in [
            (&mut self.failures, &other.failures),
            (&mut self.early_failures, &other.early_failures),
        ] {
            theirs.iter().for_each(|count| add(mine, count.clone()));
        }
        for (agreed, count) in &other.negotiated {
            match self
                .negotiated
                .iter_mut()
                .find(|(known, _)| known == agreed)
            {
                Some((_, known)) => *known += count,
                None => self.negotiated.push((agreed.clone(), *count)),
            }
        }
        let length = self.seconds.len().max(other.seconds.len());
        self.seconds.resize_with(length, SecondCounts::default);
        for (mine, theirs) in self.seconds.iter_mut().zip(&other.seconds) {
            mine.operations += theirs.operations;
            mine.errors += theirs.errors;
            mine.latencies.extend(&theirs.latencies);
        }
    }
}

impl Agreed {
    /// As results have it.
    pub fn counted(&self, count: u64) -> Negotiated {
        Negotiated {
            version: self.version.to_owned(),
            cipher: self.cipher.to_owned(),
            group: self.group.to_string(),
            alpn: self.alpn.to_owned(),
            resumed: self.resumed,
            count,
        }
    }
}

impl SecondCounts {
    /// Median and 99th percentile in microseconds.
    pub fn percentiles(&self) -> (u64, u64) {
        let mut histogram = histogram(TIMELINE_DIGITS);
        for (value, count) in &self.latencies {
            histogram.saturating_record_n(*value, *count);
        }
        (
            histogram.value_at_quantile(0.5),
            histogram.value_at_quantile(0.99),
        )
    }
}

/// Counts failures of one kind and alert together.
pub fn tally(counts: &mut Vec<ErrorCount>, failure: &Failure, count: u64) {
    let (kind, alert) = (failure.kind(), failure.alert());
    let known = counts
        .iter_mut()
        .find(|known| known.kind == kind && known.alert.as_deref() == alert);
    match known {
        Some(known) => known.count += count,
        None => counts.push(ErrorCount {
            kind: kind.into_owned(),
            alert: alert.map(str::to_owned),
            example: failure.to_string(),
            count,
        }),
    }
}

fn add(counts: &mut Vec<ErrorCount>, count: ErrorCount) {
    let known = counts
        .iter_mut()
        .find(|known| known.kind == count.kind && known.alert == count.alert);
    match known {
        Some(known) => known.count += count.count,
        None => counts.push(count),
    }
}

fn histogram(digits: u8) -> Histogram<u64> {
    // Fails only for bounds that are in the wrong order and for more than five digits.
    Histogram::new_with_bounds(1, LONGEST, digits).expect("constant bounds")
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
