//! What is gathered from many.

use ractor_agents::agent::{AgentId, AgentRef, AskError};
use ractor_agents::mailbox::{Overflow, Refusal};
use ractor_agents::routing::{RoundRobin, Router};
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, idle, ms, secs, test_swarm};
use tokio::time::Instant;

use crate::{Result, full, puppet};

/// Puppets that answer after so many seconds each, and a router over them.
async fn by_seconds(swarm: &Swarm, seconds: &[u64]) -> Result<(Vec<AgentRef<Slow>>, Router<Slow>)> {
    let mut agents = Vec::new();
    for seconds in seconds {
        agents.push(swarm.spawn(Slow(*seconds)).await?);
    }
    Ok((agents, swarm.router::<Slow>().await?))
}

/// Answers what it is asked after so many seconds.
#[derive(Clone)]
pub(crate) struct Slow(u64);

impl ractor_agents::agent::Agent for Slow {
    type Message = u64;
    type Reply = u64;

    async fn handle(
        &mut self,
        asked: &u64,
        _: &ractor_agents::agent::Context<Self>,
    ) -> std::result::Result<u64, ractor_agents::agent::Failure> {
        tokio::time::sleep(secs(self.0)).await;
        Ok(*asked)
    }
}

fn ids(answers: &[(AgentId, u64)]) -> Vec<AgentId> {
    answers.iter().map(|(agent, _)| *agent).collect()
}

#[tokio::test(start_paused = true)]
async fn all_answers_are_gathered_in_the_order_in_which_they_come() -> Result {
    let swarm = test_swarm();
    let (agents, router) = by_seconds(&swarm, &[3, 1, 2]).await?;
    let begun = Instant::now();
    let gathered = router.scatter(7_u64).await?;
    assert!((secs(3)..ms(3_010)).contains(&begun.elapsed()));
    let order = [1, 2, 0].map(|place: usize| (agents[place].id(), 7));
    assert_eq!(gathered.answers, order);
    assert!(gathered.failed.is_empty() && gathered.missing.is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_wins_and_the_others_are_withdrawn() -> Result {
    let swarm = test_swarm();
    let (quick, _) = puppet(&swarm).await?;
    let (busy, stuck) = puppet(&swarm).await?;
    busy.tell(Task::new(1, Act::Wait)).await?;
    idle().await;
    let router = swarm.router::<Puppet>().await?;
    let gathered = router.scatter(Task::note(7)).first().await?;
    assert_eq!(gathered.answers, [(quick.id(), 7)]);
    assert_eq!(gathered.missing, [busy.id()]);
    stuck.gate.open();
    idle().await;
    assert_eq!(stuck.begun.all(), [1], "it was withdrawn");
    assert_eq!(busy.accounting().cancelled, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_quorum_is_enough() -> Result {
    let swarm = test_swarm();
    let (agents, router) = by_seconds(&swarm, &[4, 1, 2]).await?;
    let begun = Instant::now();
    let gathered = router.scatter(7_u64).quorum(2).await?;
    assert!((secs(2)..ms(2_010)).contains(&begun.elapsed()));
    assert_eq!(ids(&gathered.answers), [agents[1].id(), agents[2].id()]);
    assert_eq!(gathered.missing, [agents[0].id()]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_there_is_what_there_is() -> Result {
    let swarm = test_swarm();
    let (agents, router) = by_seconds(&swarm, &[1, 60, 2]).await?;
    let begun = Instant::now();
    let gathered = router.scatter(7_u64).all().within(secs(5)).await?;
    assert!((secs(5)..ms(5_010)).contains(&begun.elapsed()));
    assert_eq!(ids(&gathered.answers), [agents[0].id(), agents[2].id()]);
    assert_eq!(gathered.missing, [agents[1].id()]);
    assert_eq!(agents[1].restarts(), 0, "who is late is not killed");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_fails_or_does_not_take_it_is_among_the_failed() -> Result {
    let swarm = test_swarm();
    let (one, _) = puppet(&swarm).await?;
    let (busy, _) = full(&swarm, Overflow::Reject).await?;
    let router = swarm.router().members([&one, &busy]).await?;
    let gathered = router.scatter(Task::new(7, Act::Panic)).await;
    let gathered = gathered?;
    assert!(gathered.answers.is_empty() && gathered.missing.is_empty());
    let failed: Vec<_> = gathered.failed.iter().map(|(agent, _)| *agent).collect();
    assert_eq!(failed, [one.id()], "who is overloaded is not even asked");
    assert!(matches!(
        gathered.failed[0].1,
        AskError::Failed { attempts: 1, .. }
    ));
    one.pause();
    let gathered = router.scatter(Task::note(8)).await?;
    let (agent, AskError::Refused(refused)) = &gathered.failed[0] else {
        return Err("it was not refused".into());
    };
    assert_eq!((*agent, refused.message.id), (busy.id(), 8));
    assert!(matches!(refused.refusal, Refusal::Full { .. }));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn so_many_are_chosen_by_the_strategy() -> Result {
    let swarm = test_swarm();
    let (agents, router) = by_seconds(&swarm, &[0, 0, 0, 0]).await?;
    router.set_strategy(RoundRobin::default());
    for _ in 0..6 {
        let gathered = router.scatter(7_u64).to(2).await?;
        assert_eq!(gathered.answers.len(), 2);
        assert_ne!(gathered.answers[0].0, gathered.answers[1].0);
    }
    let asked = agents.iter().map(|agent| agent.accounting().handled);
    assert_eq!(asked.collect::<Vec<_>>(), [3; 4]);
    let gathered = router.scatter(7_u64).to(9).await?;
    assert_eq!(gathered.answers.len(), 4);
    Ok(())
}
