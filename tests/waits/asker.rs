//! An agent that asks others.

use std::sync::{Arc, OnceLock};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ractor_agents::agent::{Agent, AgentId, AgentRef, AskError, Context, Failure};
use ractor_agents::routing::{RouteError, Router};
use tests::{Gate, Log, ms};
use tokio::sync::Barrier;
use tokio::time::{sleep, timeout};

/// An agent that asks others, as its messages say. All that are made of one share what they know.
#[derive(Clone, Default)]
pub struct Asker {
    known: Arc<OnceLock<Vec<AgentRef<Asker>>>>,
    /// Where [`How::Routed`] asks.
    pub router: Arc<OnceLock<Router<Asker>>>,
    /// Where an errand without an end waits.
    pub gate: Gate,
    /// Those who were told that they would wait for themselves, and the circles.
    pub told: Log<(AgentId, Vec<AgentId>)>,
    /// What came of asking otherwise, if it was not an answer.
    pub failed: Log<String>,
}

/// Goes from agent to agent, each asking the next. The answer is what the first of them got.
#[derive(Clone)]
pub struct Errand {
    route: Vec<(usize, How)>,
    end: End,
}

/// What the last agent of an errand does.
#[derive(Clone)]
pub enum End {
    /// Nothing.
    Answer,
    /// Wait at the gate.
    Wait,
    /// Tell itself another errand, and answer.
    Then(Box<Errand>),
}

/// How an agent waits for its answer.
#[derive(Clone)]
pub enum How {
    /// For nothing else.
    Plainly,
    /// By way of the router.
    Routed,
    /// After everybody is there.
    Together(Arc<Barrier>),
    /// Until the time of its patience is over.
    Patiently(u64),
    /// For so long, with `timeout`.
    Timeout(u64),
    /// For so long, with `select!`.
    Select(u64),
    /// And for the first one's answer to a message that waits at the gate.
    Join(usize),
    /// In a `FuturesUnordered` of one, with so much patience.
    Unordered(u64),
    /// In a task of its own, with so much patience.
    Spawned(u64),
    /// For so long, then a task of its own waits on for as long again while the handler waits at the gate.
    Background(u64),
    /// For so long with `timeout`, and then plainly.
    Twice(u64),
}

/// What an agent got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer.
    Answered,
    /// None, since it would have waited for itself.
    Deadlock,
    /// None.
    Failed,
}

impl Errand {
    /// One that goes to each in turn, plainly.
    pub fn of(route: &[usize]) -> Self {
        Self::via(route.iter().map(|to| (*to, How::Plainly)))
    }

    /// One that goes to each in turn, each waiting as is said.
    pub fn via(route: impl IntoIterator<Item = (usize, How)>) -> Self {
        Self {
            route: route.into_iter().collect(),
            end: End::Answer,
        }
    }

    /// The same with another end.
    pub fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }
}

impl Asker {
    /// Has all of them know each other.
    pub fn meet(&self, askers: &[AgentRef<Self>]) {
        assert!(self.known.set(askers.to_vec()).is_ok(), "they have met");
    }

    fn note(&self, who: AgentId, asked: Result<Outcome, AskError<Errand>>) -> Outcome {
        match asked {
            Ok(_) => Outcome::Answered,
            Err(AskError::Deadlock { cycle, .. }) => {
                self.told.push((who, cycle));
                Outcome::Deadlock
            }
            Err(error) => {
                self.failed.push(error.to_string());
                Outcome::Failed
            }
        }
    }

    async fn ask(&self, who: AgentId, to: usize, how: How, errand: Errand) -> Outcome {
        let known = self.known.get().expect("they have met");
        let to = &known[to];
        let asked = match how {
            How::Plainly => to.ask(errand).await,
            How::Routed => {
                let router = self.router.get().expect("there is a router");
                match router.ask(errand).await {
                    Err(RouteError::Failed(error)) => Err(error),
                    Ok(outcome) => Ok(outcome),
                    Err(error) => panic!("{error}"),
                }
            }
            How::Together(barrier) => {
                barrier.wait().await;
                to.ask(errand).await
            }
            How::Patiently(millis) => to.ask(errand).patience(ms(millis)).await,
            How::Timeout(millis) => match timeout(ms(millis), to.ask(errand)).await {
                Ok(asked) => asked,
                Err(_) => return Outcome::Failed,
            },
            How::Select(millis) => tokio::select! {
                asked = to.ask(errand) => asked,
                () = sleep(ms(millis)) => return Outcome::Failed,
            },
            How::Join(other) => {
                let wait = Errand::of(&[]).end(End::Wait);
                let (asked, other) = tokio::join!(to.ask(errand), known[other].ask(wait));
                assert!(other.is_ok());
                asked
            }
            How::Unordered(millis) => {
                let ask = to.ask(errand).patience(ms(millis));
                let mut asks: FuturesUnordered<_> = [ask].into_iter().collect();
                asks.next().await.expect("there is one")
            }
            How::Spawned(millis) => {
                let to = to.clone();
                let ask = async move { to.ask(errand).patience(ms(millis)).await };
                let asking = tokio::spawn(ask);
                asking.await.expect("it does not panic")
            }
            How::Background(millis) => {
                let to = to.clone();
                let patience = ms(2 * millis);
                let mut asking = Box::pin(async move { to.ask(errand).patience(patience).await });
                tokio::select! {
                    biased;
                    asked = &mut asking => asked,
                    () = sleep(ms(millis)) => {
                        let asking = tokio::spawn(asking);
                        self.gate.pass().await;
                        asking.await.expect("it does not panic")
                    }
                }
            }
            How::Twice(millis) => {
                let first = timeout(ms(millis), to.ask(errand.clone()));
                assert!(first.await.is_err(), "nobody answers that one");
                to.ask(errand).await
            }
        };
        self.note(who, asked)
    }
}

impl Agent for Asker {
    type Message = Errand;
    type Reply = Outcome;

    async fn handle(&mut self, errand: &Errand, ctx: &Context<Self>) -> Result<Outcome, Failure> {
        let mut route = errand.route.clone();
        if !route.is_empty() {
            let (to, how) = route.remove(0);
            let end = errand.end.clone();
            let rest = Errand { route, end };
            return Ok(self.ask(ctx.id(), to, how, rest).await);
        }
        match &errand.end {
            End::Answer => {}
            End::Wait => self.gate.pass().await,
            End::Then(next) => {
                let told = ctx.agent().try_tell((**next).clone());
                assert!(told.is_ok(), "there is room");
            }
        }
        Ok(Outcome::Answered)
    }
}
