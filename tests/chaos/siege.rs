//! A swarm at work, and somebody who kills.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ractor::{ActorCell, ActorStatus};
use ractor_agents::agent::{AgentRef, Status};
use ractor_agents::mailbox::Accounting;
use ractor_agents::supervision::{Backoff, Intensity, Kind, Node, Tree};
use ractor_agents::swarm::{Builder, Swarm};
use tests::{Log, Random, ms, secs};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::agent::Scribe;

const AGENTS: u64 = 24;
const SENDERS: u64 = 4;
/// How long anything may take that has to come to an end by itself.
const FOREVER: Duration = Duration::from_secs(120);

/// What is done to a swarm.
pub(crate) struct Siege {
    pub(crate) swarm: Builder,
    pub(crate) lasts: Duration,
    pub(crate) between_kills: Duration,
    /// Whether agents now and then hold their thread up.
    pub(crate) blocks: bool,
    pub(crate) random: Random,
}

/// What senders and killers share.
struct Field {
    agents: Vec<AgentRef<Scribe>>,
    is_over: AtomicBool,
    sent: AtomicU64,
    answered: AtomicU64,
}

impl Siege {
    /// Lays siege, looks what is left, and returns figures.
    pub(crate) async fn lay(mut self) -> String {
        let tasks = Handle::current().metrics().num_alive_tasks();
        let swarm = self.swarm.clone().build().expect("a swarm");
        let (log, field) = self.found(&swarm).await;
        let mut senders = JoinSet::new();
        for sender in 0..SENDERS {
            let (field, random) = (Arc::clone(&field), self.random.fork());
            senders.spawn(send(field, sender, random));
        }
        let kills = self.kill(&swarm).await;
        field.is_over.store(true, Ordering::Relaxed);
        let accepted = timeout(FOREVER, senders.join_all()).await;
        let accepted: HashSet<u64> = accepted
            .unwrap_or_else(|_| panic!("senders or askers are left: {:?}", stuck(&field)))
            .concat()
            .into_iter()
            .collect();
        settle(&swarm).await;

        let messages = swarm.status().messages;
        assert!(messages.balances(), "{messages:?}");
        let handled: HashSet<u64> = log.all().into_iter().collect();
        let lost: Vec<&u64> = accepted.difference(&handled).collect();
        assert!(
            lost.is_empty(),
            "{} lost, {lost:?}, {messages:?}",
            lost.len()
        );
        assert_eq!(messages.failed, 0, "{messages:?}");
        let restarts = swarm.status().restarts;

        let everybody = actors(&swarm.tree());
        assert!(everybody.len() as u64 > AGENTS, "{everybody:?}");
        let report = timeout(FOREVER, swarm.shutdown(secs(10))).await;
        let report = report.expect("the shutdown comes to an end");
        assert!(report.is_clean(), "{report:?}");
        drop(swarm);
        drop(field);
        nothing_is_left(tasks).await;
        has_ended(everybody).await;
        format!("{kills} kills, {restarts} restarts of agents, {messages:?}")
    }

    async fn found(&self, swarm: &Swarm) -> (Log<u64>, Arc<Field>) {
        let log = Log::default();
        let scribes = (0..AGENTS).map(|_| Scribe {
            log: Log::clone(&log),
            blocks: self.blocks,
        });
        let agents = swarm
            .spawn_many(scribes)
            .attempts(u16::MAX)
            .intensity(Intensity::new(1_000_000, secs(1)))
            .restart_backoff(Backoff::NONE)
            .await
            .expect("they start");
        let field = Field {
            agents,
            is_over: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            answered: AtomicU64::new(0),
        };
        (log, Arc::new(field))
    }

    /// Kills a random actor again and again; returns how many.
    async fn kill(&mut self, swarm: &Swarm) -> usize {
        let mut kills = 0;
        let begun = Instant::now();
        while begun.elapsed() < self.lasts {
            sleep(self.between_kills).await;
            kills += usize::from(self.kill_one(&swarm.tree()));
        }
        kills
    }

