//! What a case reports.

use std::fmt;
use std::panic::Location;

/// A promise that a broker has not kept, or an error where none belongs: what was claimed, what there was, and the line of the suite.
pub struct Breach {
    what: Box<str>,
    at: &'static Location<'static>,
}

impl Breach {
    #[track_caller]
    pub(super) fn new(what: impl Into<Box<str>>) -> Self {
        Self {
            what: what.into(),
            at: Location::caller(),
        }
    }

    /// The same, told to have been found there.
    pub(super) fn at(self, at: &'static Location<'static>) -> Self {
        Self { at, ..self }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.what, self.at.file(), self.at.line())
    }
}

impl fmt::Debug for Breach {
    /// As it is displayed: a test that fails with it shows this.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Breach {}

macro_rules! from_errors {
    ($($error:ty),+) => {$(
        impl From<$error> for Breach {
            #[track_caller]
            fn from(error: $error) -> Self {
                Self::new(format!("an error where none belongs: {error}"))
            }
        }
    )+};
}

from_errors!(
    crate::queue::Error,
    crate::queue::NameError,
    crate::swarm::BuildError,
    crate::codec::CodecError,
    crate::message::TooManyHeaders,
    tokio::task::JoinError
);

/// What a case, or a step of it, comes to.
pub(super) type Verdict<T = ()> = Result<T, Breach>;

/// It is so.
#[track_caller]
pub(super) fn claim(is_so: bool, what: impl Into<Box<str>>) -> Verdict {
    if is_so {
        Ok(())
    } else {
        Err(Breach::new(what))
    }
}

/// Both are equal.
#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "what is compared is mostly made for it"
)]
pub(super) fn equal<T: PartialEq + fmt::Debug>(found: T, expected: T, what: &str) -> Verdict {
    if found == expected {
        return Ok(());
    }
    Err(Breach::new(format!(
        "{what}: expected {expected:?}, found {found:?}"
    )))
}

/// The answer is such an error.
#[track_caller]
pub(super) fn fails<T, E: fmt::Display>(
    answer: Result<T, E>,
    is_such: impl FnOnce(&E) -> bool,
    what: &str,
) -> Verdict {
    match answer {
        Err(error) if is_such(&error) => Ok(()),
        Err(error) => Err(Breach::new(format!("{what}: the error is \"{error}\""))),
        Ok(_) => Err(Breach::new(format!("{what}: it was done"))),
    }
}
