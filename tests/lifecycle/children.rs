//! Agents that belong to an incarnation of another.

use ractor_agents::agent::{AgentRef, Status};
use ractor_agents::prelude::*;
use tests::{Act, Log, Puppet, Task, idle, secs, test_swarm};

/// Spawns a child when it is told to.
#[derive(Clone, Default)]
struct Parent {
    puppet: Puppet,
    children: Log<AgentRef<Puppet>>,
}

#[derive(Clone, Copy)]
enum Word {
    Bear,
    Fail,
}

impl Agent for Parent {
    type Message = Word;
    type Reply = ();

    async fn handle(&mut self, word: &Word, ctx: &Context<Self>) -> Result<(), Failure> {
        match word {
            Word::Bear => {
                let child = ctx.spawn_child(self.puppet.clone()).await?;
                self.children.push(child);
                Ok(())
            }
            Word::Fail => Err(Failure::new("on purpose")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn children_end_with_their_parents_incarnation_however_it_ends() -> Result<()> {
    type End = fn(&Swarm, &AgentRef<Parent>);
    let ends: [(&str, End); 3] = [
        ("stop", |_, parent| parent.stop()),
        ("kill", |swarm, parent| assert!(swarm.kill(parent.id()))),
        ("failure", |_, parent| {
            parent.try_tell(Word::Fail).expect("there is room");
        }),
    ];
    for (name, end) in ends {
        let swarm = test_swarm();
        let parent = Parent::default();
        let to = swarm.spawn(parent.clone()).await?;
        to.ask(Word::Bear).await?;
        to.ask(Word::Bear).await?;
        let children = parent.children.all();
        for child in &children {
            child.tell(Task::new(1, Act::Take(500))).await?;
            child.tell(2).await?;
        }
        idle().await;
        end(&swarm, &to);
        idle().await;
        for child in &children {
            assert_eq!(child.status(), Status::Stopping, "after a {name}");
        }
        tokio::time::sleep(secs(1)).await;
        for child in &children {
            assert_eq!(child.status(), Status::Offline, "after a {name}");
            assert_eq!(child.accounting().handled, 2, "after a {name}");
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_childs_failure_is_its_own_business() -> Result<()> {
    let swarm = test_swarm();
    let parent = Parent::default();
    let to = swarm.spawn(parent.clone()).await?;
    to.ask(Word::Bear).await?;
    let child = parent.children.all().remove(0);
    assert!(child.ask(Task::new(1, Act::Panic)).await.is_err());
    assert_eq!(child.ask(2).await?, 2);
    assert_eq!((child.restarts(), to.restarts()), (1, 0));
    child.stop();
    idle().await;
    assert_eq!(to.status(), Status::Idle);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_children_too() -> Result<()> {
    let swarm = test_swarm();
    let parent = Parent::default();
    let to = swarm.spawn(parent.clone()).await?;
    to.ask(Word::Bear).await?;
    let report = swarm.shutdown(secs(5)).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(parent.children.all()[0].status(), Status::Offline);
    Ok(())
}
