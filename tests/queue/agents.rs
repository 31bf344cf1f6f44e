//! Agents whose messages go through a durable queue. Time is real: a queue's disk and its clock are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ractor_agents::agent::AskError;
use ractor_agents::mailbox::{Refusal, ttl};
use ractor_agents::prelude::*;
use ractor_agents::queue::{Backoff, Binding, Cause, Error, Queue, Reason};
use ractor_agents::supervision;
use ractor_agents::swarm::SpawnError;
use serde::{Deserialize, Serialize};
use tests::{Gate, Log, ms, secs};
use tokio::sync::Notify;

use crate::{Result, reopened, swarm};

/// What an agent is to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Job {
    Do(u32),
    FailUpTo(u32),
    Panic,
    Hopeless,
    Wait,
}

/// Notes what it is told and at which attempt.
#[derive(Clone)]
struct Clerk {
    log: Log<(Job, u16)>,
    done: Arc<Notify>,
    gate: Gate,
}

impl Clerk {
    fn new() -> Self {
        Self {
            log: Log::default(),
            done: Arc::default(),
            gate: Gate::default(),
        }
    }

    /// Waits until it was told so much. The time is that of a real disk, so it is generous.
    async fn told(&self, count: usize) -> Vec<(Job, u16)> {
        let enough = async {
            loop {
                let done = self.done.notified();
                if self.log.all().len() >= count {
                    return;
                }
                done.await;
            }
        };
        let told = tokio::time::timeout(secs(20), enough).await;
        assert!(told.is_ok(), "{:?} of {count}", self.log.all());
        self.log.all()
    }
}

impl Agent for Clerk {
    type Message = Job;
    type Reply = ();

    async fn handle(&mut self, job: &Job, ctx: &Context<Self>) -> std::result::Result<(), Failure> {
        let attempt = ctx.attempt().unwrap_or(0);
        self.log.push((*job, attempt));
        self.done.notify_waiters();
        match job {
            Job::Do(_) => Ok(()),
            Job::FailUpTo(attempts) if u32::from(attempt) <= *attempts => {
                Err(Failure::new("not yet").without_restart())
            }
            Job::FailUpTo(_) => Ok(()),
            Job::Panic => tests::panic_quietly("as asked"),
            Job::Hopeless => Err(Failure::new("never").without_restart().without_retry()),
            Job::Wait => {
                self.gate.pass().await;
                Ok(())
            }
        }
    }
}

/// A queue whose retries come soon.
async fn queue(swarm: &Swarm) -> Result<Queue<Job>> {
    let backoff = Backoff {
        base: ms(1),
        cap: ms(5),
    };
    Ok(swarm.queue("jobs").backoff(backoff).await?)
}

/// Waits until the queue has nothing in it but dead letters.
async fn emptied(queue: &Queue<Job>) -> Result {
    let empty = async {
        while queue.stats().await?.count() > 0 {
            // An acknowledgement comes after the handler, at no moment that is told to anybody.
            tokio::time::sleep(ms(2)).await;
        }
        Ok(())
    };
    tokio::time::timeout(secs(20), empty).await?
}

#[tokio::test]
async fn a_message_is_on_disk_handled_and_acknowledged() -> Result {
    let (swarm, _folder) = swarm()?;
    let clerk = Clerk::new();
    let agent = swarm.spawn(clerk.clone()).queue("jobs").await?;
    for number in 0..5 {
        agent.tell(Job::Do(number)).await?;
    }
    let expected: Vec<_> = (0..5).map(|number| (Job::Do(number), 1)).collect();
    assert_eq!(clerk.told(5).await, expected);
    let queue = swarm.queue::<Job>("jobs").await?;
    emptied(&queue).await?;
    let accounting = agent.accounting();
    assert_eq!((accounting.accepted, accounting.handled), (5, 5));
    assert!(swarm.shutdown(secs(5)).await.is_clean());
    Ok(())
}

