//! Which public types and futures are `Send`, `Sync` and `Unpin`.

use std::cell::Cell;
use std::future::{IntoFuture, Ready};
use std::marker::PhantomData;

use ractor_agents::agent::{
    Agent, AgentId, AgentRef, Ask, AskError, Context, Direct, Failure, FnAgent, OnRestart, Status,
    Tell, TellError, Timer,
};
use ractor_agents::budget::{Budget, BudgetExhausted, Exhausted, Purse};
use ractor_agents::dead_letter::{DeadLetter, DeadLetters, Reason};
use ractor_agents::mailbox::{
    Accounting, Aging, Identity, LaneLimit, Mailbox, Offer, Overflow, Refusal, Stack, deadline,
    dedup, load_shed, quarantine, rate_limit, retry, trace, ttl,
};
use ractor_agents::message::{
    Envelope, Headers, InvalidTraceParent, MessageId, Priority, TooManyHeaders, TraceContext,
};
use ractor_agents::registry::{
    Breaker, Capability, CapabilityError, Circuit, Entry, Filter, Outliers, Registry,
    RegistryStats, Requirement, Seen, Trip, Watch,
};
use ractor_agents::routing::topic::{Pattern, Published, Subject, Topics};
use ractor_agents::routing::{
    Candidate, Considered, Explanation, LeastConnections, LeastResponseTime, NoCandidate,
    PassedOver, PowerOfTwo, ResourceBased, RoundRobin, RouteError, RoutedAsk, RoutedTell, Router,
    WeightedRoundRobin, WhenFull, WhenNobody,
};
use ractor_agents::supervision::{ChildPath, Node, Tree, TreeEvent, TreeEvents};
use ractor_agents::swarm::{
    AgentStatus, BuildError, Builder, KindStatus, Many, One, ShutdownReport, Spawn, SpawnError,
    Swarm, SwarmStatus,
};
use tests::Puppet;

/// An agent that may be sent to another thread and no more, like its reply: the least that is asked for.
struct Least(Cell<u8>);

impl Agent for Least {
    type Message = u64;
    type Reply = Cell<u8>;

    fn handle(
        &mut self,
        _: &u64,
        _: &Context<Self>,
    ) -> impl Future<Output = Result<Self::Reply, Failure>> + Send {
        let reply = self.0.clone();
        async move { Ok(reply) }
    }
}

type Greeter = FnAgent<fn(String) -> Ready<String>, String>;

/// Of a type that is not what one asks for.
trait Otherwise {
    const IS: bool = false;
}

/// Three questions, answered by the compiler: the inherent constant goes before the trait's where its bound holds.
macro_rules! question {
    ($name:ident, $marker:ident) => {
        struct $name<T: ?Sized>(PhantomData<T>);

        impl<T: ?Sized> Otherwise for $name<T> {}

        impl<T: ?Sized + $marker> $name<T> {
            const IS: bool = true;
        }
    };
}
question!(IsSend, Send);
question!(IsSync, Sync);
question!(IsUnpin, Unpin);

/// The rows of a table: what each type is.
macro_rules! table {
    ($($type:ty),* $(,)?) => {
        [$((
            stringify!($type),
            [<IsSend<$type>>::IS, <IsSync<$type>>::IS, <IsUnpin<$type>>::IS],
        )),*]
    };
}

