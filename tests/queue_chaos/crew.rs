//! Those who work: producers, consumers, agents.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ractor_agents::prelude::*;
use ractor_agents::queue::{Backoff, Binding, Delivery, Error, Queue, Selection};
use ractor_agents::swarm::Swarm;
use supervisors::Intensity;
use tests::{ms, secs};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::Result;
use crate::books::{Books, Event};
use crate::place;

/// What is sent: 200 bytes.
pub type Message = Vec<u8>;

/// How many of each there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    pub producers: u32,
    /// Who lease by themselves, and know what was answered to them.
    pub consumers: u32,
    /// The same, but that they rest in between: they are there to see whether acknowledged messages come back.
    pub auditors: u32,
    /// Agents on the queue, which leave acknowledging to their couriers.
    pub agents: u32,
}

impl Roles {
    pub const ALL: Self = Self {
        producers: PRODUCERS,
        consumers: 4,
        auditors: 0,
        agents: 8,
    };

    /// Nearly all of the work is the agents'.
    pub const AGENTS: Self = Self {
        consumers: 0,
        auditors: 1,
        ..Self::ALL
    };

    pub const HANDLERS: Self = Self {
        producers: 0,
        ..Self::ALL
    };
}

const PRODUCERS: u32 = 8;

/// What a handler waits for, so that it can be killed at work.
const WORK: Duration = ms(1);

/// What an auditor waits for between two messages.
const REST: Duration = ms(50);

/// How long it may take until nothing is left in the end.
const DRAINED_WITHIN: Duration = secs(60);

/// Everybody in this process.
pub struct Crew {
    pub swarm: Swarm,
    pub queue: Queue<Message>,
    pub agents: Vec<AgentRef<Worker>>,
    books: Books,
    hands: JoinSet<Result>,
    /// Nobody sends any more.
    is_sent: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

/// What was left in the end.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// Dead letters that had to be redriven.
    pub dead: usize,
    pub stuck: usize,
}

impl Crew {
    /// Opens the queue of that name at `address`, and begins.
    pub async fn start(address: &str, name: &str, roles: Roles, books: &Books) -> Result<Self> {
        let broker = place::broker(address)?;
        let swarm = Swarm::builder().build()?;
        let queue = swarm
            .queue::<Message>(name)
            .on_shared(broker)
            // Short, so that what was on lease with whoever died comes back soon.
            .lease(secs(2))
            .backoff(Backoff {
                base: ms(10),
                cap: ms(100),
            })
            .await?;
        let mut crew = Self {
            agents: Vec::new(),
            books: books.clone(),
            hands: JoinSet::new(),
            is_sent: Arc::default(),
            is_over: Arc::default(),
            swarm,
            queue,
        };
        for _ in 0..roles.producers {
            crew.hands.spawn(produce(crew.hand(), tick()));
        }
        for _ in 0..roles.consumers {
            crew.hands.spawn(consume(crew.hand(), Duration::ZERO));
        }
        for _ in 0..roles.auditors {
            crew.hands.spawn(consume(crew.hand(), REST));
        }
        let workers = vec![Worker(books.clone()); roles.agents as usize];
        crew.agents = crew
            .swarm
            .spawn_many(workers)
            .queue(Binding::from(&crew.queue).prefetch(8))
            // They are killed more often than an agent that is any good.
            .intensity(Intensity::new(1_000_000, secs(1)))
            .restart_backoff(supervisors::Backoff::new(ms(1), ms(20)))
            .await?;
        Ok(crew)
    }

    fn hand(&self) -> Hand {
        Hand {
            queue: self.queue.clone(),
            books: self.books.clone(),
            is_sent: Arc::clone(&self.is_sent),
            is_over: Arc::clone(&self.is_over),
        }
    }

    /// Works until the process is killed, or something fails that must not.
    pub async fn work(mut self) -> Result {
        match self.hands.join_next().await {
            Some(ended) => ended?,
            None => std::future::pending().await,
        }
    }

    /// How much each agent has handled.
    pub fn shares(&self) -> Vec<u64> {
        let shares = self.agents.iter().map(|agent| agent.accounting().handled);
        shares.collect()
    }

