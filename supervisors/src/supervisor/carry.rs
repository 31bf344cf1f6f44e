//! Carries out the engine's effects.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::MutexGuard;
use ractor::ActorCell;
use ractor::actor::messages::BoxedState;
use tokio::time::Instant;

use super::answer::answer;
use super::drive::{Guard, Life, POLL_MAX};
use super::errand::{Called, Errand, Job};
use super::shared::Former;
use super::{Input, SupervisorRef, Wish};
use crate::engine::{Effect, Exit, Run, Timer};
use crate::exit::{SHUTDOWN, panic_text};
use crate::watch::Target;
use crate::{ChildId, Event, ExitReason, StartContext, StartError};

impl Life {
    /// Carries out effects until there are none.
    pub(super) fn settle(&mut self, state: &mut Guard<'_>) {
        while state.life == self.number {
            let Some(effect) = state.engine.next_effect() else {
                return;
            };
            if state.ending_since.is_some() && !matches!(effect, Effect::Reply(..)) {
                state.deeds += 1;
            }
            match effect {
                Effect::Start(run) => self.start(state, run),
                Effect::Stop(run) => Self::stop(state, run),
                Effect::Kill(run) => Self::kill(state, run),
                Effect::Hurry(run) => self.hurry(state, run),
                Effect::Abandon { run, id } => self.abandon(state, run, id),
                Effect::Reclaim(run) => {
                    if let Some(cell) = state.slot(run.key).and_then(|slot| slot.cell.clone()) {
                        self.relink(run, &cell);
                        cell.kill();
                    }
                }
                Effect::Arm(run, timer, wait) => {
                    self.shared.arm(
                        wait,
                        Target::Timer {
                            supervisor: Arc::downgrade(&self.shared),
                            run,
                            timer,
                        },
                    );
                }
                Effect::Clear { key, last } => clear(state, key, last),
                Effect::Remove(key) => {
                    clear(state, key, true);
                    if let Some(place) = state.slots.get_mut(key as usize) {
                        let gone = place.take();
                        MutexGuard::unlocked(state, || drop(gone));
                    }
                }
                Effect::Unlist(id) => {
                    for spec in state
                        .initial
                        .iter_mut()
                        .filter(|spec| spec.as_ref().is_some_and(|spec| spec.id == id))
                    {
                        *spec = None;
                    }
                }
                Effect::Emit(event) => self.emit(state, &event),
                Effect::Reply(reply, outcome) => answer(state, reply, outcome),
                Effect::Ready => {
                    if let Some(report) = self.report.take() {
                        report.started();
                    }
                }
                Effect::Exit(exit) => self.exit(state, exit),
            }
        }
    }

    fn exit(&self, state: &mut Guard<'_>, exit: Exit) {
        if let Some(since) = state.ending_since.take() {
            state.report.elapsed = since.elapsed();
        }
        state.wanted_down = None;
        state.ends += 1;
        state.exit = Some(exit);
        // From here on inputs wait for the next life, or for the parent to close the supervisor.
        self.shared.inbox.lock().cell = None;
    }

    fn kill(state: &mut Guard<'_>, run: Run) {
        if let Some(cell) = state.slot(run.key).and_then(|slot| slot.cell.as_ref()) {
            return cell.kill();
        }
        // No actor yet: its start is taken back, or is being made and will find itself unwanted.
        let pending = state.jobs.iter().flatten().any(|job| job.run == run);
        let revoked = state.errands.iter().find_map(|errand| errand.revoke(run));
        if pending || revoked == Some(true) {
            if let Some(jobs) = &mut state.jobs {
                jobs.retain(|job| job.run != run);
            }
            state
                .engine
                .start_failed(Instant::now(), run, ExitReason::Killed);
        }
    }

    /// Sends the starts that were put together to their runtime.
    pub(super) fn send_errand(&self, state: &mut Guard<'_>) {
        let jobs = state.jobs.take().unwrap_or_default();
        let Some(errand) = Errand::send(Arc::clone(&self.shared), self.myself.clone(), jobs) else {
            return;
        };
        let target = Target::Errand {
            supervisor: Arc::downgrade(&self.shared),
            errand: Arc::downgrade(&errand),
        };
        self.shared.arm(state.engine.flags().start_deadline, target);
        state.errands.push(errand);
    }

