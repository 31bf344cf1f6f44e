//! Children that do what a test tells them, and a journal of what they did.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef};
use supervisors::*;

/// What happened, in order.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub fn add(&self, line: impl Into<String>) {
        self.0.lock().push(line.into());
    }

    /// Takes what was written so far.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }

    pub fn count(&self, line: &str) -> usize {
        self.0.lock().iter().filter(|entry| *entry == line).count()
    }
}

/// What a worker can be told.
pub enum Do {
    /// Stop by itself.
    Finish,
    /// Return an error.
    Fail,
    Panic,
    /// Return an error that says that the start failed.
    FailStart,
    /// Hang at an await.
    Hang,
    /// Compute until the flag is set, without awaiting.
    Spin(Arc<std::sync::atomic::AtomicBool>),
}

/// A worker that writes "+name" when it starts and "-name" when it is stopped in order.
pub struct Worker {
    pub name: &'static str,
    pub journal: Journal,
    /// How many of the next starts fail.
    pub failing: Arc<AtomicUsize>,
    /// How long a start takes.
    pub slow: Duration,
    /// Whether it hangs in its orderly stop.
    pub stubborn: bool,
}

impl Actor for Worker {
    type Msg = Do;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Do>, (): ()) -> Result<(), ActorProcessingErr> {
        if !self.slow.is_zero() {
            tokio::time::sleep(self.slow).await;
        }
        if self
            .failing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok()
        {
            self.journal.add(format!("!{}", self.name));
            return Err("told to fail".into());
        }
        self.journal.add(format!("+{}", self.name));
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<Do>,
        message: Do,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Do::Finish => myself.stop(None),
            Do::Fail => return Err("told to fail".into()),
            Do::Panic => panic!("told to panic"),
            Do::FailStart => return Err(StartFailed("late".into()).into()),
            Do::Hang => std::future::pending().await,
            Do::Spin(end) => {
                while !end.load(Ordering::SeqCst) {
                    std::hint::spin_loop();
                }
            }
        }
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<Do>, (): &mut ()) -> Result<(), ActorProcessingErr> {
        if self.stubborn {
            std::future::pending::<()>().await;
        }
        self.journal.add(format!("-{}", self.name));
        Ok(())
    }
}

/// Makes specifications of workers that share a journal.
#[derive(Clone, Default)]
pub struct Staff {
    pub journal: Journal,
    pub failing: Arc<AtomicUsize>,
}

impl Staff {
    pub fn worker(&self, name: &'static str) -> ChildSpec {
        self.make(name, Duration::ZERO, false)
    }

    pub fn slow(&self, name: &'static str, slow: Duration) -> ChildSpec {
        self.make(name, slow, false)
    }

    pub fn stubborn(&self, name: &'static str) -> ChildSpec {
        self.make(name, Duration::ZERO, true)
    }

    /// One of many, with a number for a name.
    pub fn numbered(&self, id: u64, stubborn: bool) -> ChildSpec {
        self.specify(id, "numbered", Duration::ZERO, stubborn)
    }

    fn make(&self, name: &'static str, slow: Duration, stubborn: bool) -> ChildSpec {
        self.specify(name, name, slow, stubborn)
    }

    fn specify(
        &self,
        id: impl Into<ChildId>,
        name: &'static str,
        slow: Duration,
        stubborn: bool,
    ) -> ChildSpec {
        let Self { journal, failing } = self.clone();
        ChildSpec::actor(id, move || {
            let worker = Worker {
                name,
                journal: journal.clone(),
                failing: failing.clone(),
                slow,
                stubborn,
            };
            (worker, ())
        })
    }
}

/// A generous intensity, so that a test about something else does not trip over it.
pub const MANY: Intensity = Intensity::new(1000, Duration::from_secs(1));

pub fn tell(supervisor: &SupervisorRef, id: &str, message: Do) {
    cell(supervisor, id)
        .send_message(message)
        .expect("the child takes messages");
}

pub fn cell(supervisor: &SupervisorRef, id: &str) -> ActorCell {
    supervisor
        .where_is(id)
        .unwrap_or_else(|| panic!("{id} has no actor"))
}

/// Waits for the first event that `wanted` picks.
pub async fn until(events: &mut Events, wanted: impl Fn(&Event) -> bool) -> Event {
    loop {
        let event = events.recv().await.expect("events go on");
        if wanted(&event) {
            return event;
        }
    }
}

pub async fn until_restarted(events: &mut Events, name: &str) {
    until(
        events,
        |event| matches!(event, Event::Restarted { id, .. } if id.name() == Some(name)),
    )
    .await;
}

pub async fn state_of(supervisor: &SupervisorRef, name: &str) -> Option<ChildState> {
    let children = supervisor
        .which_children()
        .await
        .expect("the supervisor answers");
    children
        .into_iter()
        .find(|child| child.id.name() == Some(name))
        .map(|child| child.state)
}

/// Waits until `holds`, letting other tasks run; time passes only if the test's clock is paused.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if holds() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("never came true: {what}");
}
