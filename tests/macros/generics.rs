//! Agents with parameters of their own.

use std::collections::HashMap;
use std::hash::Hash;

use ractor_agents::prelude::*;

#[derive(Clone)]
struct Cache<K, V, const SIZE: usize> {
    entries: HashMap<K, V>,
}

#[agent(derive(Clone))]
impl<K, V: Clone + Send + Sync + 'static, const SIZE: usize> Cache<K, V, SIZE>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    Self: Clone,
{
    #[message]
    fn put(&mut self, key: K, value: V) -> Result<Option<V>, Failure> {
        if self.entries.len() == SIZE {
            return Err(Failure::new("full").without_restart());
        }
        Ok(self.entries.insert(key, value))
    }

    #[message]
    fn get(&self, key: &K) -> Option<V> {
        self.entries.get(key).cloned()
    }

    #[message]
    fn all(&self, wanted: [Option<K>; SIZE]) -> Vec<V> {
        wanted
            .iter()
            .flatten()
            .filter_map(|key| self.entries.get(key))
            .cloned()
            .collect()
    }

    #[message]
    fn len(&self) -> usize {
        self.entries.len()
    }
}

#[tokio::test]
async fn messages_have_the_parameters_they_use() -> Result<()> {
    let swarm = Swarm::local();
    let cache = swarm
        .spawn(Cache::<u8, String, 2> {
            entries: HashMap::new(),
        })
        .await?;
    assert_eq!(
        cache
            .ask(Put {
                key: 1,
                value: "one".into()
            })
            .await?,
        None
    );
    assert_eq!(
        cache
            .ask(Put {
                key: 1,
                value: "uno".into()
            })
            .await?
            .as_deref(),
        Some("one")
    );
    cache
        .ask(Put {
            key: 2,
            value: "two".into(),
        })
        .await?;
    assert!(
        cache
            .ask(Put {
                key: 3,
                value: "three".into()
            })
            .await
            .is_err()
    );
    assert_eq!(cache.ask(Get { key: 2 }).await?.as_deref(), Some("two"));
    assert_eq!(
        cache
            .ask(All {
                wanted: [None, Some(1)]
            })
            .await?,
        ["uno"]
    );
    assert_eq!(cache.ask(Len).await?, 2);
    Ok(())
}

/// Its parameter occurs in no message at all.
#[derive(Clone)]
struct Twice<T>(T);

#[agent]
impl<T: Fn(u64) -> u64 + Clone + Send + Sync + 'static> Twice<T> {
    #[message]
    fn apply(&self, to: u64) -> u64 {
        self.0(self.0(to))
    }
}

#[tokio::test]
async fn a_parameter_need_not_occur_in_a_message() -> Result<()> {
    let swarm = Swarm::local();
    let twice = swarm.spawn_with(|| Twice(|number| number + 1)).await?;
    assert_eq!(twice.ask(Apply { to: 1 }).await?, 3);
    Ok(())
}
