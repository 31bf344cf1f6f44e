//! What is sent on behalf of a message has what is left to it.

use std::sync::{Arc, Mutex};

use ractor_agents::agent::{Agent, AgentRef, Context, Failure};
use ractor_agents::budget::{Budget, Purse};
use tests::{Log, idle, ms, secs, test_swarm};
use tokio::time::sleep;

use crate::{Actor, Job, Result, actor, hops, hops_of, job, take};

/// Notes how many hops are left.
fn note(log: &Log<u64>) -> Job {
    let log = log.clone();
    job(move |ctx| {
        log.push(hops_of(ctx.budget()));
        Box::pin(async { Ok(0) })
    })
}

#[tokio::test(start_paused = true)]
async fn whatever_a_handler_sends_inherits_what_is_left() -> Result {
    let swarm = test_swarm();
    let (asker, to) = (actor(&swarm).await?, actor(&swarm).await?);
    let router = swarm.router::<Actor>().members([&to]).await?;
    let topics = swarm.topics::<Job>().await?;
    topics.subscribe(&to, "a")?;
    let log = Log::default();
    let sends = {
        let (to, note) = (to.clone(), note(&log));
        job(move |ctx| {
            let (to, router, topics) = (to.clone(), router.clone(), topics.clone());
            let note = note.clone();
            Box::pin(async move {
                to.tell(note.clone()).await?;
                to.try_tell(note.clone())?;
                to.ask(note.clone()).await?;
                router.tell(note.clone()).await?;
                router.ask(note.clone()).await?;
                router.broadcast(note.clone())?;
                router.scatter(note.clone()).await?;
                topics.publish("a", note.clone()).await?;
                ctx.later(note, ms(5))?;
                Ok(hops_of(ctx.budget()))
            })
        })
    };
    assert_eq!(
        asker
            .ask(sends.clone())
            .budget(Budget::new().hops(9))
            .await?,
        8
    );
    sleep(ms(10)).await;
    assert_eq!(log.take(), [7; 9]);
    // The next one has none.
    assert_eq!(asker.ask(sends).await?, u64::MAX);
    sleep(ms(10)).await;
    assert_eq!(log.take(), [u64::MAX; 9]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn whatever_is_sent_can_be_given_a_budget() -> Result {
    let swarm = test_swarm();
    let to = actor(&swarm).await?;
    let router = swarm.router::<Actor>().members([&to]).await?;
    let topics = swarm.topics::<Job>().await?;
    topics.subscribe(&to, "a")?;
    let (log, budget) = (Log::default(), || Budget::new().hops(9));
    let note = note(&log);
    to.tell(note.clone()).budget(budget()).await?;
    to.ask(note.clone()).budget(budget()).await?;
    router.tell(note.clone()).budget(budget()).await?;
    router.ask(note.clone()).budget(budget()).await?;
    router.scatter(note.clone()).budget(budget()).await?;
    topics.publish("a", note).budget(budget()).await?;
    idle().await;
    assert_eq!(log.all(), [8; 6]);
    Ok(())
}

/// Where there is no room yet, the budget waits along.
#[tokio::test(start_paused = true)]
async fn a_subscriber_that_is_waited_for_gets_the_budget_too() -> Result {
    use ractor_agents::routing::topic::WhenFull;
    let swarm = test_swarm();
    let to = swarm.spawn(Actor).depth(1).await?;
    let topics = swarm.topics::<Job>().await?;
    topics.subscribe(&to, "a")?;
    let log = Log::default();
    to.tell(take(ms(50))).await?;
    idle().await;
    to.tell(hops()).await?;
    let purse = Budget::new().hops(9).units("tokens", 1).open();
    let published = topics.publish("a", note(&log)).budget(&purse);
    let published = published.when_full(WhenFull::Wait(secs(1))).await?;
    assert_eq!(published.delivered, 1);
    idle().await;
    assert_eq!(log.all(), [8]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_explicit_budget_is_never_more_than_what_is_left() -> Result {
    let swarm = test_swarm();
    let (asker, to) = (actor(&swarm).await?, actor(&swarm).await?);
    let found = Arc::new(Mutex::new(Vec::new()));
    let look = {
        let found = Arc::clone(&found);
        job(move |ctx| {
            let spent = ctx.spend("tokens", 5);
            found
                .lock()
                .expect("sound")
                .push((ctx.budget(), spent.is_ok()));
            Box::pin(async { Ok(0) })
        })
    };
    let asks = {
        let to = to.clone();
        job(move |ctx| {
            let (to, look) = (to.clone(), look.clone());
            Box::pin(async move {
                let more = Budget::new()
                    .hops(1_000)
                    .within(secs(1_000))
                    .units("tokens", 1_000);
                to.ask(look.clone()).budget(more.units("cents", 7)).await?;
                let less = Budget::new().hops(1).within(secs(1)).units("tokens", 4);
                to.ask(look.clone()).budget(less).await?;
                // What one has already is not taken twice.
                to.ask(look.clone())
                    .budget(&ctx.budget().ok_or_else(|| Failure::new("no"))?)
                    .await?;
                Ok(0)
            })
        })
    };
    let purse = Budget::new()
        .hops(3)
        .within(secs(9))
        .units("tokens", 12)
        .open();
    asker.ask(asks).budget(&purse).await?;
    let found = std::mem::take(&mut *found.lock().expect("sound"));
    let [(Some(more), true), (Some(less), false), (Some(same), true)] = &found[..] else {
        return Err(format!("{found:?}").into());
    };
    let path = [asker.id(), to.id()];
    assert!(
        found
            .iter()
            .flatten_purses()
            .all(|purse| purse.path() == path)
    );
    assert_eq!((more.hops(), more.time_left()), (1, Some(secs(9))));
    assert_eq!(
        (more.left("tokens"), more.left("cents")),
        (Some(2), Some(7))
    );
    assert_eq!((less.hops(), less.time_left()), (0, Some(secs(1))));
    assert_eq!(less.left("tokens"), Some(2), "the outer one has no more");
    assert_eq!((same.hops(), same.left("tokens")), (1, Some(2)));
    assert_eq!(purse.left("tokens"), Some(2));
    // The inner one is out of it before the outer one is: nothing is taken from either.
    purse.give_back("tokens", 10);
    assert!(less.spend("tokens", 5).is_err());
    assert_eq!(
        (less.left("tokens"), purse.left("tokens")),
        (Some(4), Some(12))
    );
    Ok(())
}

trait FlattenPurses<'a>: Iterator<Item = &'a (Option<Purse>, bool)> + Sized {
    fn flatten_purses(self) -> impl Iterator<Item = &'a Purse> {
        self.filter_map(|(purse, _)| purse.as_ref())
    }
}

impl<'a, I: Iterator<Item = &'a (Option<Purse>, bool)>> FlattenPurses<'a> for I {}

#[tokio::test(start_paused = true)]
async fn a_task_of_the_handlers_own_inherits_nothing_unless_it_is_handed_on() -> Result {
    let swarm = test_swarm();
    let (asker, to) = (actor(&swarm).await?, actor(&swarm).await?);
    let spawns = job(move |ctx| {
        let (to, budget) = (to.clone(), ctx.budget());
        Box::pin(async move {
            let budget = budget.ok_or_else(|| Failure::new("no budget"))?;
            let task = tokio::spawn(async move {
                let none = to.ask(hops()).await.ok();
                (none, to.ask(hops()).budget(&budget).await.ok())
            });
            assert_eq!(task.await?, (Some(u64::MAX), Some(3)));
            Ok(0)
        })
    });
    asker.ask(spawns).budget(Budget::new().hops(5)).await?;
    Ok(())
}

/// Notes what its context says of a budget, wherever it is called.
#[derive(Clone, Default)]
struct Scribe {
    log: Log<(&'static str, bool)>,
    other: Option<AgentRef<Actor>>,
    heard: Log<u64>,
}

impl Scribe {
    async fn note(
        &self,
        what: &'static str,
        ctx: &Context<Self>,
    ) -> std::result::Result<(), Failure> {
        self.log.push((what, ctx.budget().is_some()));
        if let Some(other) = &self.other {
            other.tell(note(&self.heard)).await?;
        }
        Ok(())
    }
}

impl Agent for Scribe {
    type Message = &'static str;
    type Reply = ();

    async fn handle(
        &mut self,
        what: &&'static str,
        ctx: &Context<Self>,
    ) -> std::result::Result<(), Failure> {
        if *what == "begin" {
            ctx.every(ms(10), || "tick")?;
        }
        self.note(what, ctx).await
    }

    async fn on_stop(&mut self, ctx: &Context<Self>) {
        assert_eq!(ctx.message_id(), None);
        let _ = self.note("stop", ctx).await;
    }
}

#[tokio::test(start_paused = true)]
async fn intervals_and_the_stop_hook_have_no_budget() -> Result {
    let swarm = test_swarm();
    let scribe = Scribe {
        other: Some(actor(&swarm).await?),
        ..Scribe::default()
    };
    let (log, heard) = (scribe.log.clone(), scribe.heard.clone());
    let to = swarm.spawn(scribe).await?;
    to.tell("begin").budget(Budget::new().hops(9)).await?;
    sleep(ms(25)).await;
    to.tell("end").budget(Budget::new().hops(9)).await?;
    swarm.stop(to.id(), secs(1)).await;
    idle().await;
    let expected = [
        ("begin", true),
        ("tick", false),
        ("tick", false),
        ("end", true),
        ("stop", false),
    ];
    assert_eq!(log.all(), expected);
    let none = u64::MAX;
    assert_eq!(heard.all(), [7, none, none, 7, none]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn batches_inherit_nothing() -> Result {
    let swarm = test_swarm();
    let scribe = Scribe {
        other: Some(actor(&swarm).await?),
        ..Scribe::default()
    };
    let (log, heard) = (scribe.log.clone(), scribe.heard.clone());
    let to = swarm.spawn(scribe).batch(2, secs(1)).await?;
    to.tell("one").budget(Budget::new().hops(9)).await?;
    to.tell("two").budget(Budget::new().hops(9)).await?;
    idle().await;
    assert_eq!(log.all(), [("one", false), ("two", false)]);
    assert_eq!(heard.all(), [u64::MAX; 2]);
    Ok(())
}

/// Who subscribes on behalf of a message does not pay for what others published before.
#[tokio::test(start_paused = true)]
async fn what_was_published_before_inherits_nothing() -> Result {
    let swarm = test_swarm();
    let (asker, to) = (actor(&swarm).await?, actor(&swarm).await?);
    let topics = swarm.topics::<Job>().retain().await?;
    let log = Log::default();
    topics.publish("a", note(&log)).await?;
    let subscribes = job(move |_| {
        let (topics, to) = (topics.clone(), to.clone());
        Box::pin(async move { Ok(topics.subscribe(&to, "a")?.delivered as u64) })
    });
    assert_eq!(asker.ask(subscribes).budget(Budget::new()).await?, 1);
    idle().await;
    assert_eq!(log.all(), [u64::MAX]);
    Ok(())
}
