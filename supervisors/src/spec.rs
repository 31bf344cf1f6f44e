//! What a supervisor knows about a child before it runs.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorCell};
use tokio::runtime::Handle;

use crate::engine::{Policy, Tuning};
use crate::supervisor::{SupervisorRef, Wish};
use crate::{
    AutoShutdown, Backoff, ChildId, Intensity, Kind, Restart, Shutdown, SpecError, Start,
    StartContext, StartError, Watch, spawn_later,
};

/// How a child is asked to stop, when ractor's own `stop` is not the way.
pub type Stop = Arc<dyn Fn(&ActorCell) + Send + Sync>;

/// A child specification: data, checked before anything is started.
///
/// | setting | default |
/// |---|---|
/// | [`restart`](Self::restart) | [`Restart::Permanent`] |
/// | [`significant`](Self::significant) | no |
/// | [`shutdown`](Self::shutdown) | [`Shutdown::WORKER`] or [`Shutdown::SUPERVISOR`] |
/// | [`kind`](Self::kind) | [`Kind::Worker`] |
/// | [`backoff`](Self::backoff), [`intensity`](Self::intensity) | the supervisor's |
/// | [`runtime`](Self::runtime) | the one the supervisor gives its children |
/// | [`stop_with`](Self::stop_with) | ractor's `stop` |
/// | [`watch`](Self::watch) | none |
#[derive(Clone)]
pub struct ChildSpec {
    pub(crate) id: ChildId,
    pub(crate) start: Arc<dyn Start>,
    pub(crate) restart: Restart,
    pub(crate) significant: bool,
    pub(crate) shutdown: Option<Shutdown>,
    pub(crate) kind: Kind,
    pub(crate) runtime: Option<Handle>,
    pub(crate) watch: Option<Arc<dyn Watch>>,
    pub(crate) stop: Option<Stop>,
    pub(crate) tuning: Option<Box<Tuning>>,
    pub(crate) nested: Option<SupervisorRef>,
}

impl ChildSpec {
    /// Specifies a child by its start function.
    pub fn new(id: impl Into<ChildId>, start: impl Start) -> Self {
        Self::from_arc(id, Arc::new(start))
    }

    /// Specifies a child by a start function that others hold too.
    pub fn from_arc(id: impl Into<ChildId>, start: Arc<dyn Start>) -> Self {
        Self {
            id: id.into(),
            start,
            restart: Restart::default(),
            significant: false,
            shutdown: None,
            kind: Kind::default(),
            runtime: None,
            watch: None,
            stop: None,
            tuning: None,
            nested: None,
        }
    }

