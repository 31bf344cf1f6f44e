//! What an agent sends itself.

use std::sync::Arc;

use ractor_agents::agent::AskError;
use ractor_agents::mailbox::Refusal;
use ractor_agents::prelude::*;
use tests::{Log, test_swarm};

/// Tells itself as often as it is told to, or asks itself; keeps what came of it.
#[derive(Clone, Default)]
struct Narcissus(Log<Option<Refusal>>);

#[derive(Clone, Copy)]
enum Word {
    Tell(u64),
    Ask,
    Echo,
}

impl Agent for Narcissus {
    type Message = Word;
    type Reply = ();

    async fn handle(&mut self, word: &Word, ctx: &Context<Self>) -> Result<(), Failure> {
        match *word {
            Word::Tell(times) => {
                for _ in 0..times {
                    let told = ctx.agent().tell(Word::Echo).await;
                    self.0.push(told.err().map(|error| error.refusal));
                }
            }
            Word::Ask => match ctx.agent().ask(Word::Echo).await {
                Err(AskError::Refused(error)) => self.0.push(Some(error.refusal)),
                other => return Err(Failure::new(format!("{other:?}"))),
            },
            Word::Echo => {}
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_tells_itself_never_waits() -> Result<()> {
    let swarm = test_swarm();
    let log = Log::default();
    let to = swarm.spawn(Narcissus(Log::clone(&log))).depth(4).await?;
    to.ask(Word::Tell(6)).await?;
    let refused = Some(Refusal::Full {
        priority: Priority::Normal,
        depth_max: 4,
    });
    assert_eq!(
        log.all(),
        [None, None, None, None, refused.clone(), refused]
    );
    let messages = to.accounting();
    assert_eq!(messages.accepted, 5, "{messages:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_agent_cannot_ask_itself() -> Result<()> {
    let swarm = test_swarm();
    let log = Log::default();
    let to = swarm.spawn(Narcissus(Log::clone(&log))).await?;
    to.ask(Word::Ask).await?;
    assert_eq!(log.all(), [Some(Refusal::AskedItself)]);
    assert_eq!(to.accounting().accepted, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_swarms_in_one_process_do_not_take_each_other_for_themselves() -> Result<()> {
    let (here, there) = (test_swarm(), test_swarm());
    let other = there.spawn(Narcissus::default()).await?;
    let other = Arc::new(other);
    let asks = move |(): ()| {
        let other = Arc::clone(&other);
        async move { other.ask(Word::Echo).await.is_ok() }
    };
    // Both are number 1 of their swarms.
    let asker = here.spawn(asks).await?;
    assert!(asker.ask(()).await?);
    Ok(())
}
