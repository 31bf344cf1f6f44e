//! Five faults at every broker, in the middle of work: what comes of the messages, and how long it takes until as many are handled as before.
//!
//! Each test is a cell of the table in `docs/chaos.md`: producers send at a steady rate, consumers and agents handle, the rate is measured, the fault
//! happens, and the rate is measured again. `QUEUE_CHAOS_SECONDS` is how long a cell takes about (3 by default), `QUEUE_CHAOS_RATE` how many messages are
//! sent in a second (400 by default). A cell prints its row of the table.

mod books;
mod cell;
mod child;
mod crew;
mod meter;
mod place;

use cell::Fault;
use place::Place;
use tokio::sync::Mutex;

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;

/// Rates are measured: one at a time.
static TURN: Mutex<()> = Mutex::const_new(());

/// The process that is killed; no test by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is started by the other tests"]
async fn child() -> Result {
    child::live().await
}

async fn cell(place: fn() -> Place, fault: Fault) -> Result {
    let _turn = TURN.lock().await;
    let mut place = tokio::task::block_in_place(place);
    let figures = cell::run(&mut place, fault).await?;
    println!("{}", figures.row(place.broker(), fault));
    figures.check(place.broker(), fault)
}

/// A test per fault, in a module of the broker's name.
macro_rules! cells {
    ($broker:ident) => {
        mod $broker {
            use crate::cell::Fault;
            use crate::place::Place;
            use crate::{Result, cell};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn server_restarted() -> Result {
                cell(Place::$broker, Fault::Restarted).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn connections_killed() -> Result {
                cell(Place::$broker, Fault::Cut).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn pool_exhausted() -> Result {
                cell(Place::$broker, Fault::Crowd).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn workers_killed() -> Result {
                cell(Place::$broker, Fault::Workers).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn repeated_kills() -> Result {
                cell(Place::$broker, Fault::Repeated).await
            }
        }
    };
}

cells!(embedded);
#[cfg(feature = "redis")]
cells!(redis);
#[cfg(feature = "rabbitmq")]
cells!(rabbitmq);
