//! The queues that are open in a swarm.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use supervisors::SupervisorRef;

use super::open::{Open, Terms};
use super::{Broker, Error, Name};
use crate::swarm::Inner;

/// The queues that are open in a swarm, and the supervisor of their actors.
pub(crate) struct Queues {
    supervisor: SupervisorRef,
    /// Where queues are that do not choose a broker.
    broker: Option<Arc<dyn Broker>>,
    open: Mutex<HashMap<Key, Arc<Open>>>,
    /// How many were opened, so that each actor has a name of its own.
    opened: AtomicU64,
}

/// Kind and address of the broker, and the name.
type Key = (&'static str, String, Name);

impl Queues {
    pub(crate) fn new(supervisor: SupervisorRef, broker: Option<Arc<dyn Broker>>) -> Self {
        Self {
            supervisor,
            broker,
            open: Mutex::default(),
            opened: AtomicU64::new(0),
        }
    }

    pub(super) fn broker(&self) -> Option<Arc<dyn Broker>> {
        self.broker.clone()
    }

    /// The open queue of that name, or a new one.
    pub(super) async fn open(
        &self,
        swarm: &Arc<Inner>,
        broker: &dyn Broker,
        name: &Name,
        terms: Terms,
    ) -> Result<Arc<Open>, Error> {
        let (open, is_new) = self.enter(swarm, broker, name, terms)?;
        if is_new {
            let number = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
            let child = format!("{}.{}#{number}", name.namespace(), name.name());
            if self.supervisor.start_child(open.spec(child)).await.is_err() {
                self.forget(&open);
                open.give_up(Error::Closed);
            }
        }
        open.opened().await?;
        Ok(open)
    }

    fn enter(
        &self,
        swarm: &Arc<Inner>,
        broker: &dyn Broker,
        name: &Name,
        terms: Terms,
    ) -> Result<(Arc<Open>, bool), Error> {
        if swarm.is_ending() {
            return Err(Error::Closed);
        }
        let mut table = self.open.lock();
        match table.entry((broker.name(), broker.address(), name.clone())) {
            Entry::Occupied(known) if known.get().terms == terms => {
                Ok((Arc::clone(known.get()), false))
            }
            Entry::Occupied(_) => Err(Error::OpenOtherwise(name.clone())),
            Entry::Vacant(place) => {
                let backend = broker.queue(name, &terms.options)?;
                let open = Open::new(name.clone(), terms, broker.name(), backend, swarm);
                Ok((Arc::clone(place.insert(open)), true))
            }
        }
    }

    /// It is closed, and may be opened anew.
    pub(super) fn forget(&self, open: &Arc<Open>) {
        self.open
            .lock()
            .retain(|_, known| !Arc::ptr_eq(known, open));
    }
}
