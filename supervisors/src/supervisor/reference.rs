//! The handle on a supervisor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ractor::{ActorCell, ActorRuntime};
use tokio::sync::oneshot;

use super::input::{Answer, Batch};
use super::shared::{ShutdownRequest, State};
use super::{Input, Reply, Settings, Shared, Shell, Wish};
use crate::engine::{ChildInfo, Command, Counts};
use crate::event::Events;
use crate::system::Core;
use crate::tree::{Tree, TreeEvents};
use crate::{
    ChildId, ChildSpec, CommandError, ExitReason, Report, SpecError, StartContext, StartError,
};

/// A handle on a supervisor: cheap to clone, valid for as long as anybody holds it.
///
/// The child table and the queue of commands belong to the handle, not to the supervisor's actor. When that actor is killed and
/// restarted by its parent, the children come back by their specifications and commands that wait are carried out: whoever
/// awaits one gets an answer. Commands given before the supervisor is started wait for its start.
#[derive(Clone)]
pub struct SupervisorRef {
    shared: Arc<Shared>,
}

impl SupervisorRef {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            shared: Shared::new(settings),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Starts a child and waits until its start is over.
    ///
    /// # Errors
    /// [`CommandError::StartFailed`] and [`CommandError::Ignored`] leave no trace in the table; [`CommandError::AlreadyStarted`] and
    /// [`CommandError::AlreadyPresent`] name a child there is; [`CommandError::Spec`], [`CommandError::Closed`], [`CommandError::Overloaded`].
    ///
    /// # Cancel safety
    /// A dropped call does not take the command back: the child is started all the same.
    pub async fn start_child(&self, spec: ChildSpec) -> Result<ActorCell, CommandError> {
        self.ask(|answer| Input::Add {
            spec: Box::new(spec),
            reply: Reply::Child(answer),
        })
        .await
    }

    /// Starts many children by one command and waits until all starts are over; one result for each, in order.
    ///
    /// # Errors
    /// Each child's as for [`start_child`](Self::start_child).
    ///
    /// # Cancel safety
    /// A dropped call does not take the command back: the children are started all the same.
    pub async fn start_children(
        &self,
        specs: Vec<ChildSpec>,
    ) -> Vec<Result<ActorCell, CommandError>> {
        let count = specs.len();
        if count == 0 {
            return Vec::new();
        }
        let (sender, receiver) = oneshot::channel();
        let batch = Batch::new(count, sender);
        let refused = match self.shared.submit(Input::AddMany {
            specs: specs.into_iter(),
            batch,
            next: 0,
        }) {
            Ok(()) => match receiver.await {
                Ok(results) => return results,
                Err(_) => CommandError::Closed,
            },
            Err(error) => error,
        };
        vec![Err(refused); count]
    }

    /// Stops a child within its shutdown limit and waits until it is gone.
    ///
    /// A static supervisor keeps its specification, unless the child is temporary; a dynamic one forgets it. A child that waits for
    /// a restart is not restarted any more.
    ///
    /// # Errors
    /// [`CommandError::NotFound`], [`CommandError::Closed`], [`CommandError::Overloaded`].
    ///
    /// # Cancel safety
    /// A dropped call does not take the command back.
    pub async fn terminate_child(&self, id: &ChildId) -> Result<(), CommandError> {
        self.ask(|answer| Input::Command {
            command: Command::Terminate(id.clone()),
            reply: Reply::Done(answer),
        })
        .await
    }

    /// Starts a child again that is in the table, not running.
    ///
    /// # Errors
    /// [`CommandError::NotFound`], [`CommandError::Running`], [`CommandError::Restarting`], [`CommandError::StartFailed`] (the child stays as it
    /// was), [`CommandError::Closed`], [`CommandError::Overloaded`].
    ///
    /// # Cancel safety
    /// A dropped call does not take the command back.
    pub async fn restart_child(&self, id: &ChildId) -> Result<ActorCell, CommandError> {
        self.ask(|answer| Input::Command {
            command: Command::Restart(id.clone()),
            reply: Reply::Child(answer),
        })
        .await
    }

    /// Forgets a child that is not running.
    ///
    /// # Errors
    /// [`CommandError::NotFound`], [`CommandError::Running`], [`CommandError::Restarting`], [`CommandError::Closed`], [`CommandError::Overloaded`].
    ///
    /// # Cancel safety
    /// A dropped call does not take the command back.
    pub async fn delete_child(&self, id: &ChildId) -> Result<(), CommandError> {
        self.ask(|answer| Input::Command {
            command: Command::Delete(id.clone()),
            reply: Reply::Done(answer),
        })
        .await
    }

