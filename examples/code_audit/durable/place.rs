//! Where the queues of an audit are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use ractor_agents::queue::{Broker, Embedded};

/// The place that `--queue` names, with its broker.
#[derive(Clone, Debug)]
pub struct Place {
    pub broker: Arc<dyn Broker>,
    /// Where it is a folder.
    pub folder: Option<PathBuf>,
}

/// Why there can be no queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is no address of a server.
    #[cfg(any(feature = "redis", feature = "rabbitmq"))]
    #[error("{0}")]
    Address(String),
    /// There is a broker for it, and it was not built in.
    #[cfg(not(all(feature = "redis", feature = "rabbitmq")))]
    #[error(
        "queues at {scheme}:// need the feature `{feature}` of ractor-agents, which this program was built without"
    )]
    Feature {
        /// What the place begins with.
        scheme: String,
        /// What is missing.
        feature: &'static str,
    },
    /// There is no broker for it.
    #[error("there are no queues at {scheme}://: name a folder, redis://… or amqp://…")]
    Scheme {
        /// What the place begins with.
        scheme: String,
    },
}

/// How large the files of a queue are: small, since there are three queues and most audits are. The longest message takes 0.6 MB.
const SEGMENT_BYTES: u32 = 4 << 20;

/// The namespace of the queues, and the folder that they are in below the one that was named.
pub const NAMESPACE: &str = "code-audit";

/// The queue that says which audit it is.
pub const AUDIT: &str = "audit";

impl Place {
    /// The broker that `place` names: by its scheme, else it is a folder.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn find(place: &OsStr) -> Result<Self, Unusable> {
        let scheme = place.to_str().and_then(|text| text.split_once("://"));
        match scheme {
            None => Ok(Self::folder(Path::new(place))),
            Some((scheme @ ("redis" | "rediss"), _)) => redis(scheme, place),
            Some((scheme @ ("amqp" | "amqps"), _)) => rabbitmq(scheme, place),
            Some((scheme, _)) => Err(Unusable::Scheme {
                scheme: scheme.to_owned(),
            }),
        }
    }

    #[cfg(any(feature = "redis", feature = "rabbitmq"))]
    fn server(broker: Result<impl Broker, ractor_agents::queue::Error>) -> Result<Self, Unusable> {
        let broker = broker.map_err(|error| Unusable::Address(error.to_string()))?;
        Ok(Self {
            broker: Arc::new(broker),
            folder: None,
        })
    }

    fn folder(folder: &Path) -> Self {
        let broker = Embedded::in_folder(folder).segment_bytes(SEGMENT_BYTES);
        Self {
            broker: Arc::new(broker),
            folder: Some(folder.to_owned()),
        }
    }

    /// Takes away what the queues have left in their folder, and the folder, if nothing else is in it.
    ///
    /// # Errors
    /// What the system says.
    pub fn clear(&self) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let own = folder.join(NAMESPACE);
        // First what says which audit it is: from then on the next one is another.
        fs::remove_dir_all(own.join(AUDIT))?;
        fs::remove_dir_all(own)?;
        match fs::remove_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(feature = "redis")]
fn redis(_: &str, address: &OsStr) -> Result<Place, Unusable> {
    Place::server(ractor_agents::queue::Redis::at(&address.to_string_lossy()))
}

#[cfg(not(feature = "redis"))]
fn redis(scheme: &str, _: &OsStr) -> Result<Place, Unusable> {
    Err(missing(scheme, "redis"))
}

#[cfg(feature = "rabbitmq")]
fn rabbitmq(_: &str, address: &OsStr) -> Result<Place, Unusable> {
    Place::server(ractor_agents::queue::RabbitMq::at(
        &address.to_string_lossy(),
    ))
}

#[cfg(not(feature = "rabbitmq"))]
fn rabbitmq(scheme: &str, _: &OsStr) -> Result<Place, Unusable> {
    Err(missing(scheme, "rabbitmq"))
}

#[cfg(not(all(feature = "redis", feature = "rabbitmq")))]
fn missing(scheme: &str, feature: &'static str) -> Unusable {
    Unusable::Feature {
        scheme: scheme.to_owned(),
        feature,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_a_folder() {
        for folder in ["queue", "/tmp/queue", "C:\\queue", "a:b"] {
            let place = Place::find(folder.as_ref()).unwrap();
            assert_eq!(place.folder.as_deref(), Some(Path::new(folder)));
            assert_eq!(place.broker.name(), "embedded");
        }
    }

    #[test]
    fn an_address_without_a_broker_is_refused_by_name() {
        for (address, part) in [
            #[cfg(not(feature = "redis"))]
            ("redis://localhost", "`redis`"),
            ("rediss://:secret@localhost", "redis"),
            #[cfg(not(feature = "rabbitmq"))]
            ("amqp://localhost", "`rabbitmq`"),
            ("kafka://localhost", "redis://"),
        ] {
            let error = Place::find(address.as_ref()).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn only_what_is_the_queues_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let queue = folder.path().join("queue");
        let place = Place::find(queue.as_os_str()).unwrap();
        let fill = || fs::create_dir_all(queue.join(NAMESPACE).join(AUDIT)).unwrap();
        fill();
        fs::write(queue.join("mine"), "").unwrap();
        place.clear().unwrap();
        assert!(queue.join("mine").exists() && !queue.join(NAMESPACE).exists());
        fs::remove_file(queue.join("mine")).unwrap();
        fill();
        place.clear().unwrap();
        assert!(!queue.exists());
    }
}
