//! What agents can do, and what is asked of them.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use semver::{Version, VersionReq};

/// The longest name, in bytes. Source: a guess, long enough for a path.
pub(super) const NAME_MAX: usize = 128;

/// Something an agent can do: a name, perhaps a version, perhaps what it costs and how much of it can be had.
///
/// Written `summarise` or `summarise@2.1`: what is missing of the version is zero. A name is 1 to 128 bytes long, without
/// `@` and without white space at its ends.
///
/// # Examples
/// ```
/// use ractor_agents::registry::{Capability, Requirement};
///
/// let offered: Capability = "summarise@2.1".parse()?;
/// let offered = offered.cost(0.4).limit("tokens", 8_000.0);
///
/// let asked: Requirement = "summarise@^2".parse()?;
/// assert!(asked.at_least("tokens", 4_000.0).accepts(&offered));
/// let newer: Requirement = "summarise@>=2.2, <4".parse()?;
/// assert!(!newer.accepts(&offered));
/// # Ok::<(), ractor_agents::registry::CapabilityError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Capability {
    name: Arc<str>,
    version: Option<Version>,
    cost: f64,
    limits: Vec<(Arc<str>, f64)>,
}

impl Capability {
    /// Its name, without the version.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its version, if it has one.
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// What one request costs, in whatever unit the swarm counts: a strategy may prefer the cheap, and nothing else is made of it.
    /// Default: 0.
    pub fn cost(mut self, cost: f64) -> Self {
        self.cost = cost;
        self
    }

    /// What one request costs.
    pub fn costs(&self) -> f64 {
        self.cost
    }

    /// How much of something it bears, for [`Requirement::at_least`]: a context window, a size. Default: nothing of anything.
    pub fn limit(mut self, of: impl Into<Arc<str>>, most: f64) -> Self {
        self.limits.push((of.into(), most));
        self
    }

    /// How much of something it bears, if that was said.
    pub fn limit_of(&self, of: &str) -> Option<f64> {
        let mut limits = self.limits.iter().rev();
        limits
            .find(|(name, _)| **name == *of)
            .map(|(_, most)| *most)
    }
}

impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        let (name, version) = split(text)?;
        let version = version.map(|version| {
            parse_version(version).map_err(|error| CapabilityError::Version {
                text: text.to_owned(),
                reason: error.to_string(),
            })
        });
        Ok(Self {
            name: name.into(),
            version: version.transpose()?,
            cost: 0.0,
            limits: Vec::new(),
        })
    }
}

impl TryFrom<&str> for Requirement {
    type Error = CapabilityError;

    fn try_from(text: &str) -> Result<Self, CapabilityError> {
        text.parse()
    }
}

impl TryFrom<&str> for Capability {
    type Error = CapabilityError;

    fn try_from(text: &str) -> Result<Self, CapabilityError> {
        text.parse()
    }
}

impl TryFrom<String> for Capability {
    type Error = CapabilityError;

    fn try_from(text: String) -> Result<Self, CapabilityError> {
        text.parse()
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            None => f.write_str(&self.name),
            Some(version) => write!(f, "{}@{version}", self.name),
        }
    }
}

/// What is asked for: a name, perhaps a range of versions, perhaps how much of something.
///
/// Written `summarise`, which any version meets and none too, or with a range as Cargo has it: `summarise@2` is the same as
/// `summarise@^2`, and `summarise@>=1.2, <3` is possible. What has no version meets no range.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    name: Arc<str>,
    range: Option<VersionReq>,
    least: Vec<(Arc<str>, f64)>,
}

impl Requirement {
    /// The name, without the range.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Asks for agents that bear so much of something; see [`Capability::limit`]. Default: no such demand.
    pub fn at_least(mut self, of: impl Into<Arc<str>>, amount: f64) -> Self {
        self.least.push((of.into(), amount));
        self
    }

    /// Whether `offered` is enough.
    pub fn accepts(&self, offered: &Capability) -> bool {
        let is_in_range = match (&self.range, &offered.version) {
            (None, _) => true,
            (Some(range), Some(version)) => range.matches(version),
            (Some(_), None) => false,
        };
        let mut least = self.least.iter();
        self.name == offered.name
            && is_in_range
            && least.all(|(of, amount)| offered.limit_of(of).is_some_and(|most| most >= *amount))
    }
}