    /// An errand reports what came of its starts.
    pub(super) fn errand_done(
        &mut self,
        state: &mut Guard<'_>,
        errand: &Arc<Errand>,
        results: Vec<Called>,
    ) {
        state
            .errands
            .retain(|pending| !Arc::ptr_eq(pending, errand));
        for Called {
            run,
            result,
            deferred,
        } in results
        {
            let ended = match &result {
                Ok(cell) => state.early_ends.remove(&cell.get_id().pid()),
                Err(_) => None,
            };
            Self::called(state, run, result, deferred, false);
            self.settle(state);
            if let Some((reason, handed)) = ended {
                // What had been handed over before is dropped outside the lock: it is the user's.
                let slot = state.slot_mut(run.key);
                let former = slot.map(|slot| std::mem::replace(&mut slot.handed, handed));
                MutexGuard::unlocked(state, || drop(former));
                state.engine.exited(Instant::now(), run, reason);
                self.settle(state);
            }
        }
        let (due, early): (Vec<Input>, Vec<Input>) = std::mem::take(&mut state.early_words)
            .into_iter()
            .partition(|input| match input {
                Input::Started { run } | Input::StartFailed { run, .. } => {
                    !state.is_on_errand(*run)
                }
                _ => true,
            });
        state.early_words = early;
        for input in due {
            self.input(state, input);
            self.settle(state);
        }
        if state.errands.is_empty() {
            let unknown = std::mem::take(&mut state.early_ends);
            MutexGuard::unlocked(state, || drop(unknown));
        }
    }

    fn start(&mut self, state: &mut Guard<'_>, run: Run) {
        let Some(facts) = state.engine.start_facts(run) else {
            return;
        };
        let Some(home) = self.shared.home() else {
            return;
        };
        let Some(slot) = state.slot_mut(run.key) else {
            return;
        };
        let start = Arc::clone(&slot.start);
        let handed = slot.handed.take();
        if let Some((_, watched)) = &slot.watch {
            watched.starting(run.epoch);
        }
        let default = || {
            self.shared
                .settings
                .children_on
                .clone()
                .unwrap_or_else(|| home.runtime().clone())
        };
        let own = slot.runtime.clone().unwrap_or_else(default);
        let relief = facts.relief.then(|| home.relief()).flatten();
        let elsewhere = facts.incarnation == 0 && own.id() != home.runtime().id();
        if elsewhere
            && slot.nested.is_none()
            && let Some(jobs) = &mut state.jobs
        {
            jobs.push(Job {
                run,
                id: facts.id,
                start,
                runtime: own,
            });
            return;
        }
        let cx = StartContext {
            id: &facts.id,
            incarnation: facts.incarnation,
            reason: facts.reason.as_ref(),
            supervisor: &self.myself,
            runtime: relief.as_ref().unwrap_or(&own),
            on_relief: relief.is_some(),
            state: std::cell::Cell::new(handed.map(|handed: Box<BoxedState>| *handed)),
            shared: &self.shared,
            run,
            deferred: std::cell::Cell::new(false),
        };
        let result = MutexGuard::unlocked(state, || {
            catch_unwind(AssertUnwindSafe(|| start.start(&cx)))
                .unwrap_or_else(|payload| Err(StartError::Panicked(panic_text(&*payload))))
        });
        let deferred = cx.deferred.get();
        if state.life != self.number {
            // This life is over and its successor has called for a start of its own.
            if let Ok(cell) = result {
                cell.kill();
            }
            return;
        }
        Self::called(state, run, result, deferred, facts.incarnation > 0);
    }

    /// A start function returned.
    fn called(
        state: &mut Guard<'_>,
        run: Run,
        result: Result<ActorCell, StartError>,
        deferred: bool,
        again: bool,
    ) {
        let now = Instant::now();
        match result {
            Ok(cell) if !state.engine.is_current(run) => cell.kill(),
            Ok(cell) => {
                state.pids.insert(cell.get_id().pid(), run);
                let wanted = state.engine.is_starting(run);
                let Some(slot) = state.slot_mut(run.key) else {
                    return;
                };
                if !wanted {
                    // It was terminated while its start was being made.
                    cell.kill();
                }
                slot.cell = Some(cell);
                let watched = slot
                    .watch
                    .as_ref()
                    .filter(|_| again)
                    .map(|(_, watched)| Arc::clone(watched));
                if deferred {
                    state.engine.pending(run);
                } else {
                    state.engine.started(now, run);
                }
                if let Some(watched) = watched {
                    watched.restarted();
                }
            }
            Err(StartError::Ignore) => state.engine.ignored(now, run),
            Err(error) => state.engine.start_failed(now, run, error.into_reason()),
        }
    }

    fn stop(state: &mut Guard<'_>, run: Run) {
        let Some(slot) = state.slot(run.key) else {
            return;
        };
        let Some(cell) = slot.cell.clone() else {
            return;
        };
        let Some(stop) = slot.stop.clone() else {
            cell.stop(Some(SHUTDOWN.to_owned()));
            return;
        };
        let stopped =
            MutexGuard::unlocked(state, || catch_unwind(AssertUnwindSafe(|| stop(&cell))));
        if stopped.is_err() {
            tracing::error!(child = ?cell, "the function that stops a child panicked; it is killed");
            cell.kill();
        }
    }