    /// Lists the children in start order.
    ///
    /// # Errors
    /// [`CommandError::Closed`], [`CommandError::Overloaded`].
    ///
    /// # Cancel safety
    /// Cancel safe: nothing changes.
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, CommandError> {
        self.ask(|answer| Input::Command {
            command: Command::Which,
            reply: Reply::Children(answer),
        })
        .await
    }

    /// Counts the children.
    ///
    /// # Errors
    /// [`CommandError::Closed`], [`CommandError::Overloaded`].
    ///
    /// # Cancel safety
    /// Cancel safe: nothing changes.
    pub async fn count_children(&self) -> Result<Counts, CommandError> {
        self.ask(|answer| Input::Command {
            command: Command::Count,
            reply: Reply::Counts(answer),
        })
        .await
    }

    /// The actor of a child, if it has one now. Already stale when it returns.
    pub fn child(&self, id: &ChildId) -> Option<ActorCell> {
        let state = self.shared.state.lock();
        let key = state.engine.find(id)?;
        state.slot(key)?.cell.clone()
    }

    /// The supervisor among the children that has this name.
    pub fn supervisor(&self, id: &ChildId) -> Option<SupervisorRef> {
        let state = self.shared.state.lock();
        let key = state.engine.find(id)?;
        state.slot(key)?.nested.clone()
    }

    /// Finds an actor below by its path, names separated by `/`, such as `"agents/7"`. Names are local to this tree.
    ///
    /// A segment of digits is tried as a number first, then as a text.
    pub fn where_is(&self, path: &str) -> Option<ActorCell> {
        let (first, rest) = match path.split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let number = first.parse::<u64>().ok().map(ChildId::from);
        [number, Some(ChildId::from(first))]
            .into_iter()
            .flatten()
            .find_map(|id| match rest {
                None => self.child(&id),
                Some(rest) => self.supervisor(&id)?.where_is(rest),
            })
    }

    /// A stream of what the supervisor does from now on; not of what supervisors below it do.
    pub fn events(&self) -> Events {
        Events::new(self.shared.subscribe())
    }

    /// A stream of what the supervisor and all supervisors below it do from now on, each event with the path of the one it comes
    /// from. A receiver may lag [`EVENTS_MAX`](crate::EVENTS_MAX) behind, for the whole tree.
    ///
    /// Of an end for good of this supervisor itself, [`ended`](Self::ended) tells; the stream is over then.
    ///
    /// # Examples
    /// ```
    /// # use supervisors::{ChildSpec, DynamicSupervisor, Event, Supervisor, System};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let system = System::new()?;
    /// let pool = ChildSpec::supervisor("pool", DynamicSupervisor::new());
    /// let tree = system.start(Supervisor::one_for_one().child(pool)).await?;
    /// let mut events = tree.tree_events();
    ///
    /// // Somebody kills the pool. Its supervisor sees it end; the pool itself says that it is back.
    /// tree.tree().get("pool").ok_or("no pool")?.kill();
    /// let seen = events.recv().await?;
    /// assert!(seen.path.is_top() && matches!(seen.event, Event::Exited { .. }));
    /// let back = events.recv().await?;
    /// assert_eq!(back.path.to_string(), "pool");
    /// assert_eq!(back.event, Event::Resumed { life: 2 });
    /// # Ok(())
    /// # }
    /// ```
    pub fn tree_events(&self) -> TreeEvents {
        self.shared.branch.subscribe(self.shared.ended.subscribe())
    }

    /// What the tree from this supervisor down looks like now: [`which_children`](Self::which_children), level by level.
    ///
    /// It asks no actor, so it answers also while a supervisor is being restarted; that one is then shown with what it had. Each
    /// supervisor's table is read under that supervisor's lock, one after the other: no one instant of the whole. 20,000 children
    /// take 14 ms (measured, debug build), for which their supervisor, and who asks it something, waits.
    ///
    /// # Examples
    /// ```
    /// # use supervisors::{ChildSpec, DynamicSupervisor, Supervisor, System};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let system = System::new()?;
    /// let pool = ChildSpec::supervisor("pool", DynamicSupervisor::new());
    /// let tree = system.start(Supervisor::one_for_one().child(pool)).await?;
    /// assert_eq!(
    ///     tree.tree().to_string(),
    ///     "/     supervisor  running     0 restarts\n\
    ///      pool  supervisor  running     0 restarts\n",
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn tree(&self) -> Tree {
        self.shared.tree()
    }

