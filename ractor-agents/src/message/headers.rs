//! Small pieces of text that travel with a message.

use std::fmt;

/// Names and values that travel with a message: a tenant, a locale, a correlation id.
///
/// At most [`Headers::COUNT_MAX`] entries of together [`Headers::BYTES_MAX`] bytes; more are refused when they are
/// added, so that an envelope stays bounded. `Debug` shows names and never values: they may be secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    entries: Vec<(Box<str>, Box<str>)>,
}

/// Headers that would not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "headers hold at most {} entries and {} bytes",
    Headers::COUNT_MAX,
    Headers::BYTES_MAX
)]
pub struct TooManyHeaders(());

impl Headers {
    /// How many entries fit. Source: a guess, well above what trace, tenant and locale need.
    pub const COUNT_MAX: usize = 32;
    /// How many bytes of names and values fit. Source: the usual 8 KiB limit of HTTP servers.
    pub const BYTES_MAX: usize = 8 * 1024;

    /// Sets `name` to `value`, replacing an earlier value.
    ///
    /// # Errors
    /// [`TooManyHeaders`] when the limits would be passed; the headers stay as they were.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), TooManyHeaders> {
        let others = self.entries.iter().filter(|(key, _)| &**key != name);
        let (count, bytes) = others.fold((0, 0), |(count, bytes), (key, value)| {
            (count + 1, bytes + key.len() + value.len())
        });
        if count >= Self::COUNT_MAX || bytes + name.len() + value.len() > Self::BYTES_MAX {
            return Err(TooManyHeaders(()));
        }
        match self.entries.iter_mut().find(|(key, _)| &**key == name) {
            Some((_, old)) => *old = value.into(),
            None => self.entries.push((name.into(), value.into())),
        }
        Ok(())
    }

    /// The value of `name`, if it was set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Names and values in the order in which they were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether nothing was set.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.entries.iter().map(|(name, _)| name))
            .finish()
    }
}