    /// Has a supervisor below kill what is left there, and sees to it that it ends.
    fn hurry(&self, state: &mut Guard<'_>, run: Run) {
        let nested = state.slot(run.key).and_then(|slot| slot.nested.clone());
        let Some(nested) = nested else {
            // A supervisor of somebody else's making, which only a kill can hurry.
            return state.engine.timer(Instant::now(), run, Timer::Hurry);
        };
        nested.ask_for(Wish::Hurry);
        self.allow(run, &nested);
    }

    /// Gives a hurried supervisor the time it needs if nothing is in its way.
    fn allow(&self, run: Run, nested: &SupervisorRef) {
        let supervisor = Arc::downgrade(&self.shared);
        let deeds = nested.shared().deeds();
        let target = Target::Hurry {
            supervisor,
            run,
            deeds,
        };
        let grace = self.shared.settings.flags.kill_grace;
        let allowed = nested.shared().hurry_time().saturating_add(grace);
        self.shared.arm(allowed, target);
    }

    /// The time of a hurried supervisor is over. It gets it again if it did something with it: there may be very many to kill.
    pub(super) fn hurry_due(&self, state: &mut Guard<'_>, now: Instant, run: Run, deeds: u64) {
        let nested = state.slot(run.key).and_then(|slot| slot.nested.clone());
        match nested {
            Some(nested) if state.engine.is_current(run) && nested.shared().deeds() != deeds => {
                self.allow(run, &nested);
            }
            _ => state.engine.timer(now, run, Timer::Hurry),
        }
    }

    fn abandon(&self, state: &mut Guard<'_>, run: Run, id: ChildId) {
        let Some(slot) = state.slot_mut(run.key) else {
            return;
        };
        let cell = slot.cell.take();
        let watch = slot.watch.as_ref().map(|(watch, _)| Arc::clone(watch));
        if let Some(cell) = cell {
            // It stays linked, so that ractor tells when it ends; one that never was is asked now and then.
            if cell.try_get_supervisor().is_none() {
                self.poll_later(run, POLL_MAX);
            }
            absorb_below(state, run.key);
            state.abandoned.insert(run, Former { id, cell });
        }
        if let Some(watch) = watch {
            let fenced =
                MutexGuard::unlocked(state, || catch_unwind(AssertUnwindSafe(|| watch.fence())));
            if fenced.is_err() {
                tracing::error!("a watch panicked while it fenced its child off");
            }
        }
    }

    fn emit(&self, state: &mut Guard<'_>, event: &Event) {
        match event {
            Event::Terminated { killed, .. } if state.ending_since.is_some() => {
                if *killed {
                    state.report.killed += 1;
                } else {
                    state.report.stopped += 1;
                }
            }
            // It had been killed before. Those that do not end are looked up when the report is taken.
            Event::Recovered { .. } if state.ending_since.is_some() => state.report.killed += 1,
            _ => {}
        }
        match event {
            Event::Escalated { id, reason } => {
                tracing::error!(%id, %reason, "a supervisor gives up");
            }
            Event::GaveUp { id, reason } => tracing::error!(%id, %reason, "a child is given up"),
            Event::Abandoned { id, abandoned } => {
                tracing::warn!(%id, abandoned, "a killed child does not end");
            }
            Event::Restarted { id, reason, count } => {
                tracing::debug!(%id, %reason, count, "a child was restarted");
            }
            Event::StartFailed { id, reason } => {
                tracing::debug!(%id, %reason, "a child did not start");
            }
            _ => {}
        }
        self.shared.emit(event);
    }
}

/// Adds what the shutdown did below a supervisor that has no actor any more.
fn absorb_below(state: &mut Guard<'_>, key: u32) {
    let nested = state.slot(key).and_then(|slot| slot.nested.clone());
    if let (Some(nested), Some(_)) = (nested, state.ending_since) {
        let mut below = nested.take_report();
        if let Some(name) = nested.shared().branch.name() {
            below = below.below(&name);
        }
        state.report.absorb(below);
    }
}

/// Lets go of a child's actor; `last` also of what a restart would have needed.
fn clear(state: &mut Guard<'_>, key: u32, last: bool) {
    let Some(slot) = state.slot_mut(key) else {
        return;
    };
    let cell = slot.cell.take();
    let handed = if last { slot.handed.take() } else { None };
    let nested = slot.nested.clone();
    let watch = slot
        .watch
        .as_ref()
        .filter(|_| last)
        .map(|(watch, _)| Arc::clone(watch));
    if let Some(cell) = &cell {
        state.pids.remove(&cell.get_id().pid());
        absorb_below(state, key);
    }
    MutexGuard::unlocked(state, || {
        drop(handed);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            if let Some(watch) = &watch {
                watch.ended();
            }
        }));
        if ended.is_err() {
            tracing::error!("a watch panicked when its child ended");
        }
        if let (Some(nested), true) = (nested, last) {
            nested.shared().close_as_it_ended();
        }
    });
}
