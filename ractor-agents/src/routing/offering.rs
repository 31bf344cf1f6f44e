//! A message being offered to one candidate after another until one takes it.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::core::{Core, WhenFull, WhenNobody};
use super::nobody::{no_candidate, nobody};
use super::port::Parcel;
use super::{Candidate, PassedOver, RouteError};
use crate::agent::{Agent, AskError, TellError};
use crate::budget::{BudgetExhausted, Purse};
use crate::dead_letter::Reason;
use crate::mailbox::{Buried, Refusal, Room, Ticket};
use crate::message::{Clock, Moment, Priority};
use crate::queue::Enqueued;

/// How long a message that nobody can be given waits before it looks again: no agent knows its routers, so none can tell them that
/// it is fit again.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// After how many that had no room it waits at the first of them. Source: a guess; where so many are full, so are the rest.
pub(super) const TRIES_MAX: usize = 16;

/// A message being offered to one candidate after another until one takes it.
pub(super) struct Routing<'a, A: Agent> {
    pub(super) core: &'a Arc<Core>,
    pub(super) slot: Option<Parcel<A::Message, A::Reply>>,
    /// The numbers of those who turned it away since the last look, behind that of the agent that asks.
    tried: Vec<u64>,
    /// Why each of them is passed over.
    whys: Vec<PassedOver>,
    /// The first that was chosen and had no room.
    full: Option<Arc<Candidate>>,
    place: Option<Place>,
    /// On its way into the durable queue of whoever was chosen.
    line: Option<Box<InLine>>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Since when nobody can be given it.
    nobody_since: Option<Moment>,
    /// The beginning and the end of an asker's patience.
    pub(super) since: Moment,
    until: Moment,
}

/// A place in the line of senders who wait for room.
struct Place {
    at: Arc<Candidate>,
    lane: Priority,
    /// Given at the first look.
    ticket: Option<Ticket>,
}

/// A message on its way into a durable queue.
struct InLine {
    of: Arc<Candidate>,
    enqueued: Enqueued,
}

pub(super) type Sent<A> = Result<Arc<Candidate>, RouteError<<A as Agent>::Message>>;

/// What one offer came to.
enum Offered<A: Agent> {
    Done(Sent<A>),
    /// Choose again.
    Again,
    /// Wait for room there.
    Full(Arc<Candidate>),
}

impl<'a, A: Agent> Routing<'a, A> {
    pub(super) fn new(core: &'a Arc<Core>, message: A::Message) -> Self {
        let mut parcel = Parcel::new(message, Priority::Normal);
        parcel.stamp.router = core.number;
        Self {
            core,
            slot: Some(parcel),
            tried: Vec::new(),
            whys: Vec::new(),
            since: Moment::NEVER,
            full: None,
            place: None,
            line: None,
            timer: None,
            nobody_since: None,
            until: Moment::NEVER,
        }
    }

    pub(super) fn edit(&mut self, change: impl FnOnce(&mut Parcel<A::Message, A::Reply>)) {
        if let Some(parcel) = self.slot.as_mut() {
            change(parcel);
        }
    }

    /// An ask begins: its asker waits until then, and is not asked itself.
    pub(super) fn begin_ask(&mut self, since: Moment, until: Moment) {
        // It would wait for its own answer.
        if let Some(asker) = self.core.asker() {
            self.pass_over(asker, PassedOver::Asker);
        }
        self.since = since;
        self.until = until;
    }

    /// When the time of its budget is over.
    pub(super) fn budget_ends(&self) -> Moment {
        let parcel = self.slot.as_ref();
        parcel.map_or(Moment::NEVER, Parcel::budget_ends)
    }

    /// Until when it waits, whatever for.
    fn until(&self) -> Moment {
        self.until.min(self.budget_ends())
    }

    /// Takes the message back if its budget does not allow that it is sent now.
    fn over_budget(&mut self) -> Option<RouteError<A::Message>> {
        let parcel = self.slot.as_mut()?;
        parcel.inherit();
        let exhausted = parcel.check_budget(self.core.clock).err()?;
        self.leave_line();
        Some(RouteError::BudgetExhausted {
            exhausted: Box::new(exhausted),
            message: self.withdraw()?,
        })
    }