/// The rows that are not as expected.
fn wrong<const N: usize>(
    expected: [bool; 3],
    table: [(&'static str, [bool; 3]); N],
) -> Vec<(&'static str, [bool; 3])> {
    let is_wrong = |row: &(&str, [bool; 3])| row.1 != expected;
    table.into_iter().filter(is_wrong).collect()
}

#[test]
fn types_are_send_sync_and_unpin_whatever_the_agent() {
    let table = table![
        Breaker,
        Budget,
        BudgetExhausted,
        Candidate,
        Capability,
        CapabilityError,
        Circuit,
        Considered,
        Entry,
        Exhausted,
        Explanation,
        Filter,
        LeastConnections,
        LeastResponseTime,
        NoCandidate,
        Outliers,
        PassedOver,
        Pattern,
        PowerOfTwo,
        Published,
        Purse,
        Registry,
        RegistryStats,
        Requirement,
        ResourceBased,
        RoundRobin,
        RouteError<u64>,
        RoutedAsk<'static, Least, u64>,
        RoutedTell<'static, Least>,
        Router<Least>,
        Router<Greeter>,
        Seen,
        Subject,
        Topics<u64>,
        Trip,
        Watch,
        WeightedRoundRobin,
        WhenFull,
        WhenNobody,
        Swarm,
        Builder,
        SwarmStatus,
        AgentStatus,
        KindStatus,
        ShutdownReport,
        SpawnError,
        BuildError,
        One,
        Many,
        AgentId,
        AgentRef<Puppet>,
        AgentRef<Least>,
        AgentRef<Greeter>,
        Context<Puppet>,
        Context<Least>,
        Status,
        Timer,
        Failure,
        OnRestart,
        Direct,
        TellError<u64>,
        AskError<u64>,
        DeadLetter,
        DeadLetters,
        Reason,
        Accounting,
        Aging,
        Identity,
        LaneLimit,
        Mailbox<Puppet>,
        Mailbox<Least>,
        Overflow,
        Refusal,
        Stack<ttl::Layer, retry::Layer>,
        deadline::Layer,
        dedup::Layer<dedup::ByContent>,
        dedup::Layer<dedup::ByKey>,
        load_shed::Layer,
        quarantine::Layer<dedup::ByContent>,
        rate_limit::Layer,
        retry::Layer,
        trace::Layer,
        ttl::Layer,
        Envelope<Puppet>,
        Envelope<Least>,
        Offer<'static, Puppet>,
        Headers,
        InvalidTraceParent,
        MessageId,
        Priority,
        TooManyHeaders,
        TraceContext,
        Tell<'static, Puppet>,
        Tell<'static, Least>,
        Tell<'static, Greeter>,
        Ask<'static, Puppet, u64>,
        Ask<'static, Least, Cell<u8>>,
        Ask<'static, Greeter, String>,
        Spawn<Puppet>,
        Spawn<Least>,
        ChildPath,
        Node,
        Tree,
        TreeEvent,
        TreeEvents,
    ];
    assert_eq!(wrong([true; 3], table), []);
}

#[test]
fn a_spawn_that_was_begun_moves_between_threads_and_is_not_shared() {
    let table = table![
        <Spawn<Puppet> as IntoFuture>::IntoFuture,
        <Spawn<Least> as IntoFuture>::IntoFuture,
    ];
    assert_eq!(wrong([true, false, true], table), []);
}

/// Futures without a name: compiled and never run.
#[test]
fn futures_without_a_name_are_send() {
    fn require_send<F: Future + Send>(_: F) {}
    let _compiled = |swarm: &Swarm,
                     events: &mut TreeEvents,
                     agent: &AgentRef<Puppet>,
                     least: &AgentRef<Least>,
                     router: &Router<Puppet>,
                     watch: &mut Watch| {
        require_send(watch.next());
        require_send(async { router.ask(1).await.is_ok() });
        require_send(async { router.tell(1).key("a").await.is_ok() });
        require_send(async { router.scatter(1).await.is_ok() });
        require_send(async { swarm.router::<Least>().await.is_ok() });
        require_send(async { swarm.topics::<u64>().await.is_ok() });
        require_send(swarm.stop(agent.id(), tests::secs(1)));
        require_send(swarm.shutdown(tests::secs(1)));
        require_send(events.recv());
        require_send(async { agent.ask(1).await.is_ok() });
        require_send(async { least.ask(1_u64).await.is_ok() });
        require_send(async { agent.tell(1).await.is_ok() });
        require_send(async { swarm.spawn(Puppet::default()).await.is_ok() });
        require_send(async { swarm.spawn_with(|| Least(Cell::new(0))).await.is_ok() });
    };
}
