//! What a router's handles, its actor and the messages on their way share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::candidate::Fitness;
use super::failover::Strand;
use super::ring::Ring;
use super::source::{By, Source};
use super::strategy::{Candidates, random_place};
use super::table::{Seating, Table};
use super::{Candidate, Considered, Explanation, PassedOver, Strategy};
use crate::agent::{AgentId, Current};
use crate::mailbox::Standing;
use crate::message::Clock;
use crate::swarm::{Inner, Member};

/// What a router's handles, its actor and the messages on their way share. It outlives the actor.
pub(crate) struct Core {
    pub(super) swarm: Weak<Inner>,
    /// From 1; messages carry it.
    pub(super) number: u32,
    pub(super) clock: Clock,
    pub(super) source: Source,
    pub(super) rules: Rules,
    strategy: ArcSwap<Box<dyn Strategy>>,
    snapshot: ArcSwap<Snapshot>,
    /// Changed by the actor, and by hand where members are named.
    seating: Mutex<Seating>,
    /// Messages whose agent has ended.
    pub(super) stranded: Strand,
    /// No handle is left: the actor may end.
    pub(super) is_abandoned: AtomicBool,
    pub(super) abandoned: Notify,
}

/// What to do where things are not as one would wish.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) when_full: WhenFull,
    pub(super) when_nobody: WhenNobody,
}

/// What a router does about a lane that is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// It takes another agent; where all are full it waits for room at the first it had chosen, or for somebody who is not even
    /// overloaded any more, whichever comes first.
    #[default]
    Skip,
    /// It waits for room at the one it has chosen.
    Wait,
}

/// What a router does where nobody can be given a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenNobody {
    /// It waits so long for somebody, then fails, and gives the message back.
    Wait(Duration),
    /// It waits so long for somebody, then puts the message to the swarm's [dead letters](crate::dead_letter), and says so. Messages whose
    /// agent has ended, which have nobody to be given back to, wait as long.
    DeadLetter(Duration),
    /// It fails at once, and gives the message back.
    Fail,
}

/// At how many candidates a message looks again that waits in line. Source: a guess.
const LOOKS: usize = 64;

/// Who there is, and where keys belong among them.
struct Snapshot {
    table: Table,
    ring: OnceLock<Ring>,
}

impl Snapshot {
    fn of(table: Table) -> Arc<Self> {
        Arc::new(Self {
            table,
            ring: OnceLock::new(),
        })
    }
}

impl Core {
    pub(super) fn new(
        swarm: &Arc<Inner>,
        source: Source,
        rules: Rules,
        strategy: Box<dyn Strategy>,
    ) -> Arc<Self> {
        Arc::new(Self {
            number: swarm.next_router(),
            clock: swarm.clock(),
            swarm: Arc::downgrade(swarm),
            source,
            rules,
            strategy: ArcSwap::from_pointee(strategy),
            snapshot: ArcSwap::new(Snapshot::of(Table::default())),
            seating: Mutex::default(),
            stranded: Strand::default(),
            is_abandoned: AtomicBool::new(false),
            abandoned: Notify::new(),
        })
    }

    /// Tells its swarm apart from others, for as long as it lives.
    pub(super) fn swarm_address(&self) -> usize {
        self.swarm.as_ptr() as usize
    }

    /// The number of the agent whose work the current task is, if it is one of this swarm.
    pub(super) fn asker(&self) -> Option<u64> {
        Current::agent_of(self.swarm_address()).map(|agent| agent.number())
    }

    pub(super) fn set_strategy(&self, strategy: Box<dyn Strategy>) {
        self.strategy.store(Arc::new(strategy));
    }

