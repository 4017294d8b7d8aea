//! Worker threads: each serves its connections from accept to the last byte, alone.
//!
//! A handshake is a piece of computing, and a request on a kept connection a few microseconds: handing
//! either to another thread costs more than it brings. So each worker has a runtime of its own, and all
//! of them accept from the same sockets: who is idle takes the next connection.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::Service;
use crate::lifecycle::Member;
use crate::net::BoundListener;

/// The most threads of one worker that wait for files.
const FILE_THREADS: usize = 32;

/// The running workers. They end when this is dropped.
pub struct Workers {
    /// Its end tells the workers to end.
    _running: watch::Sender<()>,
}

/// What a worker starts with.
struct Worker {
    runtime: Runtime,
    service: Arc<Service>,
    member: Member,
    ended: watch::Receiver<()>,
}

impl Workers {
    /// Starts so many, or says what the system lacks.
    pub fn start(
        count: usize,
        listeners: &[BoundListener],
        service: &Arc<Service>,
        member: &Member,
    ) -> io::Result<Self> {
        let (running, ended) = watch::channel(());
        for number in 0..count {
            let worker = Worker {
                runtime: Builder::new_current_thread()
                    .enable_all()
                    .max_blocking_threads(FILE_THREADS)
                    .thread_name("certgate-files")
                    .build()?,
                service: service.clone(),
                member: member.clone(),
                ended: ended.clone(),
            };
            let listeners = listeners.iter().map(BoundListener::duplicate);
            let listeners = listeners.collect::<io::Result<Vec<_>>>()?;
            worker.start(number, listeners)?;
        }
        Ok(Self { _running: running })
    }
}

impl Worker {
    fn start(self, number: usize, listeners: Vec<BoundListener>) -> io::Result<JoinHandle<()>> {
        std::thread::Builder::new()
            .name(format!("certgate-{number}"))
            .spawn(move || self.run(listeners))
    }

    fn run(self, listeners: Vec<BoundListener>) {
        let Self {
            runtime,
            service,
            member,
            mut ended,
        } = self;
        runtime.block_on(async {
            for listener in listeners {
                tokio::spawn(accept(listener, service.clone(), member.clone()));
            }
            drop((service, member));
            tokio::spawn(keep_timers_cheap());
            // It never changes: its end is the message.
            let _ = ended.changed().await;
        });
        // Whoever waits for a slow disk is not waited for.
        runtime.shutdown_background();
    }
}

/// tokio wakes a runtime through the kernel when a timer is set that is the first to expire. With one
/// that always is, the timers of connections cost no system call.
async fn keep_timers_cheap() {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
    }
}

async fn accept(listener: BoundListener, service: Arc<Service>, member: Member) {
    let mut closing = member.clone();
    let Some(mut listener) = listener.listen(&service.lasting.telemetry) else {
        return;
    };
    loop {
        tokio::select! {
            biased;
            () = closing.closing() => break,
            connected = listener.accept(&member) => {
                let snapshot = service.current.load_full();
                tokio::spawn(snapshot.connection(connected, member.clone()));
            }
        }
        // Of a burst, this worker takes one connection at a time, so that the idle ones get theirs.
        tokio::task::yield_now().await;
    }
    // For their clients these connections are made: closing the listener would reset them.
    while let Some(accepted) = listener.accept_waiting(&member).await {
        let snapshot = service.current.load_full();
        tokio::spawn(snapshot.connection(accepted, member.clone()));
    }
}