    fn pass_over(&mut self, number: u64, why: PassedOver) {
        self.tried.push(number);
        self.whys.push(why);
    }

    /// Those who turned it away may be asked again.
    fn look_again(&mut self) {
        let asker = usize::from(self.whys.first() == Some(&PassedOver::Asker));
        self.tried.truncate(asker);
        self.whys.truncate(asker);
    }

    /// Why an agent is passed over, whatever the strategy.
    fn why_not(&self, number: u64) -> Option<PassedOver> {
        let at = self.tried.iter().position(|tried| *tried == number)?;
        self.whys.get(at).cloned()
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Sent<A>> {
        if let Some(error) = self.over_budget() {
            return Poll::Ready(Err(error));
        }
        loop {
            if self.line.is_some() {
                return self.poll_enqueued(cx);
            }
            let candidate = ready!(self.poll_candidate(cx))?;
            match self.offer(candidate) {
                Offered::Done(sent) => {
                    if let Ok(candidate) = &sent {
                        self.trace(candidate);
                    }
                    return Poll::Ready(sent);
                }
                Offered::Again => {}
                Offered::Full(candidate) => self.stand_in_line(candidate),
            }
        }
    }

    #[cold]
    fn poll_enqueued(&mut self, cx: &mut Context<'_>) -> Poll<Sent<A>> {
        let Some(line) = &mut self.line else {
            return Poll::Pending;
        };
        let enqueued = ready!(line.enqueued.poll(cx));
        let candidate = Arc::clone(&line.of);
        self.line = None;
        Poll::Ready(match enqueued {
            Ok(_) => {
                self.slot = None;
                Ok(candidate)
            }
            Err(error) => self.refused(candidate, error.into()),
        })
    }

    /// Says why it was this one, to those who listen at debug level: everybody is looked at for that.
    fn trace(&self, chosen: &Candidate) {
        if tracing::enabled!(tracing::Level::DEBUG) {
            let why_not = |number| self.why_not(number);
            let explanation = self.core.explain_choice(Some(chosen.id()), None, why_not);
            tracing::debug!(agent = %chosen.id(), now = %explanation, "routed");
        }
    }

    /// Somebody to offer the message to.
    fn poll_candidate(&mut self, cx: &mut Context<'_>) -> Poll<Sent<A>> {
        loop {
            if let Some(place) = self.place.take() {
                if let Some(candidate) = self.poll_room(place, cx) {
                    return Poll::Ready(Ok(candidate));
                }
                if let Some(error) = ready!(self.poll_line(cx)) {
                    return Poll::Ready(Err(error));
                }
                continue;
            }
            if self.tried.len() >= TRIES_MAX
                && let Some(full) = self.full.take()
            {
                self.stand_in_line(full);
                continue;
            }
            let key = self.slot.as_ref().and_then(|parcel| parcel.key());
            if let Some(candidate) = self.core.choose(key, &self.tried) {
                return Poll::Ready(Ok(candidate));
            }
            if let Some(full) = self.full.take() {
                self.stand_in_line(full);
            } else if let Some(error) = ready!(self.poll_nobody(cx)) {
                return Poll::Ready(Err(error));
            }
        }
    }

    fn offer(&mut self, candidate: Arc<Candidate>) -> Offered<A> {
        let Some(port) = candidate.port::<A>() else {
            self.pass_over(candidate.id().number(), PassedOver::OtherTypes);
            return Offered::Again;
        };
        let Err(refusal) = port.offer(&mut self.slot) else {
            return Offered::Done(Ok(candidate));
        };
        let parcel = self.slot.as_mut();
        let granted = parcel.and_then(|parcel| parcel.stamp.granted.take());
        if let Some(lane) = granted {
            port.return_room(lane);
        }
        match refusal {
            Refusal::Full { priority, .. } if port.may_wait(priority) => {
                if self.stays() {
                    return Offered::Full(candidate);
                }
                self.pass_over(candidate.id().number(), PassedOver::Refused(refusal));
                self.full.get_or_insert(candidate);
                Offered::Again
            }
            Refusal::OnQueue => {
                let parcel = self.slot.as_mut();
                match parcel.and_then(|parcel| port.enqueue(parcel)) {
                    Some(enqueued) => {
                        let of = candidate;
                        self.line = Some(Box::new(InLine { of, enqueued }));
                    }
                    None => {
                        self.pass_over(candidate.id().number(), PassedOver::Refused(refusal));
                    }
                }
                Offered::Again
            }
            Refusal::AskedItself | Refusal::BudgetExhausted(_) | Refusal::Layer { .. } => {
                Offered::Done(self.refused(candidate, refusal))
            }
            refusal => {
                self.pass_over(candidate.id().number(), PassedOver::Refused(refusal));
                Offered::Again
            }
        }
    }

    /// Takes the message back from whoever will not have it.
    fn refused(&mut self, candidate: Arc<Candidate>, refusal: Refusal) -> Sent<A> {
        match self.withdraw() {
            Some(message) => Err(RouteError::Failed(AskError::Refused(TellError {
                agent: candidate.id(),
                refusal,
                message,
            }))),
            None => Ok(candidate),
        }
    }

    fn withdraw(&mut self) -> Option<Box<A::Message>> {
        let parcel = self.slot.take()?;
        Some(Box::new(parcel.message.into_sole()))
    }

    /// Waits for room there from the next poll on.
    fn stand_in_line(&mut self, at: Arc<Candidate>) {
        let lane = self.slot.as_ref().map(|parcel| parcel.stamp.lane);
        self.place = Some(Place {
            at,
            lane: lane.unwrap_or(Priority::Normal),
            ticket: None,
        });
    }

    /// Whoever is returned may be offered the message.
    fn poll_room(&mut self, mut place: Place, cx: &Context<'_>) -> Option<Arc<Candidate>> {
        let Some(port) = place.at.port::<A>() else {
            return Some(place.at);
        };
        match port.poll_room(place.lane, place.ticket, cx) {
            Room::Retry => Some(place.at),
            Room::Granted => {
                self.edit(|parcel| parcel.stamp.granted = Some(place.lane));
                Some(place.at)
            }
            Room::Waiting(ticket) => {
                place.ticket = Some(ticket);
                self.place = Some(place);
                None
            }
        }
    }

    /// Whether it waits at the one that was chosen, whoever else is there.
    fn stays(&self) -> bool {
        let parcel = self.slot.as_ref();
        let is_keyed = parcel.is_some_and(|parcel| parcel.key().is_some());
        is_keyed || self.core.rules.when_full == WhenFull::Wait
    }

    /// While it waits for room: gives up when an asker's patience is over, and leaves the line for somebody who is free.
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Option<RouteError<A::Message>>> {
        loop {
            if !self.stays() && self.core.has_fit() {
                self.leave_line();
                self.look_again();
                return Poll::Ready(None);
            }
            let now = self.core.clock.now();
            let until = self.until();
            if now >= until {
                return Poll::Ready(self.over_budget().or_else(|| self.no_room(now)));
            }
            let next = if self.stays() {
                until
            } else {
                now.after(LOOK_AGAIN).min(until)
            };
            if next.is_never() {
                return Poll::Pending;
            }
            ready!(self.poll_timer(next, cx));
        }
    }

    fn no_room(&mut self, now: Moment) -> Option<RouteError<A::Message>> {
        let waited = now.since(self.since);
        let place = self.leave_line()?;
        let message = self.withdraw()?;
        Some(RouteError::Failed(AskError::Refused(TellError {
            agent: place.at.id(),
            refusal: Refusal::NoRoom { waited },
            message,
        })))
    }

    fn leave_line(&mut self) -> Option<Place> {
        let place = self.place.take()?;
        if let (Some(port), Some(ticket)) = (place.at.port::<A>(), place.ticket) {
            port.leave_line(place.lane, ticket);
        }
        Some(place)
    }

    /// Nobody is left: waits a little before the next look, or gives up.
    fn poll_nobody(&mut self, cx: &mut Context<'_>) -> Poll<Option<RouteError<A::Message>>> {
        let now = self.core.clock.now();
        let since = *self.nobody_since.get_or_insert(now);
        let limit = match self.core.rules.when_nobody {
            WhenNobody::Fail => Duration::ZERO,
            WhenNobody::Wait(limit) | WhenNobody::DeadLetter(limit) => limit,
        };
        let end = self.core.clock.after(since, limit).min(self.until());
        if now >= end || self.core.swarm.strong_count() == 0 {
            if let Some(error) = self.over_budget() {
                return Poll::Ready(Some(error));
            }
            return Poll::Ready(self.give_up(now.since(since)));
        }
        let next = now.after(LOOK_AGAIN).min(end);
        ready!(self.poll_timer(next, cx));
        self.look_again();
        Poll::Ready(None)
    }

    /// Nobody came: the message goes back, or to the dead letters.
    fn give_up(&mut self, waited: Duration) -> Option<RouteError<A::Message>> {
        let why_not = |number| self.why_not(number);
        if let WhenNobody::DeadLetter(_) = self.core.rules.when_nobody
            && let Some(swarm) = self.core.swarm.upgrade()
        {
            let nobody = nobody(self.core, &swarm, why_not, waited);
            let reason = Reason::NoCandidate(nobody.asked.as_str().into());
            Buried::from(self.slot.take()?).bury(None, &swarm.dead_letters, reason);
            return Some(RouteError::DeadLettered(nobody));
        }
        let message = self.withdraw()?;
        let why_not = |number| self.why_not(number);
        Some(no_candidate(self.core, why_not, waited, message))
    }

    /// Ready at `due`, by the supervisors' timers: those of the agents can be stopped by handlers that never await.
    fn poll_timer(&mut self, due: Moment, cx: &mut Context<'_>) -> Poll<()> {
        let due = due.instant();
        let timer = match &mut self.timer {
            Some(timer) => timer,
            none => {
                let Some(swarm) = self.core.swarm.upgrade() else {
                    return Poll::Ready(());
                };
                let _entered = swarm.timers().enter();
                none.insert(Box::pin(tokio::time::sleep_until(due)))
            }
        };
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(cx)
    }
}

impl<A: Agent> Drop for Routing<'_, A> {
    fn drop(&mut self) {
        self.leave_line();
    }
}