    /// So many send, and so many lease, all at the same time. Returns when all have been answered.
    pub async fn crowd(&self, count: usize) -> Result {
        let mut crowd: JoinSet<Result> = JoinSet::new();
        for _ in 0..count {
            let (sends, leases) = (self.hand(), self.hand());
            crowd.spawn(async move { sends.send().await });
            crowd.spawn(async move { leases.take(secs(1)).await.map(drop) });
        }
        while let Some(ended) = crowd.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// Nobody sends any more; everything that is left is handled, dead letters too. Whoever failed in a way that must not be is told of here.
    pub async fn finish(mut self) -> Result<Left> {
        self.is_sent.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        let mut dead = 0;
        let mut empty = 0;
        // A server may count a little late.
        while empty < 3 && begun.elapsed() < DRAINED_WITHIN {
            let Ok(stats) = self.queue.stats().await else {
                empty = 0;
                continue;
            };
            if stats.dead > 0 {
                dead += self.queue.redrive(Selection::all()).await?;
            }
            empty = if stats.count() + stats.dead == 0 {
                empty + 1
            } else {
                0
            };
            // The others work meanwhile, and tell nobody.
            sleep(ms(20)).await;
        }
        let stats = self.queue.stats().await?;
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.hands.join_next().await {
            ended??;
        }
        self.swarm.shutdown(secs(5)).await;
        Ok(Left {
            dead,
            stuck: stats.count() + stats.dead,
        })
    }
}

/// How long a producer waits between two messages.
fn tick() -> Duration {
    let rate =
        std::env::var("QUEUE_CHAOS_RATE").map_or(400, |rate| rate.parse().expect("a number"));
    secs(PRODUCERS.into()) / rate
}

#[derive(Clone)]
struct Hand {
    queue: Queue<Message>,
    books: Books,
    is_sent: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

async fn produce(hand: Hand, tick: Duration) -> Result {
    let mut ticks = interval(tick);
    // What could not be sent in time is not made up for: the rate afterwards is to be that of before.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !hand.is_sent.load(Ordering::Relaxed) {
        ticks.tick().await;
        hand.send().await?;
    }
    Ok(())
}

async fn consume(hand: Hand, rest: Duration) -> Result {
    while !hand.is_over.load(Ordering::Relaxed) {
        hand.take(ms(200)).await?;
        sleep(rest).await;
    }
    Ok(())
}

impl Hand {
    /// What may fail: by then the message is sent again under another name, so nobody has to know what became of this one.
    async fn send(&self) -> Result {
        match self.queue.enqueue(&vec![7; 200]).await {
            Ok(receipt) => self.books.note(Event::Sent(receipt.id.as_u128())),
            Err(error) => self.trouble(error).await?,
        }
        Ok(())
    }

    async fn take(&self, wait: Duration) -> Result {
        let delivery = match self.queue.lease().wait(wait).await {
            Ok(Some(delivery)) => delivery,
            Ok(None) => return Ok(()),
            Err(error) => return self.trouble(error).await,
        };
        self.handle(&delivery).await
    }

    async fn handle(&self, delivery: &Delivery<Message>) -> Result {
        let (id, fence) = (delivery.id().as_u128(), delivery.fence());
        self.books.note(Event::Came(id, fence));
        sleep(WORK).await;
        self.books.note(Event::Handled(id));
        match delivery.ack().await {
            Ok(()) => self.books.note(Event::Done(id, fence)),
            Err(error) => self.trouble(error).await?,
        }
        Ok(())
    }

    async fn trouble(&self, error: Error) -> Result {
        let kind = match &error {
            Error::Unknown(_) => "unknown",
            Error::Disconnected(_) => "disconnected",
            Error::Stale(_) => "stale",
            Error::Full(_) => "full",
            _ => return Err(error.into()),
        };
        self.books.note(Event::Trouble(kind.into()));
        // As whoever calls a server that is away should.
        sleep(ms(5)).await;
        Ok(())
    }
}

/// An agent on the queue.
#[derive(Clone)]
pub struct Worker(Books);

impl Agent for Worker {
    type Message = Message;
    type Reply = ();

    async fn handle(
        &mut self,
        _: &Message,
        ctx: &Context<Self>,
    ) -> std::result::Result<(), Failure> {
        let claim = ctx
            .claim()
            .ok_or_else(|| Failure::new("it came by another way"))?;
        let (id, fence) = (claim.id().as_u128(), claim.fence());
        self.0.note(Event::Came(id, fence));
        sleep(WORK).await;
        self.0.note(Event::Handled(id));
        Ok(())
    }
}
