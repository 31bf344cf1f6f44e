//! Spawning, and what can go wrong with it.

use ractor_agents::prelude::*;
use ractor_agents::supervision::Intensity;
use ractor_agents::swarm::SpawnError;
use tests::{Log, Puppet, idle, secs, test_swarm};

/// What an [`Unfit`] agent does in its start hook.
#[derive(Clone, Copy)]
enum Start {
    Fail,
    Panic,
    Hang,
}

#[derive(Clone)]
struct Unfit {
    start: Start,
    begun: Log<()>,
}

impl Agent for Unfit {
    type Message = ();
    type Reply = ();

    async fn on_start(&mut self, _: &Context<Self>) -> Result<(), Failure> {
        self.begun.push(());
        match self.start {
            Start::Fail => Err(Failure::new("no disk")),
            Start::Panic => tests::panic_quietly("no disk"),
            Start::Hang => std::future::pending().await,
        }
    }

    async fn handle(&mut self, (): &(), _: &Context<Self>) -> Result<(), Failure> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_does_not_get_through_its_start_hook_is_not_spawned() -> Result<()> {
    for start in [Start::Fail, Start::Panic, Start::Hang] {
        let swarm = test_swarm();
        let unfit = Unfit {
            start,
            begun: Log::default(),
        };
        let spawning = swarm
            .spawn(unfit.clone())
            .name("unfit")
            .start_within(secs(2));
        let spawned = tokio::time::timeout(secs(60), spawning.into_future()).await?;
        let Err(SpawnError::Start { agent, reason }) = spawned else {
            return Err(format!("{spawned:?}").into());
        };
        assert_eq!(agent.kind(), "Unfit");
        if matches!(start, Start::Fail) {
            assert_eq!(reason, "no disk");
        }
        idle().await;
        assert_eq!(swarm.status().agents, 0);
        let begun = unfit.begun.len();
        tokio::time::sleep(secs(60)).await;
        assert_eq!(unfit.begun.len(), begun, "nobody tries again");
        swarm.spawn(Puppet::default()).name("unfit").await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_many_all_start_or_none() -> Result<()> {
    let swarm = test_swarm();
    let fit = Log::default();
    let mut count = 0;
    let agents = std::iter::from_fn(|| {
        count += 1;
        (count <= 10).then_some(Mixed {
            is_fit: count != 7,
            fit: Log::clone(&fit),
        })
    });
    let spawned = swarm.spawn_many(agents).await;
    assert!(
        matches!(spawned, Err(SpawnError::Start { .. })),
        "{spawned:?}"
    );
    idle().await;
    assert_eq!(swarm.status().agents, 0);
    assert_eq!(fit.len(), 9);
    let none = swarm.spawn_many(Vec::<Puppet>::new()).await?;
    assert!(none.is_empty());
    Ok(())
}

#[derive(Clone)]
struct Mixed {
    is_fit: bool,
    fit: Log<()>,
}

impl Agent for Mixed {
    type Message = ();
    type Reply = ();

    async fn on_start(&mut self, _: &Context<Self>) -> Result<(), Failure> {
        if self.is_fit {
            self.fit.push(());
            Ok(())
        } else {
            Err(Failure::new("unfit"))
        }
    }

    async fn handle(&mut self, (): &(), _: &Context<Self>) -> Result<(), Failure> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_is_for_one_agent() -> Result<()> {
    let swarm = test_swarm();
    let first = swarm.spawn(Puppet::default()).name("only").await?;
    let second = swarm.spawn(Puppet::default()).name("only").await;
    assert!(
        matches!(&second, Err(SpawnError::NameTaken { name }) if &**name == "only"),
        "{second:?}"
    );
    let found = swarm.find::<Puppet>("only").ok_or("not found")?;
    assert_eq!(found.id(), first.id());
    assert!(swarm.find::<Unfit>("only").is_none(), "of another type");
    assert!(swarm.agent::<Puppet>(first.id()).is_some());
    assert!(swarm.agent::<Unfit>(first.id()).is_none());
    Ok(())
}

/// A blocking agent has a runtime, which may not be dropped inside async code.
#[tokio::test]
async fn a_blocking_agent_that_is_not_spawned_leaves_no_panic_behind() -> Result<()> {
    let swarm = Swarm::local();
    let first = swarm
        .spawn(Puppet::default())
        .blocking()
        .name("only")
        .await?;
    assert_eq!(first.ask(1).await?, 1);
    let second = swarm.spawn(Puppet::default()).blocking().name("only").await;
    assert!(
        matches!(second, Err(SpawnError::NameTaken { .. })),
        "{second:?}"
    );
    swarm.shutdown(secs(5)).await;
    let third = swarm.spawn(Puppet::default()).blocking().await;
    assert!(matches!(third, Err(SpawnError::Ended)), "{third:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn options_out_of_range_are_refused() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default;
    let refused = [
        swarm.spawn(puppet()).depth(0).await,
        swarm.spawn(puppet()).attempts(0).await,
        swarm.spawn(puppet()).deadline(Duration::ZERO).await,
        swarm.spawn(puppet()).stop_within(Duration::ZERO).await,
        swarm.spawn(puppet()).batch(1, secs(1)).await,
    ];
    for spawned in refused {
        assert!(
            matches!(spawned, Err(SpawnError::OutOfRange { .. })),
            "{spawned:?}"
        );
    }
    assert_eq!(swarm.status().agents, 0);
    for partitions in [0, 65] {
        assert!(
            Swarm::builder()
                .test()
                .partitions(partitions)
                .build()
                .is_err()
        );
    }
    Ok(())
}

/// What only the supervisors find out is an error too, and nothing hangs.
#[tokio::test(start_paused = true)]
async fn options_that_the_supervisors_refuse_fail_the_spawn() -> Result<()> {
    let swarm = test_swarm();
    let endless = swarm.spawn(Puppet::default()).stop_within(Duration::MAX);
    let spawned = tokio::time::timeout(secs(60), endless.into_future()).await?;
    assert!(spawned.is_err(), "{spawned:?}");
    let restless = swarm
        .spawn(Puppet::default())
        .intensity(Intensity::new(u32::MAX, secs(1)));
    let spawned = tokio::time::timeout(secs(60), restless.into_future()).await?;
    assert!(spawned.is_err(), "{spawned:?}");
    idle().await;
    assert_eq!(swarm.status().agents, 0);
    swarm.spawn(Puppet::default()).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn agents_that_are_not_clone_are_made_by_a_factory() -> Result<()> {
    struct Unique(Log<()>);
    impl Agent for Unique {
        type Message = ();
        type Reply = usize;

        async fn handle(&mut self, (): &(), _: &Context<Self>) -> Result<usize, Failure> {
            Ok(self.0.len())
        }
    }
    let swarm = test_swarm();
    let made = Log::default();
    let to = swarm
        .spawn_with(move || {
            made.push(());
            Unique(Log::clone(&made))
        })
        .await?;
    assert_eq!(to.ask(()).await?, 1);
    to.kill();
    assert_eq!(to.ask(()).await?, 2);
    Ok(())
}
