//! How a message to many comes to nothing.

use ractor_agents::agent::{Agent, Context, Failure};
use ractor_agents::routing::{Protocol, RouteError, Router, ScatterError};
use tests::{Act, Puppet, Task, idle, ms, secs, test_swarm};
use tokio::time::{Instant, timeout};

use crate::{Result, puppet};

#[tokio::test(start_paused = true)]
async fn nobody_gives_the_message_back_at_once() -> Result {
    let swarm = test_swarm();
    let router = swarm.router::<Puppet>().capability("dance").await?;
    let begun = Instant::now();
    let sent = router.scatter(Task::note(7)).await;
    let Err(ScatterError::Nobody(RouteError::NoCandidate { nobody, message })) = sent else {
        return Err("another end".into());
    };
    assert_eq!((message.id, begun.elapsed()), (7, ms(0)));
    assert_eq!(nobody.asked, "capability dance");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_quorum_of_more_than_there_are_is_not_even_tried() -> Result {
    let swarm = test_swarm();
    let (one, puppet) = puppet(&swarm).await?;
    let router = swarm.router::<Puppet>().await?;
    let sent = router.scatter(Task::note(7)).quorum(2).await;
    let Err(ScatterError::Short { wanted, gathered }) = sent else {
        return Err("another end".into());
    };
    assert_eq!((wanted, gathered.missing), (2, vec![one.id()]));
    idle().await;
    assert!(puppet.begun.is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_quorum_that_cannot_be_reached_any_more_fails_at_once_with_what_there_is() -> Result {
    let swarm = test_swarm();
    let mut agents = Vec::new();
    for (place, act) in [Act::Note, Act::Panic, Act::Wait].into_iter().enumerate() {
        let (agent, puppet) = puppet(&swarm).await?;
        if act != Act::Note {
            agent
                .tell(Task::new(place as u64, Act::Take(1_000)))
                .await?;
        }
        if act == Act::Wait {
            agent.tell(Task::new(9, Act::Wait)).await?;
        }
        agents.push((agent, puppet));
    }
    idle().await;
    let router = swarm.router::<Puppet>().await?;
    let begun = Instant::now();
    let stop = async {
        tokio::time::sleep(ms(500)).await;
        // What is in line ends with the agent.
        swarm.stop(agents[1].0.id(), ms(100)).await;
    };
    let scatter = router.scatter(Task::note(7)).quorum(3).into_future();
    let (sent, ()) = tokio::join!(scatter, stop);
    assert!(
        (ms(600)..ms(1_500)).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );
    let Err(error) = sent else {
        return Err("there was a quorum".into());
    };
    assert_eq!(error.to_string(), "1 of 3 answers: 1 failed, 1 missing");
    let ScatterError::Short { gathered, .. } = error else {
        return Err("another end".into());
    };
    assert_eq!(gathered.answers, [(agents[0].0.id(), 7)]);
    assert_eq!(gathered.failed[0].0, agents[1].0.id());
    assert_eq!(gathered.missing, [agents[2].0.id()]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn without_a_first_answer_by_the_deadline_it_falls_short() -> Result {
    let swarm = test_swarm();
    let (one, _) = puppet(&swarm).await?;
    let router = swarm.router::<Puppet>().await?;
    let begun = Instant::now();
    let scatter = router.scatter(Task::new(7, Act::Hang)).first();
    let sent = scatter.within(secs(2)).await;
    assert!((secs(2)..ms(2_010)).contains(&begun.elapsed()));
    assert!(matches!(
        sent,
        Err(ScatterError::Short { wanted: 1, gathered }) if gathered.missing == [one.id()]
    ));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn dropped_it_withdraws_what_no_handler_has_begun() -> Result {
    let swarm = test_swarm();
    let (one, first) = puppet(&swarm).await?;
    let (two, second) = puppet(&swarm).await?;
    two.tell(Task::new(1, Act::Wait)).await?;
    idle().await;
    let router = swarm.router::<Puppet>().await?;
    let scatter = router.scatter(Task::new(7, Act::Wait)).into_future();
    assert!(timeout(secs(1), scatter).await.is_err());
    first.gate.open();
    second.gate.open();
    idle().await;
    assert_eq!(first.done.all(), [7], "a handler that has begun finishes");
    assert_eq!(second.done.all(), [1]);
    assert_eq!(one.accounting().handled, 1);
    assert_eq!(two.accounting().cancelled, 1);
    Ok(())
}

/// Scatters what it is asked among all of its kind.
#[derive(Clone)]
struct Chief(Router<Protocol<u64, u64>>);

impl Agent for Chief {
    type Message = u64;
    type Reply = u64;

    async fn handle(
        &mut self,
        asked: &u64,
        _: &Context<Self>,
    ) -> std::result::Result<u64, Failure> {
        let gathered = self.0.scatter(*asked).await;
        let gathered = gathered.map_err(|error| Failure::new(error.to_string()))?;
        Ok(gathered.answers.iter().map(|(_, answer)| answer).sum())
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_does_not_ask_itself() -> Result {
    let swarm = test_swarm();
    let router = swarm.router::<Protocol<u64, u64>>().tag("team").await?;
    let chief = swarm.spawn(Chief(router.clone())).tag("team").await?;
    for _ in 0..2 {
        swarm.spawn(async |asked: u64| asked).tag("team").await?;
    }
    idle().await;
    assert_eq!(router.len(), 3);
    assert_eq!(chief.ask(7_u64).patience(secs(1)).await?, 14);
    Ok(())
}
