//! Who is restarted with whom, and when a supervisor ends by itself.

/// Which children are restarted when one of them fails.
///
/// Source: OTP's `supervisor`, restart strategies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Only the child that failed.
    #[default]
    OneForOne,
    /// All children: the others are stopped in reverse start order, then all start in order.
    OneForAll,
    /// The child that failed and those started after it.
    RestForOne,
}

/// Whether a child is started again after it has ended.
///
/// Source: OTP's `supervisor`, the `restart` key of a child specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Restart {
    /// Always.
    #[default]
    Permanent,
    /// After a failure: an error, a panic, a kill, a missed deadline.
    Transient,
    /// Never, not even when the strategy restarts its siblings.
    Temporary,
}

/// Whether a supervisor ends by itself once significant children have ended by themselves.
///
/// Source: OTP's `supervisor`, `auto_shutdown`. Such an end is [`ExitReason::Shutdown`](crate::ExitReason::Shutdown).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AutoShutdown {
    /// It does not; significant children are refused.
    #[default]
    Never,
    /// When any significant child ends by itself and is not restarted.
    AnySignificant,
    /// When the last running significant child ends by itself and is not restarted.
    AllSignificant,
}

/// What a child is; decides its default [`Shutdown`](crate::Shutdown) and how it is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An actor that does work.
    #[default]
    Worker,
    /// A supervisor with children of its own.
    Supervisor,
}