#[tokio::test]
async fn what_was_not_handled_is_handled_by_the_next_process() -> Result {
    let (first, folder) = swarm()?;
    let clerk = Clerk::new();
    let agent = first.spawn(clerk.clone()).queue("jobs").await?;
    agent.tell(Job::Wait).await?;
    for number in 0..5 {
        agent.tell(Job::Do(number)).await?;
    }
    clerk.told(1).await;
    let report = first.shutdown(ms(10)).await;
    assert_eq!(report.messages.failed, 0, "{:?}", report.messages);

    let second = reopened(&folder)?;
    let clerk = Clerk::new();
    clerk.gate.open();
    let _agent = second.spawn(clerk.clone()).queue("jobs").await?;
    let mut told = clerk.told(6).await;
    told.sort_by_key(|(_, attempt)| *attempt);
    assert_eq!(told.pop(), Some((Job::Wait, 2)), "its attempt was on disk");
    assert!(told.iter().all(|(_, attempt)| *attempt == 1), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn whoever_waits_for_an_answer_is_refused() -> Result {
    let (swarm, _folder) = swarm()?;
    let agent = swarm.spawn(Clerk::new()).queue("jobs").await?;
    let refused = agent.ask(Job::Do(1)).await;
    let Err(AskError::Refused(refused)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refused.refusal, Refusal::OnQueue);
    let refused = agent.try_tell(Job::Do(2)).map_err(|error| error.refusal);
    assert_eq!(refused, Err(Refusal::OnQueue));
    assert_eq!(agent.accounting().accepted, 0);
    Ok(())
}

#[tokio::test]
async fn failures_are_tried_again_by_the_queue_and_are_no_dead_letters_of_the_swarm() -> Result {
    let (swarm, _folder) = swarm()?;
    let queue = queue(&swarm).await?;
    let clerk = Clerk::new();
    let agent = swarm.spawn(clerk.clone()).queue(&queue).await?;
    agent.tell(Job::FailUpTo(2)).await?;
    let told: Vec<_> = clerk
        .told(3)
        .await
        .into_iter()
        .map(|(_, attempt)| attempt)
        .collect();
    assert_eq!(told, [1, 2, 3]);
    emptied(&queue).await?;
    let accounting = agent.accounting();
    assert!(accounting.balances());
    assert_eq!(
        (accounting.handled, accounting.moved, accounting.failed),
        (1, 2, 0)
    );
    assert!(swarm.dead_letters().list().is_empty());
    assert_eq!(queue.stats().await?.dead, 0);
    Ok(())
}

#[tokio::test]
async fn what_is_used_up_or_hopeless_is_a_dead_letter_of_the_queue() -> Result {
    let (swarm, _folder) = swarm()?;
    let queue = queue(&swarm).await?;
    let clerk = Clerk::new();
    let agent = swarm.spawn(clerk.clone()).queue(&queue).attempts(2).await?;
    agent.tell(Job::Panic).await?;
    agent.tell(Job::Hopeless).await?;
    clerk.told(3).await;
    emptied(&queue).await?;
    let mut dead = queue.dead_letters(Default::default(), None, 10).await?;
    dead.sort_by_key(|letter| letter.history.failures.len());
    let reasons: Vec<_> = dead
        .iter()
        .map(|letter| {
            letter
                .history
                .dead
                .as_ref()
                .map(|death| (death.reason.clone(), death.attempts))
        })
        .collect();
    let hopeless = Reason::rejected("the handler failed: never");
    assert_eq!(reasons, [Some((hopeless, 1)), Some((Reason::Exhausted, 2))]);
    let causes = &dead[1].history.failures;
    assert!(
        causes
            .iter()
            .all(|failure| failure.cause == Cause::failed("the handler panicked")),
        "{causes:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_killed_agent_goes_on_with_what_it_had() -> Result {
    let (swarm, _folder) = swarm()?;
    let queue = queue(&swarm).await?;
    let clerk = Clerk::new();
    let agent = swarm.spawn(clerk.clone()).queue(&queue).await?;
    agent.tell(Job::Wait).await?;
    clerk.told(1).await;
    assert!(agent.kill());
    clerk.gate.open();
    assert_eq!(clerk.told(2).await, [(Job::Wait, 1), (Job::Wait, 2)]);
    emptied(&queue).await
}

#[tokio::test]
async fn agents_of_one_queue_share_its_messages() -> Result {
    let (swarm, _folder) = swarm()?;
    let handled = Arc::new(AtomicUsize::new(0));
    let done = Arc::new(Notify::new());
    let worker = {
        let (handled, done) = (Arc::clone(&handled), Arc::clone(&done));
        move |_: u32| {
            let (handled, done) = (Arc::clone(&handled), Arc::clone(&done));
            async move {
                if handled.fetch_add(1, Ordering::Relaxed) == 99 {
                    done.notify_one();
                }
            }
        }
    };
    let workers = swarm.spawn_many(vec![worker; 4]);
    let workers = workers.queue(Binding::from("numbers").prefetch(5)).await?;
    for number in 0..100_u32 {
        workers[0].tell(number).await?;
    }
    tokio::time::timeout(secs(20), done.notified()).await?;
    let shares: Vec<_> = workers
        .iter()
        .map(|worker| worker.accounting().accepted)
        .collect();
    assert_eq!(shares.iter().sum::<u64>(), 100);
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    Ok(())
}

#[tokio::test]
async fn a_router_finds_it_by_what_it_can_do() -> Result {
    let (swarm, _folder) = swarm()?;
    let clerk = Clerk::new();
    let _agent = swarm
        .spawn(clerk.clone())
        .capability("file@1.0")
        .queue("jobs")
        .await?;
    let router = swarm.router::<Clerk>().capability("file").await?;
    router.tell(Job::Do(7)).key("seven").await?;
    assert_eq!(clerk.told(1).await, [(Job::Do(7), 1)]);
    router.tell(Job::Do(7)).key("seven").await?;
    router.tell(Job::Do(8)).await?;
    assert_eq!(
        clerk.told(2).await[1..],
        [(Job::Do(8), 1)],
        "the second was a duplicate"
    );
    Ok(())
}

#[tokio::test]
async fn headers_and_the_name_of_the_message_reach_the_handler() -> Result {
    let (swarm, _folder) = swarm()?;
    let log = Log::default();
    let seen = Arc::new(Notify::new());

    #[derive(Clone)]
    struct Reader(Log<(Option<String>, bool, Option<Duration>)>, Arc<Notify>);
    impl Agent for Reader {
        type Message = u32;
        type Reply = ();
        async fn handle(
            &mut self,
            _: &u32,
            ctx: &Context<Self>,
        ) -> std::result::Result<(), Failure> {
            let tenant = ctx.headers().and_then(|headers| headers.get("tenant"));
            let is_first = ctx.claim().is_some_and(|claim| claim.attempts() == 0);
            self.0
                .push((tenant.map(Into::into), is_first, ctx.deadline()));
            self.1.notify_one();
            Ok(())
        }
    }

    let agent = swarm
        .spawn(Reader(log.clone(), Arc::clone(&seen)))
        .queue("read")
        .await?;
    agent
        .tell(1_u32)
        .header("tenant", "blue")?
        .deadline(secs(3))
        .await?;
    tokio::time::timeout(secs(20), seen.notified()).await?;
    assert_eq!(log.all(), [(Some("blue".to_owned()), true, Some(secs(3)))]);
    Ok(())
}

#[tokio::test]
async fn an_agent_in_maintenance_gets_its_messages_later() -> Result {
    let (swarm, _folder) = swarm()?;
    let clerk = Clerk::new();
    let agent = swarm.spawn(clerk.clone()).queue("jobs").await?;
    agent.pause();
    agent.tell(Job::Do(1)).await?;
    // Long enough for the message to be leased and offered.
    tokio::time::sleep(ms(50)).await;
    assert!(clerk.log.all().is_empty());
    agent.resume();
    assert_eq!(clerk.told(1).await, [(Job::Do(1), 1)]);
    Ok(())
}

#[tokio::test]
async fn a_stopped_agent_leaves_the_rest_in_the_queue() -> Result {
    let (swarm, _folder) = swarm()?;
    let queue = queue(&swarm).await?;
    let clerk = Clerk::new();
    let agent = swarm
        .spawn(clerk.clone())
        .queue(Binding::from(&queue).prefetch(4))
        .await?;
    agent.tell(Job::Wait).await?;
    clerk.told(1).await;
    for number in 0..10 {
        agent.tell(Job::Do(number)).await?;
    }
    assert!(swarm.stop(agent.id(), ms(20)).await);
    let refused = agent.tell(Job::Do(10)).await;
    assert!(
        refused.is_ok(),
        "the queue takes what nobody handles yet: {refused:?}"
    );
    let back = async {
        // What the agent had is given back after it has ended, at no moment that is told to anybody.
        while queue.stats().await?.leased() > 0 {
            tokio::time::sleep(ms(2)).await;
        }
        Ok::<_, Error>(())
    };
    tokio::time::timeout(secs(20), back).await??;
    let peeked = queue.peek(20).await?;
    let attempts: Vec<_> = peeked.iter().map(|message| message.attempts).collect();
    assert_eq!(
        attempts.iter().sum::<u32>(),
        1,
        "only one was begun: {attempts:?}"
    );
    assert_eq!(peeked.len(), 12);
    Ok(())
}

#[tokio::test]
async fn its_courier_may_be_killed_at_any_time() -> Result {
    let (swarm, _folder) = swarm()?;
    let queue = queue(&swarm).await?;
    let clerk = Clerk::new();
    let agent = swarm.spawn(clerk.clone()).queue(&queue).await?;
    let mut kills = 0;
    for number in 0..50 {
        agent.tell(Job::Do(number)).await?;
        let couriers = swarm.tree();
        let courier = couriers
            .nodes()
            .iter()
            .find(|node| node.path.to_string().ends_with("courier"));
        kills += usize::from(courier.ok_or("no courier")?.kill());
    }
    assert!(kills > 0);
    let told = clerk.told(50).await;
    emptied(&queue).await?;
    let mut jobs: Vec<_> = told.iter().map(|(job, _)| *job).collect();
    jobs.dedup();
    assert_eq!(jobs.len(), 50, "each of them, once: {told:?}");
    Ok(())
}

/// More often than an agent may be in the time.
#[tokio::test]
async fn its_courier_is_never_given_up() -> Result {
    let (swarm, _folder) = swarm()?;
    let clerk = Clerk::new();
    let spawn = swarm
        .spawn(clerk.clone())
        .restart_backoff(supervision::Backoff::NONE);
    let agent = spawn.queue("jobs").await?;
    let mut kills = 0;
    let killing = async {
        while kills < 30 {
            let tree = swarm.tree();
            let mut couriers = tree.nodes().iter();
            let courier = couriers.find(|node| node.path.to_string().ends_with("courier"));
            kills += usize::from(courier.is_some_and(|courier| courier.kill()));
            // Its restart is told to nobody.
            tokio::time::sleep(ms(2)).await;
        }
    };
    tokio::time::timeout(secs(20), killing).await?;
    agent.tell(Job::Do(1)).await?;
    assert_eq!(clerk.told(1).await, [(Job::Do(1), 1)]);
    Ok(())
}

#[tokio::test]
async fn what_does_not_go_together_with_a_queue_is_refused() -> Result {
    let (swarm, _folder) = swarm()?;
    let refused = swarm
        .spawn(Clerk::new())
        .layer(ttl::Layer::new(secs(1)))
        .queue("jobs")
        .await;
    assert!(matches!(
        refused,
        Err(SpawnError::OutOfRange {
            option: "layer",
            ..
        })
    ));
    let refused = swarm
        .spawn(Clerk::new())
        .queue(Binding::from("jobs").prefetch(0))
        .await;
    assert!(matches!(
        refused,
        Err(SpawnError::OutOfRange {
            option: "prefetch",
            ..
        })
    ));
    let refused = swarm.spawn(Clerk::new()).queue("no name").await;
    assert!(matches!(refused, Err(SpawnError::Queue(Error::Name(_)))));
    Ok(())
}