    /// False if there is no such actor just now.
    fn kill_one(&mut self, tree: &Tree) -> bool {
        // Supervisors are few, so that they are chosen half of the time.
        let is_agent = self.random.once_in(2);
        let is_victim = |node: &&Node| (node.kind == Kind::Worker) == is_agent;
        let victims: Vec<&Node> = tree.nodes().iter().filter(is_victim).collect();
        if !is_agent && self.random.once_in(victims.len() as u64 + 1) {
            return clock(tree).is_some_and(|clock| {
                clock.kill();
                true
            });
        }
        self.random.one_of(&victims).kill()
    }
}

/// The clock of the supervisors, which is no part of the swarm's tree, but hangs beside it.
fn clock(tree: &Tree) -> Option<ActorCell> {
    let root = tree.get("/")?.cell.as_ref()?;
    let beside = root.try_get_supervisor()?.get_children();
    beside
        .into_iter()
        .find(|actor| actor.get_id() != root.get_id())
}

/// Everybody who runs now, the clock among them.
fn actors(tree: &Tree) -> Vec<ActorCell> {
    let nodes = tree.nodes().iter();
    nodes
        .filter_map(|node| node.cell.clone())
        .chain(clock(tree))
        .collect()
}

/// Tells and asks until it is over; returns what was accepted.
async fn send(field: Arc<Field>, sender: u64, mut random: Random) -> Vec<u64> {
    let mut accepted = Vec::new();
    let mut asks: JoinSet<Option<u64>> = JoinSet::new();
    for number in 0.. {
        if field.is_over.load(Ordering::Relaxed) {
            break;
        }
        let id = sender << 40 | number;
        field.sent.fetch_add(1, Ordering::Relaxed);
        let to = random.one_of(&field.agents).clone();
        if random.once_in(4) {
            let field = Arc::clone(&field);
            asks.spawn(async move {
                let answer = to.ask(id).await.ok()?;
                field.answered.fetch_add(1, Ordering::Relaxed);
                Some(answer)
            });
        } else {
            to.tell(id).await.expect("no agent ends");
            accepted.push(id);
        }
        if asks.len() >= 64 {
            let answer = asks.join_next().await.expect("there are some");
            accepted.extend(answer.expect("no panic"));
        }
        if random.once_in(8) {
            sleep(ms(1)).await;
        }
    }
    accepted.extend(asks.join_all().await.into_iter().flatten());
    accepted
}

/// The agents that do not wait for work, with what waits for them.
fn stuck(field: &Field) -> Vec<(AgentRef<Scribe>, Status, Accounting)> {
    let agents = field.agents.iter();
    agents
        .map(|agent| (agent.clone(), agent.status(), agent.accounting()))
        .filter(|(_, status, _)| *status != Status::Idle)
        .collect()
}

/// Waits until everything is handled and everybody is back. The sleep is real where time is.
async fn settle(swarm: &Swarm) {
    let begun = Instant::now();
    loop {
        let status = swarm.status();
        if status.count_of(Status::Idle) as u64 == AGENTS {
            return;
        }
        assert!(
            begun.elapsed() < FOREVER,
            "work is left: {status:?}, {}",
            swarm.tree()
        );
        sleep(ms(5)).await;
    }
}

/// Waits until all actors have ended: those of the supervisors' own runtime end with it, which nobody waits for.
async fn has_ended(mut actors: Vec<ActorCell>) {
    let begun = Instant::now();
    while !actors.is_empty() {
        actors.retain(|actor| actor.get_status() != ActorStatus::Stopped);
        assert!(begun.elapsed() < secs(10), "actors are left: {actors:?}");
        sleep(ms(5)).await;
    }
}

/// Waits until as few tasks are alive as before the swarm. The sleep is real where time is.
async fn nothing_is_left(before: usize) {
    let begun = Instant::now();
    loop {
        let now = Handle::current().metrics().num_alive_tasks();
        if now <= before {
            return;
        }
        assert!(
            begun.elapsed() < secs(10),
            "{} tasks are left",
            now - before
        );
        sleep(ms(5)).await;
    }
}
