//! Where queues are.

use ractor_agents::queue::{Backend, Embedded, Name};

use crate::Failure;

/// A broker, as operators name it.
pub(super) enum Place {
    Folder(Embedded),
}

impl Place {
    pub(super) fn of(at: &str) -> Result<Self, Failure> {
        if let Some((scheme, _)) = at.split_once("://") {
            let text = format!("this program was built without a broker for {scheme}://");
            return Err(Failure::Refused(text));
        }
        Ok(Self::Folder(Embedded::in_folder(at)))
    }

    pub(super) fn queues(&self) -> Result<Vec<Name>, Failure> {
        match self {
            Self::Folder(broker) => broker.queues().map_err(|error| {
                Failure::Failed(format!("{}: {error}", broker.folder().display()))
            }),
        }
    }

    pub(super) fn queue(&self, name: &Name) -> Box<dyn Backend> {
        match self {
            Self::Folder(broker) => broker.operate(name),
        }
    }
}
