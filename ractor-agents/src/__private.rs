//! What the code calls that [`#[agent]`](macro@crate::agent) writes. Nobody else may: it changes with the attribute.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::path::{Path, PathBuf};

/// A disk in memory whose power can be cut, for the suites of this workspace.
#[cfg(feature = "_simulate")]
pub mod simulate {
    pub use crate::queue::embedded::log::simulate::{Counts, Fault, Simulated};
}

/// A parameter that a message method takes by value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is taken by value, but is not `Clone`",
    label = "taken out of the message by cloning it",
    note = "a message stays in its envelope while it is handled, so that a further attempt finds it whole",
    note = "take the parameter by reference, as `&{Self}`, or derive `Clone` for `{Self}`"
)]
pub trait ByValue {
    /// A copy for the method.
    fn by_value(part: &Self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> ByValue for T {
    fn by_value(part: &T) -> T {
        part.clone()
    }
}

/// A parameter that a message method takes by reference, where its name leaves open whether it has a known size.
pub trait Lent {
    /// What the message holds.
    type Owned;
}

impl<T> Lent for T {
    type Owned = T;
}

impl Lent for Path {
    type Owned = PathBuf;
}

impl Lent for OsStr {
    type Owned = OsString;
}

impl Lent for CStr {
    type Owned = CString;
}