    pub(super) fn strategy_name(&self) -> &'static str {
        self.strategy.load().name()
    }

    pub(super) fn len(&self) -> usize {
        self.snapshot.load().table.len()
    }

    pub(super) fn everybody(&self) -> Vec<Arc<Candidate>> {
        self.snapshot.load().table.iter().cloned().collect()
    }

    pub(super) fn ids(&self) -> Vec<AgentId> {
        let snapshot = self.snapshot.load();
        let candidates = snapshot.table.iter();
        candidates.map(|candidate| candidate.id()).collect()
    }

    /// Chooses somebody for a message, but none of `except`.
    #[inline]
    pub(super) fn choose(&self, key: Option<&str>, except: &[u64]) -> Option<Arc<Candidate>> {
        self.choose_by(key, except, |strategy, candidates| {
            strategy.choose(candidates)
        })
    }

    /// Who would be chosen now, if that does not change it.
    fn foresee(&self, key: Option<&str>) -> Option<Arc<Candidate>> {
        self.choose_by(key, &[], |strategy, candidates| {
            strategy.foresee(candidates)
        })
    }

    #[inline]
    fn choose_by(
        &self,
        key: Option<&str>,
        except: &[u64],
        by: impl Fn(&dyn Strategy, &Candidates<'_>) -> Option<usize>,
    ) -> Option<Arc<Candidate>> {
        let snapshot = self.snapshot.load();
        if let Some(key) = key {
            return snapshot.owner(key, except).map(Arc::clone);
        }
        let strategy = self.strategy.load();
        let candidates = Candidates::new(&snapshot.table, except);
        let strategy = &***strategy;
        let place =
            by(strategy, &candidates).or_else(|| by(strategy, &candidates.with_last_resort()))?;
        snapshot.table.get(place).map(Arc::clone)
    }

    /// Whether somebody is fit without reserve, of up to 64 who are looked at.
    pub(super) fn has_fit(&self) -> bool {
        let snapshot = self.snapshot.load();
        let candidates = Candidates::new(&snapshot.table, &[]);
        let len = candidates.len();
        let first = if len > LOOKS { random_place(len) } else { 0 };
        let mut places = (first..first + LOOKS.min(len)).map(|place| place % len);
        places.any(|place| candidates.fit(place).is_some())
    }

    /// Whom a message would go to, and why not to the others.
    pub(super) fn explain(&self, key: Option<&str>) -> Explanation {
        let chosen = self.foresee(key).map(|candidate| candidate.id());
        self.explain_choice(chosen, key, |_| None)
    }

    /// Why it was `chosen`; `why_not` is why an agent is passed over, whatever its state.
    pub(super) fn explain_choice(
        &self,
        chosen: Option<AgentId>,
        key: Option<&str>,
        why_not: impl Fn(u64) -> Option<PassedOver>,
    ) -> Explanation {
        let snapshot = self.snapshot.load();
        let strategy = self.strategy.load();
        let considered = |candidate: &Arc<Candidate>| {
            let id = candidate.id();
            let passed_over = match (why_not(id.number()), candidate.fitness()) {
                _ if chosen == Some(id) => None,
                (Some(why), _) | (None, Fitness::Unfit(why) | Fitness::LastResort(why)) => {
                    Some(why)
                }
                (None, Fitness::Fit) => Some(PassedOver::Outscored),
            };
            let is_in_question = matches!(passed_over, None | Some(PassedOver::Outscored));
            Considered {
                agent: id,
                score: is_in_question.then(|| strategy.score(candidate)),
                load: candidate.load(),
                passed_over,
            }
        };
        let mut explanation = Explanation {
            asked: self.source.to_string(),
            strategy: key.map_or(strategy.name(), |_| "its key"),
            chosen,
            considered: snapshot.table.iter().map(considered).collect(),
        };
        explanation.considered.extend(self.not_admitted());
        explanation.sort();
        explanation
    }

    /// Those who have what is asked for by its name, and are none of the candidates all the same.
    fn not_admitted(&self) -> Vec<Considered> {
        let Some(swarm) = self.swarm.upgrade() else {
            return Vec::new();
        };
        let suspects = self.source.suspects(&swarm.index).into_iter();
        suspects
            .filter_map(|member| {
                let why = self.source.admits(&*member).err()?;
                Some(Considered {
                    agent: member.id(),
                    score: None,
                    load: member.load(),
                    passed_over: Some(why),
                })
            })
            .collect()
    }

    /// Seats those who came and takes away those who left.
    pub(super) fn update(&self, came: &[Arc<dyn Member>], left: &[u64]) {
        self.reseat(|seating| {
            let gone = left.iter().map(|number| seating.remove(*number)).collect();
            let stayed = |member: &&Arc<dyn Member>| !left.contains(&member.id().number());
            for member in came.iter().filter(stayed) {
                if let Ok(cost) = self.source.admits(&**member) {
                    seating.add(Candidate::new(Arc::clone(member), cost, self.clock));
                }
            }
            gone
        });
    }

    /// Seats everybody who is there now, and nobody else.
    pub(super) fn look_round(&self) {
        let Some(swarm) = self.swarm.upgrade() else {
            return;
        };
        let suspects = self.source.suspects(&swarm.index);
        self.reseat(|seating| {
            let numbers = seating.numbers().into_iter();
            let left = numbers.filter(|number| !swarm.index.has(*number));
            let gone = left.map(|number| seating.remove(number)).collect();
            for member in &suspects {
                if !seating.has(member.id().number())
                    && let Ok(cost) = self.source.admits(&**member)
                {
                    seating.add(Candidate::new(Arc::clone(member), cost, self.clock));
                }
            }
            gone
        });
    }

    /// Seats an agent that was named by hand. False if the router goes by something else.
    pub(super) fn add(&self, member: Arc<dyn Member>) -> bool {
        if !matches!(self.source.by, By::Members) || !self.source.understands(&*member) {
            return false;
        }
        self.reseat(|seating| {
            seating.add(Candidate::new(member, 0.0, self.clock));
            Vec::new()
        });
        true
    }

    pub(super) fn remove(&self, number: u64) -> bool {
        if !matches!(self.source.by, By::Members) {
            return false;
        }
        let mut was_there = false;
        self.reseat(|seating| {
            was_there = seating.has(number);
            vec![seating.remove(number)]
        });
        was_there
    }

    /// Changes the table. Those who are gone are dropped outside the lock, since agents may be dropped with them.
    fn reseat(&self, change: impl FnOnce(&mut Seating) -> Vec<Option<Arc<Candidate>>>) {
        let mut seating = self.seating.lock();
        let gone = change(&mut seating);
        let before = self.snapshot.swap(Snapshot::of(seating.publish()));
        drop(seating);
        drop((gone, before));
    }

    /// Whether there is a handle, and a swarm that is not ending.
    pub(super) fn is_open(&self) -> bool {
        let is_abandoned = self.is_abandoned.load(Ordering::Acquire);
        let is_ending = self.swarm.upgrade().is_none_or(|swarm| swarm.is_ending());
        !is_abandoned && !is_ending
    }

    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Release);
        self.abandoned.notify_one();
    }
}

impl Snapshot {
    /// Whose `key` is: as long as that one takes messages it stays so, whatever it has to do. That keeps the messages of a key in
    /// order.
    fn owner(&self, key: &str, except: &[u64]) -> Option<&Arc<Candidate>> {
        let ring = self.ring.get_or_init(|| Ring::of(&self.table));
        ring.places(key).find_map(|place| {
            let candidate = self.table.get(place)?;
            let takes = match candidate.standing() {
                Standing::Ready | Standing::Unresponsive | Standing::Starting | Standing::Down => {
                    true
                }
                Standing::Maintenance | Standing::Stopping | Standing::Offline => false,
            };
            (takes && !except.contains(&candidate.id().number())).then_some(candidate)
        })
    }
}