impl FromStr for Requirement {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        let (name, range) = split(text)?;
        let range = range.map(|range| {
            VersionReq::parse(range).map_err(|error| CapabilityError::Range {
                text: text.to_owned(),
                reason: error.to_string(),
            })
        });
        Ok(Self {
            name: name.into(),
            range: range.transpose()?,
            least: Vec::new(),
        })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(range) = &self.range {
            write!(f, "@{range}")?;
        }
        for (of, amount) in &self.least {
            write!(f, ", {of} >= {amount}")?;
        }
        Ok(())
    }
}

/// Why a text is no capability, or no requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CapabilityError {
    /// The name is empty, too long, or has white space at an end.
    #[error(
        "{text:?} has no name of 1 to {NAME_MAX} bytes without spaces around it; write name or name@version"
    )]
    Name {
        /// What was written.
        text: String,
    },
    /// The version is none.
    #[error("{text:?} has a version that is none, such as 2, 2.1 or 2.1.0: {reason}")]
    Version {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The range of versions is none.
    #[error(
        "{text:?} has a range of versions that is none, such as 2, ^2.1 or >=1.2, <3: {reason}"
    )]
    Range {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<Infallible> for CapabilityError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The name, and what is behind the first `@`.
fn split(text: &str) -> Result<(&str, Option<&str>), CapabilityError> {
    let (name, version) = match text.split_once('@') {
        None => (text, None),
        Some((name, version)) => (name, Some(version)),
    };
    if name.is_empty() || name.len() > NAME_MAX || name.trim() != name {
        return Err(CapabilityError::Name {
            text: text.chars().take(NAME_MAX).collect(),
        });
    }
    Ok((name, version))
}

/// A version of which only the first number need be given.
fn parse_version(text: &str) -> Result<Version, semver::Error> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let dots = text.split('.').count();
    if dots < 3 && text.split('.').all(is_number) {
        let missing = ".0".repeat(3 - dots);
        return Version::parse(&format!("{text}{missing}"));
    }
    Version::parse(text)
}

#[cfg(test)]
mod tests {
    use super::{Capability, CapabilityError, Requirement};

    fn meets(offered: &str, asked: &str) -> bool {
        let offered: Capability = offered.parse().expect("a capability");
        let asked: Requirement = asked.parse().expect("a requirement");
        asked.accepts(&offered)
    }

    #[test]
    fn a_range_is_met_by_the_versions_in_it() {
        for (offered, asked) in [
            ("a", "a"),
            ("a@2", "a"),
            ("a@2", "a@2"),
            ("a@2.7.1", "a@^2.3"),
            ("a@2.7.1", "a@>=1.2, <3"),
            ("a@0.4.2", "a@~0.4"),
            ("a@2.0.0-beta.1", "a@=2.0.0-beta.1"),
        ] {
            assert!(meets(offered, asked), "{offered} {asked}");
        }
        for (offered, asked) in [
            ("a", "b"),
            ("a", "a@*"),
            ("a@3", "a@2"),
            ("a@2.2", "a@^2.3"),
            ("a@0.5", "a@^0.4"),
            ("a@2.0.0-beta.1", "a@^2"),
        ] {
            assert!(!meets(offered, asked), "{offered} {asked}");
        }
    }

    #[test]
    fn limits_have_to_reach_what_is_asked_for() {
        let offered: Capability = "a".parse().expect("a capability");
        let offered = offered.limit("tokens", 10.0);
        let asked: Requirement = "a".parse().expect("a requirement");
        assert!(asked.clone().at_least("tokens", 10.0).accepts(&offered));
        assert!(!asked.clone().at_least("tokens", 11.0).accepts(&offered));
        assert!(!asked.at_least("pages", 1.0).accepts(&offered));
    }

    #[test]
    fn what_is_none_is_told_with_what_is_wrong() {
        for text in ["", "@2", " a", "a ", &"a".repeat(129)] {
            let error = text.parse::<Capability>();
            assert!(matches!(error, Err(CapabilityError::Name { .. })), "{text}");
        }
        for text in ["a@", "a@two", "a@2.", "a@1.2.3.4", "a@-1", "a@2@3"] {
            let error = text.parse::<Capability>();
            assert!(
                matches!(error, Err(CapabilityError::Version { .. })),
                "{text}"
            );
        }
        let error = "a@two".parse::<Requirement>();
        assert!(matches!(error, Err(CapabilityError::Range { .. })));
    }

    #[test]
    fn both_are_written_as_they_are_read() {
        for text in ["a", "a@2.1.0"] {
            let capability: Capability = text.parse().expect("a capability");
            assert_eq!(capability.to_string(), text);
        }
        let asked: Requirement = "a@^2".parse().expect("a requirement");
        let asked = asked.at_least("tokens", 10.0);
        assert_eq!(asked.to_string(), "a@^2, tokens >= 10");
    }
}
