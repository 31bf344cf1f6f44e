//! Several typed messages for one agent, under names that may be chosen.

use std::collections::HashMap;

use ractor_agents::agent::AskError;
use ractor_agents::mailbox::dedup;
use ractor_agents::prelude::*;

#[derive(Clone, Default)]
struct Inventory {
    items: HashMap<String, u32>,
    limit: u32,
}

#[agent(derive(Clone, Debug, PartialEq, Eq, Hash))]
impl Inventory {
    const LIMIT: u32 = 100;

    #[message]
    async fn add(&mut self, item: String, count: u32) -> u32 {
        tokio::task::yield_now().await;
        let total = self.items.entry(item).or_default();
        *total += count;
        *total
    }

    #[message]
    fn count(&self, item: &str) -> Option<u32> {
        self.items.get(item).copied()
    }

    #[message]
    fn clear_all(&mut self) {
        self.items.clear();
        self.limit = Self::LIMIT;
    }

    #[message(StockTake)]
    fn names(&self) -> Vec<String> {
        self.sorted()
    }

    fn sorted(&self) -> Vec<String> {
        let mut names: Vec<_> = self.items.keys().cloned().collect();
        names.sort();
        names
    }
}

#[derive(Clone, Default)]
struct Ledger(Vec<i64>);

#[agent]
impl Ledger {
    #[message(Book)]
    fn add(&mut self, amount: i64) -> i64 {
        self.0.push(amount);
        self.0.iter().sum()
    }
}

fn add(item: &str, count: u32) -> Add {
    Add {
        item: item.to_owned(),
        count,
    }
}

#[tokio::test]
async fn each_message_has_the_reply_of_its_method() -> Result<()> {
    let swarm = Swarm::local();
    let inventory = swarm.spawn(Inventory::default()).await?;
    let total: u32 = inventory.ask(add("bolt", 3)).await?;
    assert_eq!(total, 3);
    assert_eq!(inventory.ask(add("bolt", 4)).await?, 7);
    let count: Option<u32> = inventory
        .ask(Count {
            item: "bolt".into(),
        })
        .await?;
    assert_eq!(count, Some(7));
    assert_eq!(inventory.ask(Count { item: "nut".into() }).await?, None);
    let names: Vec<String> = inventory.ask(StockTake).await?;
    assert_eq!(names, ["bolt"]);
    let () = inventory.ask(ClearAll).await?;
    assert_eq!(inventory.ask(StockTake).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn messages_are_told_and_take_options_like_any_other() -> Result<()> {
    let swarm = Swarm::local();
    let inventory = swarm.spawn(Inventory::default()).await?;
    inventory
        .tell(add("nut", 1))
        .priority(Priority::High)
        .await?;
    inventory.try_tell(add("nut", 2))?;
    assert_eq!(
        inventory
            .ask(Count { item: "nut".into() })
            .priority(Priority::Low)
            .await?,
        Some(3)
    );
    Ok(())
}

#[tokio::test]
async fn two_agents_of_one_module_have_methods_of_the_same_name() -> Result<()> {
    let swarm = Swarm::local();
    let inventory = swarm.spawn(Inventory::default()).await?;
    let ledger = swarm.spawn(Ledger::default()).await?;
    assert_eq!(inventory.ask(add("bolt", 1)).await?, 1);
    assert_eq!(ledger.ask(Book { amount: -5 }).await?, -5);
    Ok(())
}

#[tokio::test]
async fn derived_hashes_serve_dedup_by_content() -> Result<()> {
    let swarm = Swarm::local();
    let window = Duration::from_secs(3600);
    let inventory = swarm
        .spawn(Inventory::default())
        .layer(dedup::Layer::by_content(window))
        .await?;
    assert_eq!(inventory.ask(add("bolt", 3)).await?, 3);
    let error = inventory.ask(add("bolt", 3)).await.unwrap_err();
    assert!(matches!(error, AskError::Duplicate { .. }), "{error}");
    assert_eq!(inventory.ask(add("bolt", 4)).await?, 7, "another content");
    assert_eq!(inventory.accounting().deduplicated, 1);
    Ok(())
}

#[test]
fn derives_apply_to_each_message() {
    let one = add("bolt", 3);
    assert_eq!(one.clone(), one);
    assert_eq!(format!("{one:?}"), r#"Add { item: "bolt", count: 3 }"#);
    assert_eq!(format!("{ClearAll:?}"), "ClearAll");
}

#[tokio::test]
async fn a_refused_message_comes_back_and_can_be_sent_again() -> Result<()> {
    let swarm = Swarm::local();
    let inventory = swarm.spawn(Inventory::default()).await?;
    inventory.pause();
    let refused = inventory.try_tell(add("bolt", 3)).unwrap_err();
    inventory.resume();
    inventory.tell(refused.into_message()).await?;
    assert_eq!(
        inventory
            .ask(Count {
                item: "bolt".into()
            })
            .await?,
        Some(3)
    );
    Ok(())
}

#[tokio::test]
async fn methods_stay_methods() {
    let mut inventory = Inventory::default();
    inventory.add("nut".into(), 1).await;
    assert_eq!(inventory.sorted(), ["nut"]);
    assert_eq!(inventory.count("nut"), Some(1));
}
