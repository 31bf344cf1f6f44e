//! A message to many, and what they answer.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Sleep;

use super::candidate::Fitness;
use super::core::Core;
use super::nobody::no_candidate;
use super::offering::exhausted;
use super::port::Parcel;
use super::{Candidate, PassedOver, RouteError};
use crate::agent::{
    Agent, AgentId, Answer, AskError, Awaited, ReplyTo, Silence, TellError, conclude,
};
use crate::budget::Purse;
use crate::message::{Moment, Priority};
use crate::waits::Whom;

/// How long answers are waited for by default. Source: an ask's patience.
const WITHIN: Duration = Duration::from_secs(30);

/// A message to many: set options, then await it for what they answered. Made by [`Router::scatter`](super::Router::scatter).
///
/// # Cancel safety
/// Dropped before it is polled, nobody has got the message. Dropped later, it is withdrawn from all whose handlers have not begun;
/// those that have begun finish, and their answers are dropped.
#[must_use = "a message is sent when this is awaited"]
pub struct Scatter<'a, A: Agent, R> {
    core: &'a Arc<Core>,
    message: A::Message,
    reply: fn(A::Reply) -> Option<R>,
    to: Option<usize>,
    /// How many answers are enough; all if nothing is said.
    enough: Option<usize>,
    within: Duration,
    priority: Priority,
    budget: Option<Purse>,
}

/// What was answered to a message to many. Made by [`Scatter`].
pub struct Gathered<M, R> {
    /// Who answered what, in the order in which the answers came.
    pub answers: Vec<(AgentId, R)>,
    /// Who did not take the message or came to no answer, and why.
    pub failed: Vec<(AgentId, AskError<M>)>,
    /// Who had not answered when enough others had, or at the deadline. The message was withdrawn from all of them whose handlers had
    /// not begun.
    pub missing: Vec<AgentId>,
}

/// Why a message to many came to nothing.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ScatterError<M, R> {
    /// Nobody could be given the message, which is in here.
    #[error(transparent)]
    Nobody(RouteError<M>),
    /// Fewer answered than were asked for.
    #[error("{} of {wanted} answers: {} failed, {} missing", gathered.answers.len(), gathered.failed.len(), gathered.missing.len())]
    Short {
        /// How many answers were asked for.
        wanted: usize,
        /// What there is.
        gathered: Gathered<M, R>,
    },
}

impl<'a, A: Agent, R> Scatter<'a, A, R> {
    pub(super) fn new(
        core: &'a Arc<Core>,
        message: A::Message,
        reply: fn(A::Reply) -> Option<R>,
    ) -> Self {
        Self {
            core,
            message,
            reply,
            to: None,
            enough: None,
            within: WITHIN,
            priority: Priority::Normal,
            budget: Purse::inherited(),
        }
    }

    /// Sends it to so many, whom the strategy chooses; another one is chosen for each who turns it away. Default: to all that are
    /// fit, or, if nobody is, to all that are the last resort.
    pub fn to(mut self, agents: usize) -> Self {
        self.to = Some(agents);
        self
    }

    /// The first answer is enough; the others are withdrawn then.
    pub fn first(self) -> Self {
        self.quorum(1)
    }

    /// So many answers are enough, at least one; the others are withdrawn then. Fewer are [`ScatterError::Short`], as soon as it is
    /// sure; at once, and nothing is sent, if there are not so many candidates.
    pub fn quorum(mut self, answers: usize) -> Self {
        self.enough = Some(answers.max(1));
        self
    }

    /// Waits for all of them, until the deadline; however few answer is no error. This is the default.
    pub fn all(mut self) -> Self {
        self.enough = None;
        self
    }

    /// How long it waits for answers. Handlers that have begun are not killed then, other than with an ask. Default: 30 seconds;
    /// [`Duration::MAX`] is no limit.
    #[doc(alias = "timeout")]
    pub fn within(mut self, deadline: Duration) -> Self {
        self.within = deadline;
        self
    }

