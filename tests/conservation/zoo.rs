//! Agents of all kinds.

use std::sync::Arc;

use ractor_agents::agent::{AgentRef, OnRestart};
use ractor_agents::mailbox::{
    Aging, Overflow, dedup, load_shed, quarantine, rate_limit, retry, ttl,
};
use ractor_agents::supervision::{Backoff, Intensity};
use ractor_agents::swarm::{SpawnError, Swarm};
use tests::{Random, ms, secs};

use crate::agent::Rogue;
use crate::tally::Tally;

/// Spawns an agent of a random kind.
pub(crate) async fn spawn(
    swarm: &Swarm,
    random: &mut Random,
    tally: &Arc<Tally>,
) -> Result<AgentRef<Rogue>, SpawnError> {
    let depth = *random.one_of(&[1, 4, 64, 1_024]);
    let overflow = *random.one_of(&[
        Overflow::Wait,
        Overflow::Wait,
        Overflow::Reject,
        Overflow::DropOldest,
        Overflow::DropNewest,
    ]);
    let restarts = *random.one_of(&[3, 100_000, 100_000]);
    let backoff = *random.one_of(&[Backoff::NONE, Backoff::new(ms(1), ms(20))]);
    let plain = swarm
        .spawn(Rogue(Arc::clone(tally)))
        .depth(depth)
        .overflow(overflow)
        .aging(*random.one_of(&[Aging::Fair, Aging::Strict]))
        .attempts(*random.one_of(&[1, 1, 3]))
        .retry_backoff(backoff)
        .restart_backoff(backoff)
        .on_restart(*random.one_of(&[OnRestart::Fresh, OnRestart::Resume]))
        .intensity(Intensity::new(restarts, secs(1)))
        .deadline(ms(20));
    let window = ms(random.below(50) + 1);
    match random.below(10) {
        0 => plain.layer(dedup::Layer::by_content(window)).await,
        1 => plain.layer(ttl::Layer::new(ms(random.below(5)))).await,
        2 => plain.layer(rate_limit::Layer::per_second(20_000)).await,
        3 => plain.layer(load_shed::Layer::above(32)).await,
        4 => {
            let retry = retry::Layer::attempts(4).backoff(Backoff::new(ms(1), ms(10)));
            plain.layer(retry).await
        }
        5 => plain.batch(8, ms(1)).await,
        6 => plain.around(quarantine::Layer::by_content(2)).await,
        7 => {
            let outer = plain.layer(rate_limit::Layer::per_second(50_000));
            let middle = outer.layer(dedup::Layer::by_key(window));
            let inner = middle.layer(ttl::Layer::new(ms(10)));
            let retried = inner.layer(retry::Layer::attempts(2));
            retried.around(quarantine::Layer::by_content(3)).await
        }
        _ => plain.await,
    }
}
