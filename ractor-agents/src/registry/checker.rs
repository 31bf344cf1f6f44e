//! The registry's actor: asks agents for heartbeats, and compares how they do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use supervisors::{ChildSpec, Restart, Shutdown, StartContext, spawn_now};
use tokio::time::{Instant, sleep_until};

use super::breaker::Window;
use super::{Index, Outliers, Trip, Vitals};
use crate::message::Clock;
use crate::swarm::Member;

/// How agents are watched over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkup {
    /// Each agent is asked for a heartbeat so often.
    pub(crate) every: Duration,
    /// From how many in a row on that did not come it is unresponsive.
    pub(crate) missed_max: u32,
    pub(crate) outliers: Outliers,
}

impl Default for Checkup {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(10),
            missed_max: 3,
            outliers: Outliers::default(),
        }
    }
}

/// How many agents are asked at a time, about: all at once where there are no more, otherwise spread over the time between two
/// heartbeats. Source: a guess, well below a millisecond.
const AT_A_TIME: usize = 256;

/// The checks of all agents, round after round. They outlive the actor that makes them: its successor goes on where it was.
pub(crate) struct Checks {
    index: Arc<Index>,
    checkup: Checkup,
    clock: Clock,
    round: Mutex<Round>,
}

#[derive(Default)]
struct Round {
    due: Option<Instant>,
    /// Which part of the index is next.
    part: usize,
    /// Who was called by routers since the last round.
    called: HashMap<&'static str, Vec<(u64, Window)>>,
}

impl Checks {
    pub(crate) fn new(index: Arc<Index>, checkup: Checkup, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            index,
            checkup,
            clock,
            round: Mutex::default(),
        })
    }

    /// The child of the swarm's supervisor that makes them.
    pub(crate) fn spec(self: Arc<Self>) -> ChildSpec {
        let start = move |cx: &StartContext<'_>| spawn_now(Checker(Arc::clone(&self)), (), cx);
        ChildSpec::new("registry", start)
            .restart(Restart::Permanent)
            .shutdown(Shutdown::BrutalKill)
    }

    /// How many parts are checked at a time, and the time between.
    fn pace(&self) -> (usize, Duration) {
        let parts = Index::PARTS;
        let groups = (self.index.len() / AT_A_TIME).clamp(1, parts);
        let at_a_time = parts.div_ceil(groups);
        let steps = parts.div_ceil(at_a_time);
        let steps = u32::try_from(steps).unwrap_or(1);
        (at_a_time, self.checkup.every / steps)
    }

    fn due(&self) -> Instant {
        let mut round = self.round.lock();
        *round
            .due
            .get_or_insert_with(|| Instant::now() + self.pace().1)
    }

    /// Checks as many as are due now.
    fn step(&self) {
        let (at_a_time, wait) = self.pace();
        let mut round = self.round.lock();
        let parts = round.part..(round.part + at_a_time).min(Index::PARTS);
        round.part = parts.end;
        for member in parts.flat_map(|part| self.index.part(part)) {
            self.check(&*member, &mut round);
        }
        if round.part >= Index::PARTS {
            round.part = 0;
            for (_, called) in std::mem::take(&mut round.called) {
                self.compare(&called);
            }
        }
        // A step that came late is not made up for.
        round.due = Some(Instant::now() + wait);
    }

    fn check(&self, member: &dyn Member, round: &mut Round) {
        let Checkup { missed_max, .. } = self.checkup;
        if member.check(self.clock.now(), missed_max) {
            tracing::warn!(agent = %member.id(), missed = missed_max, "gives no sign of life");
            self.index.note_standing(member.id().number());
        }
        if let Some(vitals) = member.known_vitals() {
            let recent = vitals.breaker.take_recent();
            let called = round.called.entry(member.id().kind()).or_default();
            called.push((member.id().number(), recent));
        }
    }

    /// Ejects those of one kind that did worse than the others.
    fn compare(&self, called: &[(u64, Window)]) {
        let windows: Vec<Window> = called.iter().map(|(_, window)| *window).collect();
        let verdict = self.checkup.outliers.judge(&windows);
        let at = |place: &usize| {
            let (number, _) = called.get(*place)?;
            self.index.get(*number)
        };
        for member in verdict.others.iter().filter_map(at) {
            member.vitals().breaker.acquit();
        }
        if verdict.outliers.is_empty() {
            return;
        }
        let numbers = called.iter().map(|(number, _)| *number);
        let ejected = numbers.filter(|number| self.is_ejected(*number)).count();
        let most = Outliers::ejected_max(called.len()).saturating_sub(ejected);
        for member in verdict.outliers.iter().filter_map(at).take(most) {
            let breaker = &member.traits().breaker;
            let vitals = member.vitals();
            if vitals.breaker.eject(breaker, self.clock.now()) {
                tracing::warn!(agent = %member.id(), "ejected: does worse than its peers");
                self.index.note_standing(member.id().number());
            }
        }
    }

    fn is_ejected(&self, number: u64) -> bool {
        let member = self.index.get(number);
        let trip = |vitals: &Vitals| vitals.breaker.trip();
        member.is_some_and(|member| member.known_vitals().and_then(trip) == Some(Trip::Outlier))
    }
}

/// The registry's actor. It has nothing of its own.
struct Checker(Arc<Checks>);

/// The only message: check until the swarm ends.
struct Check;

impl Actor for Checker {
    type Msg = Check;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Check>, (): ()) -> Result<(), ActorProcessingErr> {
        myself.cast(Check)?;
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Check>,
        _: Check,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        if self.0.checkup.every == Duration::MAX {
            std::future::pending::<()>().await;
        }
        loop {
            sleep_until(self.0.due()).await;
            self.0.step();
        }
    }
}