    /// The lane in which it travels. Default: [`Priority::Normal`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// How much the copies may take, all of them together with all that is sent on their behalf: a [`Budget`](crate::budget::Budget) of
    /// their own, or a [`Purse`] that they share. Never more than what is left to the message that is being handled. Default: that, if
    /// it has a budget, or no limit.
    pub fn budget(mut self, budget: impl Into<Purse>) -> Self {
        self.budget = Some(budget.into().limited());
        self
    }
}

type Outcome<A, R> =
    Result<Gathered<<A as Agent>::Message, R>, ScatterError<<A as Agent>::Message, R>>;

impl<A: Agent<Message: Clone>, R: Send> Scatter<'_, A, R> {
    async fn run(self) -> Outcome<A, R> {
        if let Some(exhausted) = exhausted(self.budget.as_ref(), self.core.clock) {
            let message = Box::new(self.message);
            return Err(ScatterError::Nobody(RouteError::BudgetExhausted {
                exhausted,
                message,
            }));
        }
        // The agent that asks, if it is one, would wait for its own answer.
        let asker = self.core.asker();
        let mut except: Vec<u64> = asker.into_iter().collect();
        let chosen = self.choose(&mut except);
        let Some(timer) = self.timer().filter(|_| !chosen.is_empty()) else {
            let message = Box::new(self.message);
            let why = |number| (asker == Some(number)).then_some(PassedOver::Asker);
            let error = no_candidate(self.core, why, Duration::ZERO, message);
            return Err(ScatterError::Nobody(error));
        };
        let mut gathering = Gathering::<A, R> {
            since: Moment::now(),
            reply: self.reply,
            answers: Vec::new(),
            failed: Vec::new(),
            missing: BTreeMap::new(),
        };
        if self.enough.is_none_or(|enough| chosen.len() >= enough) {
            let answers = self.send(chosen, except, &mut gathering);
            let swarm = self.core.swarm_address();
            gathering.gather(swarm, answers, self.enough, timer).await;
        } else {
            let ids = chosen.iter().map(|candidate| candidate.id());
            gathering.missing.extend(ids.map(|id| (id.number(), id)));
        }
        gathering.finish(self.enough)
    }

    /// By the supervisors' timers: those of the agents can be stopped by handlers that never await. None if the swarm has ended.
    fn timer(&self) -> Option<Sleep> {
        let swarm = self.core.swarm.upgrade()?;
        let _entered = swarm.timers().enter();
        Some(tokio::time::sleep(self.within))
    }

    /// Whom it is sent to. Whoever was chosen is not chosen again.
    fn choose(&self, except: &mut Vec<u64>) -> VecDeque<Arc<Candidate>> {
        if let Some(count) = self.to {
            let choice = || self.choose_one(except);
            return std::iter::from_fn(choice).take(count).collect();
        }
        let mut everybody = self.core.everybody();
        everybody.retain(|candidate| !except.contains(&candidate.id().number()));
        let (mut fit, mut last_resort) = (VecDeque::new(), VecDeque::new());
        for candidate in everybody {
            match candidate.fitness() {
                Fitness::Fit => fit.push_back(candidate),
                Fitness::LastResort(_) => last_resort.push_back(candidate),
                Fitness::Unfit(_) => {}
            }
        }
        if fit.is_empty() { last_resort } else { fit }
    }

    fn choose_one(&self, except: &mut Vec<u64>) -> Option<Arc<Candidate>> {
        let candidate = self.core.choose(None, except)?;
        except.push(candidate.id().number());
        Some(candidate)
    }

    /// Offers each a copy, without waiting for room.
    fn send(
        &self,
        mut chosen: VecDeque<Arc<Candidate>>,
        mut except: Vec<u64>,
        gathering: &mut Gathering<A, R>,
    ) -> Vec<(AgentId, Awaited<A::Reply>)> {
        let mut answers = Vec::with_capacity(chosen.len());
        while let Some(candidate) = chosen.pop_front() {
            let agent = candidate.id();
            match self.offer(&candidate) {
                Ok(answer) => {
                    gathering.missing.insert(agent.number(), agent);
                    answers.push((agent, answer));
                }
                Err(error) => {
                    gathering.failed.push((agent, error));
                    if self.to.is_some() {
                        chosen.extend(self.choose_one(&mut except));
                    }
                }
            }
        }
        answers
    }

    fn offer(&self, candidate: &Candidate) -> Result<Awaited<A::Reply>, AskError<A::Message>> {
        let agent = candidate.id();
        let Some(port) = candidate.port::<A>() else {
            return Err(AskError::Stopped { agent });
        };
        let mut parcel =
            Parcel::on_behalf(self.message.clone(), self.priority, self.budget.clone());
        let (reply, answer) = ReplyTo::channel(parcel.budget_ends());
        parcel.set_reply(reply);
        let mut slot = Some(parcel);
        let offered = port.offer(&mut slot);
        match (offered, slot) {
            (Err(refusal), Some(parcel)) => Err(AskError::Refused(TellError {
                agent,
                refusal,
                message: Box::new(parcel.message.into_sole()),
            })),
            _ => Ok(answer),
        }
    }
}

