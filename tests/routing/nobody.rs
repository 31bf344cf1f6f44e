//! Nobody who could be given a message.

use ractor_agents::dead_letter::Reason;
use ractor_agents::prelude::Priority;
use ractor_agents::routing::{
    NoCandidate, PassedOver, Protocol, RouteError, ScatterError, WhenNobody,
};
use tests::{Puppet, Task, idle, ms, secs, test_swarm};
use tokio::time::{Instant, sleep};

use crate::{Result, dancers};

fn no_candidate<T, M>(sent: std::result::Result<T, RouteError<M>>) -> Result<(NoCandidate, M)> {
    match sent {
        Err(RouteError::NoCandidate { nobody, message }) => Ok((nobody, *message)),
        Err(_) => Err("another error".into()),
        Ok(_) => Err("somebody took it".into()),
    }
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_somebody_to_come() -> Result {
    let swarm = test_swarm();
    let router = swarm.router::<Puppet>().capability("dance").await?;
    let begun = Instant::now();
    let late = async {
        sleep(ms(700)).await;
        dancers(&swarm, 1).await
    };
    let (answer, late) = tokio::join!(router.ask(Task::note(7)), late);
    late?;
    assert_eq!(answer?, 7);
    assert!((ms(700)..ms(710)).contains(&begun.elapsed()));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_a_restart() -> Result {
    use ractor_agents::supervision::Backoff;
    let swarm = test_swarm();
    let spawn = swarm.spawn(Puppet::default());
    let one = spawn
        .restart_backoff(Backoff::new(ms(500), ms(500)))
        .await?;
    let router = swarm.router::<Puppet>().await?;
    one.kill();
    idle().await;
    one.kill();
    idle().await;
    assert_eq!(router.explain().why_not(one.id()), Some(&PassedOver::Error));
    assert_eq!(router.ask(Task::note(7)).await?, 7);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_error_names_what_was_asked_for_and_what_may_have_been_meant() -> Result {
    let swarm = test_swarm();
    dancers(&swarm, 1).await?;
    swarm.spawn(Puppet::default()).capability("sing").await?;
    let router = swarm.router::<Puppet>().capability("dence@^2").await?;
    let begun = Instant::now();
    let (error, message) = no_candidate(router.tell(Task::note(7)).await)?;
    assert!((secs(1)..ms(1_010)).contains(&begun.elapsed()));
    assert!(error.waited >= secs(1));
    assert_eq!(error.nearest, ["dance"]);
    assert_eq!(message.id, 7);
    let text = error.to_string();
    assert!(
        text.starts_with("nobody for capability dence@^2 within 1")
            && text.ends_with("known names like it: dance"),
        "{text}"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_error_tells_why_each_was_passed_over() -> Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 2).await?;
    dancers[0].0.pause();
    let text = swarm.spawn(async |text: String| text).capability("dance@2");
    let text = text.await?;
    let router = swarm
        .router::<Puppet>()
        .capability("dance@3")
        .when_nobody(WhenNobody::Fail)
        .await?;
    let begun = Instant::now();
    let (error, _) = no_candidate(router.ask(Task::note(7)).await)?;
    assert_eq!(begun.elapsed(), ms(0));
    assert_eq!(error.passed_over.len(), 3);
    assert!(
        error
            .passed_over
            .contains(&(dancers[0].0.id(), PassedOver::NotAble))
    );

    let router = swarm.router::<Puppet>().capability("dance@2");
    let router = router.when_nobody(WhenNobody::Fail).await?;
    dancers[1].0.pause();
    let (error, _) = no_candidate(router.tell(Task::note(7)).await)?;
    assert!(
        error
            .passed_over
            .contains(&(dancers[0].0.id(), PassedOver::Maintenance))
    );
    assert!(
        error
            .passed_over
            .contains(&(text.id(), PassedOver::OtherTypes))
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_ask_waits_no_longer_than_its_patience() -> Result {
    let swarm = test_swarm();
    let router = swarm.router::<Puppet>().await?;
    let begun = Instant::now();
    let (_, message) = no_candidate(router.ask(Task::note(7)).patience(ms(200)).await)?;
    assert!((ms(200)..ms(210)).contains(&begun.elapsed()));
    assert_eq!(message.id, 7);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_router_of_a_swarm_that_has_ended_gives_messages_back() -> Result {
    let swarm = test_swarm();
    dancers(&swarm, 1).await?;
    let router = swarm
        .router::<Protocol<Task, u64>>()
        .capability("dance")
        .await?;
    swarm.shutdown(secs(1)).await;
    let sent = router.tell(Task::note(7)).await;
    assert!(
        matches!(sent, Err(RouteError::NoCandidate { .. })),
        "{sent:?}"
    );
    drop(swarm);
    let sent = router.tell(Task::note(7)).await;
    assert!(matches!(sent, Err(RouteError::Ended(task)) if task.id == 7));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_nobody_comes_for_is_dead_lettered_if_that_is_chosen() -> Result {
    let swarm = test_swarm();
    dancers(&swarm, 1).await?;
    let router = swarm.router::<Puppet>().capability("dence@^2");
    let router = router.when_nobody(WhenNobody::DeadLetter(secs(2))).await?;
    let begun = Instant::now();
    let told = router.tell(Task::note(7)).priority(Priority::High);
    let told = told.header("tenant", "blue")?.await;
    assert!((secs(2)..ms(2_010)).contains(&begun.elapsed()));
    assert!(told.as_ref().is_err_and(|error| !error.is_retryable()));
    let Err(RouteError::DeadLettered(nobody)) = told else {
        return Err("another end".into());
    };
    assert!(nobody.waited >= secs(2));
    assert_eq!(nobody.nearest, ["dance"]);

    // No longer than its patience; its letter is there when the asker hears of it.
    let asked = router.ask(Task::note(8)).patience(ms(500)).await;
    assert!((ms(2_500)..ms(2_520)).contains(&begun.elapsed()));
    assert!(matches!(asked, Err(RouteError::DeadLettered(_))));
    let letters = swarm.dead_letters().list();
    let [told, asked] = &letters[..] else {
        return Err(format!("{} letters", letters.len()).into());
    };
    let reason = Reason::NoCandidate("capability dence@^2".into());
    assert_eq!(told.reason, reason);
    assert_eq!(told.reason.to_string(), "nobody for capability dence@^2");
    assert_eq!((told.id, told.attempts, told.was_ask), (None, 0, false));
    assert_eq!(told.priority, Priority::High);
    assert_eq!(told.headers.get("tenant"), Some("blue"));
    assert_eq!(told.take::<Task>(), Some(Task::note(7)));
    assert_eq!((&asked.reason, asked.was_ask), (&reason, true));
    // It was in no mailbox.
    assert_eq!(swarm.status().messages.accepted, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_in_time_gets_what_would_be_dead_lettered() -> Result {
    let swarm = test_swarm();
    let router = swarm.router::<Puppet>().capability("dance");
    let router = router.when_nobody(WhenNobody::DeadLetter(secs(2))).await?;
    let late = async {
        sleep(ms(1_900)).await;
        dancers(&swarm, 1).await
    };
    let (answer, late) = tokio::join!(router.ask(Task::note(7)), late);
    late?;
    assert_eq!(answer?, 7);
    assert_eq!(swarm.dead_letters().total(), 0);
    Ok(())
}

/// A message to many waits for nobody, and comes back whatever the policy.
#[tokio::test(start_paused = true)]
async fn messages_to_many_are_not_dead_lettered() -> Result {
    let swarm = test_swarm();
    let router = swarm.router::<Puppet>();
    let router = router.when_nobody(WhenNobody::DeadLetter(secs(2))).await?;
    let (_, message) = no_candidate(router.broadcast(Task::note(7)))?;
    assert_eq!(message.id, 7);
    let scattered = router.scatter(Task::note(8)).await;
    assert!(matches!(
        scattered,
        Err(ScatterError::Nobody(RouteError::NoCandidate { message, .. })) if message.id == 8
    ));
    assert_eq!(swarm.dead_letters().total(), 0);
    Ok(())
}