    /// Stops all children in reverse start order, each within its own limit, then the supervisor itself, and waits for the end.
    ///
    /// What is not over after `limit` is killed, here and below, all at the same time; what has not ended after the grace of a kill is
    /// abandoned and reported. A limit of more than a clock can hold, such as [`Duration::MAX`], is none; of several calls the one
    /// whose limit ends first counts.
    ///
    /// # How long it takes
    /// `limit` and one [`KILL_GRACE`](crate::KILL_GRACE), for as long as the supervisors themselves are served. One below another
    /// that does not end is killed too, so the most is `limit` and 2 n - 1 graces in a tree of n levels of supervisors: the lowest
    /// kills its workers and waits one grace for them; each one above allows another one for the supervisor below it to end, and
    /// a third for it to die. The work of killing comes on top: a supervisor that got on in its time gets the same time again, so
    /// that one with very many children, or on a busy machine, is not taken for one that hangs.
    ///
    /// Meant for the top of a tree. A supervisor below another is ended by its parent's [`terminate_child`](Self::terminate_child);
    /// when a permanent one shuts itself down, its parent starts it again, as OTP's does, and the call returns then.
    ///
    /// # Cancel safety
    /// A dropped call does not take the command back.
    pub async fn shutdown(&self, limit: Duration) -> Report {
        let mut ended = self.shared.ended.subscribe();
        let ends = match &*self.shared.state.lock() {
            State { life: 0, .. } => return Report::default(),
            state => state.ends,
        };
        if ended.borrow_and_update().is_some() {
            return Report::default();
        }
        let request = Input::Shutdown(ShutdownRequest::within(limit));
        if self.shared.submit(request).is_ok() {
            // Told at the end for good, and at the beginning of each life: the parent may have started it again. The sender lives in
            // `self`, so there is no error.
            while ended.changed().await.is_ok()
                && ended.borrow_and_update().is_none()
                && self.shared.state.lock().ends == ends
            {}
        }
        self.take_report()
    }

    /// Waits until the supervisor has ended for good, and says why.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing changes.
    pub async fn ended(&self) -> ExitReason {
        let mut ended = self.shared.ended.subscribe();
        match ended.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(ExitReason::Shutdown),
            Err(_) => ExitReason::Shutdown,
        }
    }

    /// The supervisor's ractor actor, if it runs now. An escape hatch: stopping it past its parent kills its children.
    pub fn cell(&self) -> Option<ActorCell> {
        self.shared.inbox.lock().cell.clone()
    }

    /// Checks the settings and the children it is made with, without starting anything.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn validate(&self) -> Result<(), SpecError> {
        self.shared.settings.validate()
    }

    async fn ask<T>(&self, input: impl FnOnce(Answer<T>) -> Input) -> Result<T, CommandError> {
        let (answer, result) = oneshot::channel();
        self.shared.submit(input(answer))?;
        result.await.unwrap_or(Err(CommandError::Closed))
    }

    /// Starts the supervisor's actor under another supervisor.
    pub(crate) fn start_under(&self, cx: &StartContext<'_>) -> Result<ActorCell, StartError> {
        let Some(home) = cx.shared.home() else {
            return Err(StartError::Failed("the parent has no system".into()));
        };
        self.prepare(home)?;
        self.shared.reopen();
        self.shared.branch.set_place(cx.id(), &cx.shared.branch);
        let _entered = home.runtime().enter();
        let shell = Shell(Arc::clone(&self.shared));
        let (actor, _) = ActorRuntime::spawn_linked_instant(
            None,
            shell,
            Some(cx.defer()),
            cx.supervisor().clone(),
        )?;
        Ok(actor.get_cell())
    }

    /// Starts the supervisor's actor at the very top.
    pub(crate) fn start_on_top(&self, home: &Arc<Core>) -> Result<(), StartError> {
        self.prepare(home)?;
        self.shared.reopen();
        let _entered = home.runtime().enter();
        ActorRuntime::spawn_instant(None, Shell(Arc::clone(&self.shared)), None)?;
        Ok(())
    }

    fn prepare(&self, home: &Arc<Core>) -> Result<(), StartError> {
        self.validate()
            .map_err(|error| StartError::Failed(error.to_string()))?;
        if self.shared.settle_in(home) {
            Ok(())
        } else {
            Err(StartError::Failed(
                "the supervisor belongs to another system".into(),
            ))
        }
    }

    /// Tells the supervisor what its parent wants of it.
    pub(crate) fn ask_for(&self, wish: Wish) {
        self.shared.push(Input::FromParent(wish));
    }

    pub(crate) fn is_root(&self) -> bool {
        self.shared.is_root()
    }

    pub(crate) fn set_root(&self) {
        self.shared.set_root();
    }

    /// What the shutdown did; to be asked for once, when the supervisor has ended.
    pub(crate) fn take_report(&self) -> Report {
        self.shared.state.lock().take_report()
    }
}

impl fmt::Debug for SupervisorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisorRef")
            .field("cell", &self.cell())
            .finish_non_exhaustive()
    }
}