/// What has been answered so far.
struct Gathering<A: Agent, R> {
    since: Moment,
    reply: fn(A::Reply) -> Option<R>,
    answers: Vec<(AgentId, R)>,
    failed: Vec<(AgentId, AskError<A::Message>)>,
    /// By number.
    missing: BTreeMap<u64, AgentId>,
}

impl<A: Agent, R> Gathering<A, R> {
    /// Until there are enough, or there cannot be enough any more, or the time is over.
    async fn gather(
        &mut self,
        swarm: usize,
        answers: Vec<(AgentId, Awaited<A::Reply>)>,
        enough: Option<usize>,
        timer: Sleep,
    ) {
        let mut timer = pin!(timer);
        let waiting = answers
            .into_iter()
            // Among others, so that none of them is all that the asker waits for.
            .map(async |(agent, mut answer)| {
                let whom = Whom::number(agent.number());
                let answer = poll_fn(|cx| answer.poll(swarm, whom, cx)).await;
                (agent, answer)
            });
        let mut waiting: FuturesUnordered<_> = waiting.collect();
        loop {
            let there = self.answers.len();
            if enough.is_some_and(|enough| there >= enough || there + waiting.len() < enough) {
                return;
            }
            tokio::select! {
                biased;
                answered = waiting.next() => match answered {
                    Some((agent, answer)) => self.note(agent, answer),
                    None => return,
                },
                () = &mut timer => return,
            }
        }
    }

    fn note(&mut self, agent: AgentId, answer: Result<Answer<A::Reply>, Silence>) {
        self.missing.remove(&agent.number());
        match conclude::<A, R>(agent, answer, self.reply, self.since) {
            Ok(answer) => self.answers.push((agent, answer)),
            Err(error) => self.failed.push((agent, error)),
        }
    }

    fn finish(self, enough: Option<usize>) -> Outcome<A, R> {
        let gathered = Gathered {
            answers: self.answers,
            failed: self.failed,
            missing: self.missing.into_values().collect(),
        };
        match enough {
            Some(wanted) if gathered.answers.len() < wanted => {
                Err(ScatterError::Short { wanted, gathered })
            }
            _ => Ok(gathered),
        }
    }
}

impl<'a, A, R> IntoFuture for Scatter<'a, A, R>
where
    A: Agent<Message: Clone>,
    R: Send + 'a,
{
    type Output = Outcome<A, R>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<A: Agent, R> fmt::Debug for Scatter<'_, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scatter")
            .field("to", &self.to)
            .field("enough", &self.enough)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

// By hand, so that messages and answers need no `Debug` and do not end up in logs.
impl<M, R> fmt::Debug for Gathered<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answered: Vec<_> = self.answers.iter().map(|(agent, _)| agent).collect();
        f.debug_struct("Gathered")
            .field("answered", &answered)
            .field("failed", &self.failed)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

impl<M, R> fmt::Debug for ScatterError<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScatterError({self})")
    }
}
