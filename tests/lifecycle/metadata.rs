//! What a handler sees of itself and its message, and traces.

use ractor_agents::agent::AgentRef;
use ractor_agents::message::TraceContext;
use ractor_agents::prelude::*;
use tests::{Log, secs, test_swarm};

/// Where a message stood in a trace.
#[derive(Clone, Copy, Debug)]
struct Place {
    own: TraceContext,
    link: Option<TraceContext>,
}

/// Asks and tells another, and notes the trace of its own message.
#[derive(Clone)]
struct Relay {
    next: Option<AgentRef<Relay>>,
    log: Log<Place>,
}

#[derive(Clone, Copy)]
enum Pass {
    End,
    Ask,
    Tell,
}

impl Agent for Relay {
    type Message = Pass;
    type Reply = ();

    async fn handle(&mut self, pass: &Pass, ctx: &Context<Self>) -> Result<(), Failure> {
        let own = ctx.trace().ok_or_else(|| Failure::new("no trace"))?;
        self.log.push(Place {
            own,
            link: ctx.trace_link(),
        });
        let Some(next) = &self.next else {
            return Ok(());
        };
        match pass {
            Pass::End => {}
            Pass::Ask => next.ask(Pass::End).await?,
            Pass::Tell => next.tell(Pass::End).await?,
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_ask_is_a_child_and_a_tell_begins_a_trace_with_a_link() -> Result<()> {
    let swarm = Swarm::builder().test().traces(true).build()?;
    let log = Log::default();
    let last = Relay {
        next: None,
        log: Log::clone(&log),
    };
    let last = swarm.spawn(last).await?;
    let first = Relay {
        next: Some(last),
        log: Log::clone(&log),
    };
    let first = swarm.spawn(first).await?;

    first.ask(Pass::Ask).await?;
    let [asker, asked] = log.take()[..] else {
        return Err("two messages".into());
    };
    assert!(asker.link.is_none() && asked.link.is_none());
    assert_eq!(asked.own.trace_id(), asker.own.trace_id());
    assert_ne!(asked.own.span_id(), asker.own.span_id());

    first.ask(Pass::Tell).await?;
    tests::idle().await;
    let [teller, told] = log.take()[..] else {
        return Err("two messages".into());
    };
    assert_ne!(
        teller.own.trace_id(),
        asker.own.trace_id(),
        "nobody's child"
    );
    assert_ne!(told.own.trace_id(), teller.own.trace_id());
    assert_eq!(told.link, Some(teller.own));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn without_traces_there_is_none() -> Result<()> {
    let swarm = test_swarm();
    let relay = Relay {
        next: None,
        log: Log::default(),
    };
    let to = swarm.spawn(relay).await?;
    assert!(to.ask(Pass::End).await.is_err());
    Ok(())
}

/// What a handler sees.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sight {
    agent: String,
    number: Option<u64>,
    attempt: Option<u16>,
    expires_in: Option<Duration>,
    restarts: u64,
    has_headers: bool,
}

#[derive(Clone, Default)]
struct Eye(Log<Sight>);

impl Eye {
    fn see(&self, ctx: &Context<Self>) {
        self.0.push(Sight {
            agent: ctx.id().to_string(),
            number: ctx.message_id().map(|id| id.number),
            attempt: ctx.attempt(),
            expires_in: ctx.expires_in(),
            restarts: ctx.restarts(),
            has_headers: ctx.headers().is_some(),
        });
    }
}

impl Agent for Eye {
    type Message = bool;
    type Reply = ();

    async fn on_start(&mut self, ctx: &Context<Self>) -> Result<(), Failure> {
        self.see(ctx);
        Ok(())
    }

    async fn handle(&mut self, is_sound: &bool, ctx: &Context<Self>) -> Result<(), Failure> {
        self.see(ctx);
        if *is_sound || ctx.attempt() > Some(1) {
            Ok(())
        } else {
            Err(Failure::new("once more"))
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_knows_its_message_and_a_hook_knows_none() -> Result<()> {
    let swarm = test_swarm();
    let log = Log::default();
    let to = swarm.spawn(Eye(Log::clone(&log))).await?;
    to.ask(true).await?;
    to.ask(false).attempts(2).ttl(secs(8)).await?;
    let agent = to.id().to_string();
    let hook = Sight {
        agent,
        ..Sight::default()
    };
    let first = Sight {
        number: Some(1),
        attempt: Some(1),
        ..hook.clone()
    };
    let second = Sight {
        number: Some(2),
        expires_in: Some(secs(8)),
        ..first.clone()
    };
    let restarted = Sight {
        restarts: 1,
        ..hook.clone()
    };
    let again = Sight {
        attempt: Some(2),
        restarts: 1,
        ..second.clone()
    };
    assert_eq!(log.all(), [hook, first, second, restarted, again]);
    Ok(())
}
