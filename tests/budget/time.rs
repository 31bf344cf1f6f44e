//! How long all of it may take.

use ractor_agents::agent::{AgentRef, AskError};
use ractor_agents::budget::Budget;
use ractor_agents::dead_letter::Reason;
use ractor_agents::mailbox::Refusal;
use ractor_agents::routing::topic::PublishError;
use ractor_agents::routing::{RouteError, WhenFull, WhenNobody};
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, idle, ms, secs, test_swarm};
use tokio::time::{Instant, sleep};

use crate::{Actor, Result, actor, deadline, exhausted, fragile, hang, hops, job, refusal, take};

fn second() -> Budget {
    Budget::new().within(secs(1))
}

#[tokio::test(start_paused = true)]
async fn when_its_time_is_over_nothing_is_sent() -> Result {
    let swarm = test_swarm();
    let to = actor(&swarm).await?;
    let router = swarm.router::<Actor>().await?;
    let topics = swarm.topics::<u64>().await?;
    let purse = second().open();
    assert_eq!(to.ask(hops()).budget(&purse).await?, 63);
    sleep(secs(1)).await;
    assert_eq!(purse.time_left(), Some(ms(0)));
    let none = deadline::<Actor>(&[]);

    let told = to.tell(hops()).budget(&purse).await.err();
    assert_eq!(refusal(&told.ok_or("told")?.refusal)?, none);
    assert_eq!(exhausted(to.ask(hops()).budget(&purse).await)?, none);
    let routed = router.tell(hops()).budget(&purse).await;
    assert!(
        matches!(routed, Err(RouteError::BudgetExhausted { exhausted, .. }) if *exhausted == none)
    );
    let published = topics.publish("a", 7).budget(&purse).await;
    let Err(error @ PublishError::BudgetExhausted { .. }) = published else {
        return Err("published".into());
    };
    assert_eq!(error.into_message(), 7);
    assert_eq!(to.accounting().accepted, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn in_line_its_asker_is_told_at_once_and_the_letter_follows() -> Result {
    let swarm = test_swarm();
    let to = actor(&swarm).await?;
    to.tell(take(secs(5))).await?;
    let begun = Instant::now();
    let asked = to.ask(hops()).budget(second()).await;
    assert!((secs(1)..ms(1_010)).contains(&begun.elapsed()));
    assert_eq!(exhausted(asked)?, deadline(&[&to]));
    assert_eq!(swarm.dead_letters().total(), 0);

    to.tell(hops()).budget(second()).ttl(secs(60)).await?;
    sleep(secs(10)).await;
    let reason = Reason::BudgetExhausted(Box::new(deadline(&[&to])));
    let letters = swarm.dead_letters().list();
    assert_eq!(letters.len(), 2);
    assert!(
        letters
            .iter()
            .all(|letter| letter.reason == reason && letter.attempts == 0)
    );
    let accounting = to.accounting();
    assert_eq!((accounting.expired, accounting.handled), (2, 1));
    assert!(accounting.balances());
    Ok(())
}

/// Whoever is at it when the time is over is killed, whatever attempts there are left, and that restart is free.
#[tokio::test(start_paused = true)]
async fn in_hand_its_handler_is_killed_free_of_charge() -> Result {
    let swarm = test_swarm();
    let to = fragile(&swarm).await?;
    for round in 1..=5 {
        let begun = Instant::now();
        let asked = to.ask(hang()).attempts(9).budget(second()).await;
        assert!((secs(1)..ms(1_010)).contains(&begun.elapsed()));
        // Its letter is there when the asker hears of it.
        assert_eq!(swarm.dead_letters().total(), 2 * round - 1);
        assert_eq!(exhausted(asked)?, deadline(&[&to]));

        to.tell(hang()).attempts(9).budget(second()).await?;
        sleep(ms(1_100)).await;
        assert_eq!(swarm.dead_letters().total(), 2 * round);
        assert_eq!(to.restarts(), 2 * round);
    }
    let accounting = to.accounting();
    assert_eq!((accounting.failed, accounting.retried), (10, 0));
    assert_eq!(to.ask(hops()).await?, u64::MAX);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_asker_with_less_patience_gets_a_timeout() -> Result {
    let swarm = test_swarm();
    let to = actor(&swarm).await?;
    let asked = to.ask(hang()).patience(ms(500)).budget(second()).await;
    assert!(matches!(asked, Err(AskError::Timeout { .. })));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_whole_chain_ends_at_the_same_time() -> Result {
    let swarm = test_swarm();
    let (one, two) = (actor(&swarm).await?, actor(&swarm).await?);
    let asks = {
        let two = two.clone();
        job(move |_| {
            let two = two.clone();
            Box::pin(async move {
                sleep(ms(300)).await;
                Ok(two.ask(hang()).await?)
            })
        })
    };
    let begun = Instant::now();
    let asked = one.ask(asks).budget(second()).await;
    assert!((secs(1)..ms(1_010)).contains(&begun.elapsed()));
    assert_eq!(exhausted(asked)?.which, deadline::<Actor>(&[]).which);
    idle().await;
    let reasons = swarm.dead_letters().list();
    assert!(reasons.iter().any(|letter| {
        letter.reason == Reason::BudgetExhausted(Box::new(deadline(&[&one, &two])))
    }));
    Ok(())
}

/// One with a handler that is at work and a lane that is full.
async fn full(swarm: &Swarm) -> Result<AgentRef<Puppet>> {
    let to = swarm.spawn(Puppet::default()).depth(1).await?;
    to.tell(Task::new(1, Act::Wait)).await?;
    idle().await;
    to.tell(Task::note(2)).await?;
    Ok(to)
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_room_gets_the_message_back() -> Result {
    let swarm = test_swarm();
    let to = full(&swarm).await?;
    let router = swarm.router::<Puppet>().await?;
    let waits = swarm.router::<Puppet>().when_full(WhenFull::Wait).await?;
    let none = deadline::<Actor>(&[]);

    let begun = Instant::now();
    let told = to.tell(3).budget(second()).await;
    assert!((secs(1)..ms(1_010)).contains(&begun.elapsed()));
    let told = told.err().ok_or("told")?;
    assert_eq!(
        (refusal(&told.refusal)?, told.message.id),
        (none.clone(), 3)
    );

    let Err(AskError::Refused(asked)) = to.ask(4).budget(second()).await else {
        return Err("asked".into());
    };
    assert_eq!(
        (refusal(&asked.refusal)?, asked.message.id),
        (none.clone(), 4)
    );
    // Whoever has less patience than time.
    let Err(AskError::Refused(asked)) = to.ask(5).patience(ms(9)).budget(second()).await else {
        return Err("asked".into());
    };
    assert!(matches!(asked.refusal, Refusal::NoRoom { .. }));

    for router in [router, waits] {
        let begun = Instant::now();
        let routed = router.tell(6).budget(second()).await;
        assert!((secs(1)..ms(1_010)).contains(&begun.elapsed()));
        let Err(RouteError::BudgetExhausted { exhausted, message }) = routed else {
            return Err("routed".into());
        };
        assert_eq!((*exhausted, message.id), (none.clone(), 6));
        let routed = router.ask(7).budget(second()).await;
        assert!(
            matches!(routed, Err(RouteError::BudgetExhausted { message, .. }) if message.id == 7)
        );
    }
    assert_eq!(to.accounting().accepted, 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_somebody_to_come_gets_the_message_back() -> Result {
    let swarm = test_swarm();
    let router = swarm
        .router::<Puppet>()
        .when_nobody(WhenNobody::Wait(secs(60)))
        .await?;
    let begun = Instant::now();
    let routed = router.tell(6).budget(second()).await;
    assert!((secs(1)..ms(1_010)).contains(&begun.elapsed()));
    assert!(matches!(routed, Err(RouteError::BudgetExhausted { message, .. }) if message.id == 6));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn copies_that_are_gathered_end_with_their_reason() -> Result {
    let swarm = test_swarm();
    let (one, two) = (actor(&swarm).await?, actor(&swarm).await?);
    two.tell(hang()).await?;
    let router = swarm.router::<Actor>().await?;
    let begun = Instant::now();
    let gathered = router.scatter(hang()).budget(second()).await?;
    assert!((secs(1)..ms(1_010)).contains(&begun.elapsed()));
    let mut failed = gathered.failed;
    failed.sort_by_key(|(agent, _)| agent.number());
    let [(_, in_hand), (_, in_line)] = failed.try_into().map_err(|_| "not two")?;
    assert_eq!(exhausted::<u64, _>(Err(in_hand))?, deadline(&[&one]));
    assert_eq!(exhausted::<u64, _>(Err(in_line))?, deadline(&[&two]));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_scheduled_for_later_ends_when_its_time_comes() -> Result {
    let swarm = test_swarm();
    let to = actor(&swarm).await?;
    let later = job(|ctx| Box::pin(async { Ok(ctx.later(hops(), secs(5)).map(|_| 0)?) }));
    to.ask(later).budget(second()).await?;
    sleep(secs(6)).await;
    let letters = swarm.dead_letters().list();
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.clone()).collect();
    let path = deadline(&[&to, &to]);
    assert_eq!(reasons, [Reason::BudgetExhausted(Box::new(path))]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_stranded_ends_with_its_budget() -> Result {
    let swarm = test_swarm();
    let one = fragile(&swarm).await?;
    let router = swarm.router::<Actor>().await?;
    one.tell(hang()).await?;
    let begun = Instant::now();
    let asked = router.ask(hops()).budget(second());
    let killed = async {
        idle().await;
        one.kill();
    };
    let (asked, ()) = tokio::join!(asked, killed);
    assert!((secs(1)..ms(1_010)).contains(&begun.elapsed()));
    let Err(RouteError::Failed(error)) = asked else {
        return Err("another end".into());
    };
    assert_eq!(exhausted::<u64, _>(Err(error))?, deadline(&[&one]));
    Ok(())
}