/// Why a budget does not allow that anything is sent now.
pub(super) fn exhausted(budget: Option<&Purse>, clock: Clock) -> Option<Box<BudgetExhausted>> {
    let checked = budget.map(|budget| budget.check(clock.now()));
    checked?.err().map(Box::new)
}

/// Sends a copy to everybody who takes it now.
pub(super) fn broadcast<A: Agent<Message: Clone>>(
    core: &Arc<Core>,
    message: A::Message,
) -> Result<usize, RouteError<A::Message>> {
    let budget = Purse::inherited();
    if let Some(exhausted) = exhausted(budget.as_ref(), core.clock) {
        let message = Box::new(message);
        return Err(RouteError::BudgetExhausted { exhausted, message });
    }
    let mut told = 0;
    let mut refused = HashMap::new();
    for candidate in core.everybody() {
        let Some(port) = candidate.port::<A>() else {
            continue;
        };
        let mut slot = Some(Parcel::on_behalf(
            message.clone(),
            Priority::Normal,
            budget.clone(),
        ));
        match port.offer(&mut slot) {
            Ok(()) => told += 1,
            Err(refusal) => {
                refused.insert(candidate.id().number(), PassedOver::Refused(refusal));
            }
        }
    }
    if told > 0 {
        return Ok(told);
    }
    let why_not = |number| refused.get(&number).cloned();
    let message = Box::new(message);
    Err(no_candidate(core, why_not, Duration::ZERO, message))
}
