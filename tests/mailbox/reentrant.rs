//! Whoever is told that a message ended, or that there is room for another, may use the same agent at once: no lock is held
//! then, by no layer and by no mailbox.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use ractor_agents::agent::{AgentRef, Status};
use ractor_agents::mailbox::{Overflow, dedup};
use tests::{Act, Log, Puppet, Task, idle, ms, secs, test_swarm};

use crate::Result;

/// A waker that tells the agent something, on the thread that wakes.
struct Eager {
    to: AgentRef<Puppet>,
    told: Log<bool>,
}

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        let told = self.to.try_tell(Task::new(77, Act::Note));
        self.told.push(told.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn an_asker_whose_question_was_shed_behind_layers_may_tell_at_once() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .depth(2)
        .overflow(Overflow::DropOldest)
        .layer(dedup::Layer::by_key(secs(60)))
        .layer(dedup::Layer::by_content(secs(60)))
        .await?;
    to.tell(Task::new(0, Act::Take(900))).await?;
    idle().await;
    let told = Log::default();
    let eager = Waker::from(Arc::new(Eager {
        to: to.clone(),
        told: told.clone(),
    }));
    let mut asked = pin!(to.ask(Task::new(1, Act::Note)));
    assert!(
        asked
            .as_mut()
            .poll(&mut Context::from_waker(&eager))
            .is_pending()
    );
    to.tell(Task::new(2, Act::Note)).key("two").await?;
    to.tell(Task::new(3, Act::Note)).key("three").await?;
    assert_eq!(told.all(), [true]);
    Ok(())
}

/// A waker that looks at the agent, on the thread that wakes.
struct Curious {
    at: AgentRef<Puppet>,
    seen: Log<Status>,
}

impl Wake for Curious {
    fn wake(self: Arc<Self>) {
        self.seen.push(self.at.status());
    }
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_is_given_room_may_look_at_the_agent_at_once() -> Result {
    let swarm = test_swarm();
    let at = swarm.spawn(Puppet::default()).depth(2).await?;
    for number in 0..3 {
        at.tell(Task::new(number, Act::Take(900))).await?;
        idle().await;
    }
    let seen = Log::default();
    let curious = Waker::from(Arc::new(Curious {
        at: at.clone(),
        seen: seen.clone(),
    }));
    let mut told = pin!(at.tell(Task::new(3, Act::Note)));
    let mut cx = Context::from_waker(&curious);
    assert!(told.as_mut().poll(&mut cx).is_pending());
    tokio::time::sleep(ms(1000)).await;
    assert_eq!(seen.all(), [Status::Busy]);
    assert!(told.as_mut().poll(&mut cx).is_ready());
    Ok(())
}
