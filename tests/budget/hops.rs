//! How many messages deep one may go.

use std::sync::{Arc, OnceLock};

use ractor_agents::agent::{Agent, AgentRef, AskError, Context, Failure};
use ractor_agents::budget::{Budget, BudgetExhausted, Exhausted};
use ractor_agents::dead_letter::Reason;
use ractor_agents::routing::topic::PublishError;
use ractor_agents::routing::{RouteError, ScatterError};
use tests::{Act, Puppet, Task, idle, ms, test_swarm};

use crate::{Job, Result, actor, exhausted, fragile, hops, job, refusal};

/// Where a ball is kept that nothing else has stopped.
const ENOUGH: u64 = 3_000;

/// Tells the other one whatever it is told.
#[derive(Clone)]
struct Player {
    other: Arc<OnceLock<AgentRef<Player>>>,
}

impl Agent for Player {
    type Message = u64;
    type Reply = ();

    async fn handle(&mut self, ball: &u64, _: &Context<Self>) -> std::result::Result<(), Failure> {
        if *ball == ENOUGH {
            return Ok(());
        }
        let other = self.other.get().ok_or_else(|| Failure::new("alone"))?;
        other.tell(ball + 1).await?;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_ping_pong_ends_and_names_the_path() -> Result {
    let swarm = test_swarm();
    let (to_one, to_two) = (Arc::default(), Arc::default());
    let one = swarm.spawn(Player {
        other: Arc::clone(&to_two),
    });
    let one = one.await?;
    let two = swarm.spawn(Player {
        other: Arc::clone(&to_one),
    });
    let two = two.await?;
    to_one.set(one.clone()).map_err(|_| "set before")?;
    to_two.set(two.clone()).map_err(|_| "set before")?;

    one.tell(0_u64).budget(Budget::new().hops(5)).await?;
    idle().await;
    let letters = swarm.dead_letters().list();
    let [letter] = &letters[..] else {
        return Err(format!("{} letters", letters.len()).into());
    };
    let path = [&one, &two, &one, &two, &one].map(AgentRef::id);
    let expected = BudgetExhausted {
        which: Exhausted::Hops,
        path: path.to_vec(),
    };
    assert_eq!(letter.reason, Reason::BudgetExhausted(Box::new(expected)));
    assert_eq!(letter.take::<u64>(), Some(4));
    let text = letter.reason.to_string();
    let (one_id, two_id) = (one.id(), two.id());
    let path = format!("{one_id} -> {two_id} -> {one_id} -> {two_id} -> {one_id}");
    assert_eq!(
        text,
        format!("the budget is exhausted: no hops are left, by way of {path}")
    );
    assert_eq!((one.restarts(), two.restarts()), (0, 0));
    assert_eq!(one.accounting().handled + two.accounting().handled, 4);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_began_a_chain_of_asks_is_told_where_it_ended() -> Result {
    let swarm = test_swarm();
    let mut agents = Vec::new();
    let mut ask = hops();
    for _ in 0..6 {
        let (to, then) = (actor(&swarm).await?, ask);
        agents.insert(0, to.clone());
        ask = job(move |_| {
            let (to, then) = (to.clone(), then.clone());
            Box::pin(async move { Ok(to.ask(then).await?) })
        });
    }
    let first = actor(&swarm).await?;
    agents.insert(0, first.clone());

    let depth = agents.len() as u64;
    let enough = first.ask(ask.clone()).budget(Budget::new().hops(7));
    assert_eq!(enough.await?, 0);
    assert_eq!(
        first.ask(ask.clone()).budget(Budget::new()).await?,
        64 - depth
    );

    let asked = first
        .ask(ask)
        .attempts(3)
        .budget(Budget::new().hops(4))
        .await;
    let Err(AskError::BudgetExhausted { agent, exhausted }) = &asked else {
        return Err("another end".into());
    };
    assert_eq!(*agent, first.id());
    assert_eq!(exhausted.which, Exhausted::Hops);
    let path: Vec<_> = agents.iter().take(4).map(AgentRef::id).collect();
    assert_eq!(exhausted.path, path);
    assert!(asked.is_err_and(|error| !error.is_retryable()));
    assert!(agents.iter().all(|agent| agent.restarts() == 0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn without_hops_nothing_can_be_sent_and_every_message_comes_back() -> Result {
    let swarm = test_swarm();
    let asker = actor(&swarm).await?;
    let to = swarm.spawn(Puppet::default()).await?;
    let router = swarm.router::<Puppet>().await?;
    let topics = swarm.topics::<Task>().await?;
    topics.subscribe(&to, "a.b")?;
    let recipient = to.clone();
    let sends = job(move |ctx| {
        let (to, router, topics) = (recipient.clone(), router.clone(), topics.clone());
        Box::pin(async move {
            let wrong = |what: &str| Failure::new(what.to_owned());
            let is_hops = |exhausted: &BudgetExhausted| {
                exhausted.which == Exhausted::Hops && exhausted.path == [ctx.id()]
            };
            let mut back = Vec::new();

            let told = to.tell(1).await.err().ok_or(wrong("tell"))?;
            let why = refusal(&told.refusal).map_err(|_| wrong("tell's refusal"))?;
            assert!(is_hops(&why) && !told.is_retryable());
            back.push(told.into_message().id);

            let told = to.try_tell(2).err().ok_or(wrong("try_tell"))?;
            back.push(told.into_message().id);

            let Err(AskError::Refused(asked)) = to.ask(3).await else {
                return Err(wrong("ask"));
            };
            back.push(asked.into_message().id);

            let Err(RouteError::BudgetExhausted { exhausted, message }) = router.tell(4).await
            else {
                return Err(wrong("routed tell"));
            };
            assert!(is_hops(&exhausted));
            back.push(message.id);

            let asked = router.ask(5).await;
            assert!(asked.as_ref().is_err_and(|error| !error.is_retryable()));
            let Err(RouteError::BudgetExhausted { message, .. }) = asked else {
                return Err(wrong("routed ask"));
            };
            back.push(message.id);

            let Err(RouteError::BudgetExhausted { message, .. }) = router.broadcast(Task::note(6))
            else {
                return Err(wrong("broadcast"));
            };
            back.push(message.id);

            let Err(ScatterError::Nobody(RouteError::BudgetExhausted { message, .. })) =
                router.scatter(7).await
            else {
                return Err(wrong("scatter"));
            };
            back.push(message.id);

            let published = topics.publish("a.b", Task::note(8)).await;
            let Err(error @ PublishError::BudgetExhausted { .. }) = published else {
                return Err(wrong("publish"));
            };
            back.push(error.into_message().id);

            let later = ctx.later(hops(), ms(1)).err().ok_or(wrong("later"))?;
            refusal(&later.refusal).map_err(|_| wrong("later's refusal"))?;
            let _: Job = later.into_message();
            assert_eq!(back, (1..=8).collect::<Vec<_>>());
            Ok(0)
        })
    });
    asker.ask(sends).budget(Budget::new().hops(1)).await?;
    assert_eq!(to.accounting().accepted, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn any_error_that_goes_back_to_a_budget_ends_the_message_and_restarts_nobody() -> Result {
    let swarm = test_swarm();
    let asker = actor(&swarm).await?;
    let router = swarm.router::<Puppet>().await?;
    let topics = swarm.topics::<Task>().await?;
    let fails: [Job; 4] = [
        job({
            let router = router.clone();
            move |_| {
                let router = router.clone();
                Box::pin(async move { Ok(router.ask(1).await?) })
            }
        }),
        job(move |_| {
            let router = router.clone();
            Box::pin(async move { Ok(router.scatter(1).await?.answers.len() as u64) })
        }),
        job(move |_| {
            let topics = topics.clone();
            Box::pin(async move {
                topics.publish("a", Task::note(1)).await?;
                Ok(0)
            })
        }),
        job(|ctx| Box::pin(async { Ok(ctx.agent().try_tell(hops()).map(|()| 0)?) })),
    ];
    for fail in fails {
        let asked = asker.ask(fail).attempts(9).budget(Budget::new().hops(1));
        let exhausted = exhausted(asked.await)?;
        assert_eq!(exhausted.which, Exhausted::Hops);
        assert_eq!(exhausted.path, [asker.id()]);
    }
    let accounting = asker.accounting();
    assert_eq!((accounting.failed, accounting.retried), (4, 0));
    assert_eq!(asker.restarts(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn retries_do_not_count_as_hops() -> Result {
    let swarm = test_swarm();
    let to = actor(&swarm).await?;
    let third = job(|ctx| {
        Box::pin(async {
            let left = crate::hops_of(ctx.budget());
            match ctx.attempt() {
                Some(3) => Ok(left),
                _ => Err(Failure::new("not yet")),
            }
        })
    });
    let asked = to.ask(third).attempts(3).budget(Budget::new().hops(1));
    assert_eq!(asked.await?, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_failover_keeps_the_budget_and_does_not_count_as_a_hop() -> Result {
    let swarm = test_swarm();
    let one = fragile(&swarm).await?;
    let router = swarm.router::<crate::Actor>().await?;
    let purse = Budget::new().hops(1).units("tokens", 9).open();
    let spends = job(|ctx| {
        Box::pin(async {
            ctx.spend("tokens", 4)?;
            let path = ctx.budget().map(|budget| budget.path());
            assert_eq!(path, Some(vec![ctx.id()]));
            Ok(crate::hops_of(ctx.budget()))
        })
    });
    one.tell(crate::hang()).await?;
    let asked = router.ask(spends).budget(&purse);
    let failover = async {
        idle().await;
        let another = actor(&swarm).await;
        one.kill();
        another
    };
    let (asked, another) = tokio::join!(asked, failover);
    assert_eq!(asked?, 0);
    assert_eq!(another?.accounting().handled, 1);
    assert_eq!(purse.left("tokens"), Some(5));
    Ok(())
}

#[test]
fn hops_stay_within_their_range() {
    assert_eq!(Budget::new().open().hops(), 64);
    assert_eq!(Budget::new().hops(0).open().hops(), 1);
    assert_eq!(Budget::new().hops(u16::MAX).open().hops(), 1_024);
}

/// The longest path that there can be is dropped at its end, which must not need a stack as deep.
#[tokio::test(start_paused = true)]
async fn the_longest_path_can_be_walked_and_dropped() -> Result {
    let swarm = test_swarm();
    let to_self = Arc::new(OnceLock::new());
    let one = swarm.spawn(Player {
        other: Arc::clone(&to_self),
    });
    let one = one.await?;
    to_self.set(one.clone()).map_err(|_| "set before")?;
    one.tell(0_u64).budget(Budget::new().hops(1_024)).await?;
    idle().await;
    let letters = swarm.dead_letters().list();
    let Some(Reason::BudgetExhausted(exhausted)) = letters.first().map(|letter| &letter.reason)
    else {
        return Err("another end".into());
    };
    assert_eq!(exhausted.path, vec![one.id(); 1_024]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_budget_goes_as_deep_as_it_likes() -> Result {
    let swarm = test_swarm();
    let to = swarm.spawn(Puppet::default()).await?;
    to.tell(Task::new(1, Act::Note))
        .budget(Budget::new())
        .await?;
    let to_self = Arc::new(OnceLock::new());
    let one = swarm.spawn(Player {
        other: Arc::clone(&to_self),
    });
    let one = one.await?;
    to_self.set(one.clone()).map_err(|_| "set before")?;
    one.tell(0_u64).await?;
    idle().await;
    assert_eq!(one.accounting().handled, ENOUGH + 1);
    Ok(())
}