    /// Specifies a ractor actor, made anew by `make` for each start.
    ///
    /// The child counts as started once its `pre_start` is over. A `pre_start` that fails, panics, is killed or takes longer than
    /// the supervisor's start deadline is a failed start.
    pub fn actor<A: Actor>(
        id: impl Into<ChildId>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    ) -> Self {
        Self::new(
            id,
            move |cx: &StartContext<'_>| -> Result<ActorCell, StartError> {
                let (actor, arguments) = make();
                spawn_later(actor, arguments, cx)
            },
        )
    }

    /// Specifies a supervisor as a child.
    ///
    /// Make the supervisor's handle first if you need it: `let handle = builder.into_ref();`. It stays valid over restarts.
    pub fn supervisor(id: impl Into<ChildId>, supervisor: impl Into<SupervisorRef>) -> Self {
        let nested: SupervisorRef = supervisor.into();
        let start = nested.clone();
        let stop = nested.clone();
        let mut spec = Self::new(id, move |cx: &StartContext<'_>| start.start_under(cx))
            .kind(Kind::Supervisor);
        spec.stop = Some(Arc::new(move |_: &ActorCell| stop.ask_for(Wish::End)));
        spec.nested = Some(nested);
        spec
    }

    /// When the child is started again.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Whether the child's own end may shut its supervisor down.
    pub fn significant(mut self, significant: bool) -> Self {
        self.significant = significant;
        self
    }

    /// How long the child may take to stop.
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = Some(shutdown);
        self
    }

    /// What the child is.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The waits between this child's restarts.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.tuning.get_or_insert_default().backoff = Some(backoff);
        self
    }

    /// This child's own restart intensity; used by supervisors that count per child.
    pub fn intensity(mut self, intensity: Intensity) -> Self {
        self.tuning.get_or_insert_default().intensity = Some(intensity);
        self
    }

    /// The runtime the child runs on.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Lets the supervisor watch the child's work in flight.
    pub fn watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// How the child is asked to stop. It must be quick; the child's end is waited for, and forced, by the supervisor.
    pub fn stop_with(mut self, stop: Stop) -> Self {
        self.stop = Some(stop);
        self
    }

    /// The child's name.
    pub fn id(&self) -> &ChildId {
        &self.id
    }

    /// The handle of the supervisor this child is, if it is one.
    pub fn nested(&self) -> Option<&SupervisorRef> {
        self.nested.as_ref()
    }

    /// The part the engine decides by.
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            restart: self.restart,
            significant: self.significant,
            kind: self.kind,
            shutdown: self.shutdown.unwrap_or(match self.kind {
                Kind::Worker => Shutdown::WORKER,
                Kind::Supervisor => Shutdown::SUPERVISOR,
            }),
            root: false,
            tuning: self.tuning.clone(),
        }
    }

    /// Checks this specification alone.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn validate(&self, auto_shutdown: AutoShutdown) -> Result<(), SpecError> {
        if self.id.is_empty() {
            return Err(SpecError::EmptyId);
        }
        if self.significant && self.restart == Restart::Permanent {
            return Err(SpecError::SignificantPermanent {
                id: self.id.clone(),
            });
        }
        if self.significant && auto_shutdown == AutoShutdown::Never {
            return Err(SpecError::SignificantWithoutAutoShutdown {
                id: self.id.clone(),
            });
        }
        if let Some(Shutdown::Timeout(limit)) = self.shutdown {
            if limit.is_zero() {
                return Err(SpecError::ZeroShutdown {
                    id: self.id.clone(),
                });
            }
            check_duration("the shutdown limit", limit)?;
        }
        if let Some(tuning) = &self.tuning {
            tuning.intensity.map_or(Ok(()), check_intensity)?;
            tuning.backoff.map_or(Ok(()), check_backoff)?;
        }
        Ok(())
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec")
            .field("id", &self.id)
            .field("restart", &self.restart)
            .field("significant", &self.significant)
            .field("shutdown", &self.shutdown)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Checks the children of a static supervisor, without starting anything.
///
/// # Errors
/// The first thing that is wrong with them.
pub fn validate_specs(specs: &[ChildSpec], auto_shutdown: AutoShutdown) -> Result<(), SpecError> {
    let mut seen = HashSet::with_capacity(specs.len());
    for spec in specs {
        spec.validate(auto_shutdown)?;
        if !seen.insert(&spec.id) {
            return Err(SpecError::DuplicateId {
                id: spec.id.clone(),
            });
        }
    }
    if auto_shutdown != AutoShutdown::Never && !specs.iter().any(|spec| spec.significant) {
        return Err(SpecError::AutoShutdownWithoutSignificant);
    }
    Ok(())
}

/// The longest time any setting may name: a year. Longer ones are mistakes, and clocks overflow on the largest.
const LONGEST: Duration = Duration::from_hours(365 * 24);

pub(crate) fn check_duration(what: &'static str, value: Duration) -> Result<(), SpecError> {
    if value.is_zero() || value > LONGEST {
        Err(SpecError::OutOfRange { what, value })
    } else {
        Ok(())
    }
}

pub(crate) fn check_intensity(intensity: Intensity) -> Result<(), SpecError> {
    if intensity.restarts > Intensity::RESTARTS_MAX {
        return Err(SpecError::IntensityTooLarge {
            restarts: intensity.restarts,
            max: Intensity::RESTARTS_MAX,
        });
    }
    check_duration("the restart period", intensity.period)
}

pub(crate) fn check_backoff(backoff: Backoff) -> Result<(), SpecError> {
    if backoff.base > backoff.cap {
        return Err(SpecError::BackoffAboveCap {
            base: backoff.base,
            cap: backoff.cap,
        });
    }
    if backoff.base.is_zero() {
        Ok(())
    } else {
        check_duration("the backoff's cap", backoff.cap)
    }
}
