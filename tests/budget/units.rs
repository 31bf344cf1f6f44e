//! Units that are spent by whoever spends first.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use ractor_agents::budget::{Budget, Exhausted};
use tests::test_swarm;

use crate::{Result, actor, exhausted, job};

/// Many threads spend odd amounts until nothing goes any more, some give back what they have just spent.
#[test]
fn many_threads_at_once_never_spend_more_than_there_is() {
    let all = 1_000_003;
    let purse = Budget::new().units("tokens", all).open();
    let spent = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 1..=8_u64 {
            let (purse, spent) = (purse.clone(), &spent);
            scope.spawn(move || {
                let amount = 2 * thread + 1;
                let mut round = 0_u64;
                while let Ok(left) = purse.spend("tokens", amount) {
                    assert!(left <= all - amount);
                    round += 1;
                    if round.is_multiple_of(7) {
                        purse.give_back("tokens", amount);
                    } else {
                        spent.fetch_add(amount, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let left = purse.left("tokens").expect("a limit");
    assert_eq!(spent.into_inner() + left, all);
    assert!(left < 17, "{left}");
}

/// The branches of one message spend at the same time, on threads of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn branches_share_one_purse() -> Result {
    let swarm = ractor_agents::swarm::Swarm::local();
    let root = actor(&swarm).await?;
    let mut others = Vec::new();
    for _ in 0..8 {
        others.push(actor(&swarm).await?);
    }
    let spends = job(|ctx| {
        Box::pin(async {
            let mut spent = 0;
            while ctx.spend("cents", 3).is_ok() {
                spent += 3;
                tokio::task::yield_now().await;
            }
            Ok(spent)
        })
    });
    let scatters = job(move |_| {
        let (others, spends) = (others.clone(), spends.clone());
        Box::pin(async move {
            let asks = others.iter().map(|other| other.ask(spends.clone()));
            let mut sum = 0;
            for spent in join_all(asks).await {
                sum += spent?;
            }
            Ok(sum)
        })
    });
    let purse = Budget::new().units("cents", 10_000).open();
    assert_eq!(root.ask(scatters).budget(&purse).await?, 9_999);
    assert_eq!(purse.left("cents"), Some(1));
    Ok(())
}

#[test]
fn all_is_spent_or_nothing() {
    let purse = Budget::new().units("tokens", 10).units("cents", 1).open();
    assert_eq!(purse.spend("tokens", 4).ok(), Some(6));
    let error = purse.spend("tokens", 7).err();
    let error = error.expect("six are left");
    assert_eq!(error.which, Exhausted::Units("tokens".into()));
    assert_eq!(error.path, []);
    assert_eq!(
        error.to_string(),
        "the budget is exhausted: not enough tokens are left"
    );
    assert_eq!(purse.spend("tokens", 6).ok(), Some(0));
    assert_eq!(purse.left("tokens"), Some(0));
    assert!(purse.spend("tokens", 0).is_ok());
    assert_eq!(
        purse.units().collect::<Vec<_>>(),
        [("tokens", 0), ("cents", 1)]
    );
}

#[test]
fn what_is_given_back_is_never_more_than_there_was() {
    let purse = Budget::new().units("tokens", 10).open();
    assert!(purse.spend("tokens", 8).is_ok());
    purse.give_back("tokens", 3);
    assert_eq!(purse.left("tokens"), Some(5));
    purse.give_back("tokens", u64::MAX);
    assert_eq!(purse.left("tokens"), Some(10));
    purse.give_back("others", 3);
    assert_eq!(purse.left("others"), None);
}

#[test]
fn of_a_name_that_is_given_twice_the_last_word_counts() {
    let budget = Budget::new().units("tokens", 10).units("tokens", 3);
    let purse = budget.clone().open();
    assert_eq!(purse.units().collect::<Vec<_>>(), [("tokens", 3)]);
    // Each purse is its own.
    assert!(purse.spend("tokens", 3).is_ok());
    assert_eq!(budget.open().left("tokens"), Some(3));
}

#[tokio::test(start_paused = true)]
async fn units_without_a_limit_can_be_spent_for_ever() -> Result {
    let swarm = test_swarm();
    let to = actor(&swarm).await?;
    let spends = job(|ctx| Box::pin(async { Ok(ctx.spend("tokens", u64::MAX)?) }));
    assert_eq!(to.ask(spends.clone()).await?, u64::MAX);
    let other = Budget::new().units("cents", 1);
    assert_eq!(to.ask(spends).budget(other).await?, u64::MAX);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_asked_is_told_who_had_too_little() -> Result {
    let swarm = test_swarm();
    let (one, two) = (actor(&swarm).await?, actor(&swarm).await?);
    let spends = job(|ctx| Box::pin(async { Ok(ctx.spend("tokens", 6)?) }));
    let asks = {
        let two = two.clone();
        job(move |ctx| {
            let (two, spends) = (two.clone(), spends.clone());
            Box::pin(async move {
                ctx.spend("tokens", 5)?;
                Ok(two.ask(spends).await?)
            })
        })
    };
    let asked = one.ask(asks).budget(Budget::new().units("tokens", 10));
    let exhausted = exhausted(asked.await)?;
    assert_eq!(exhausted.which, Exhausted::Units("tokens".into()));
    assert_eq!(exhausted.path, [one.id(), two.id()]);
    Ok(())
}
