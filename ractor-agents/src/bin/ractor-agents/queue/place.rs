//! Where queues are.

use ractor_agents::queue::{Broker, Embedded};

use crate::Failure;

/// The broker that an operator names: by a folder, or by the address of a server.
pub(super) fn broker(at: &str) -> Result<Box<dyn Broker>, Failure> {
    let Some((scheme, _)) = at.split_once("://") else {
        return Ok(Box::new(Embedded::in_folder(at)));
    };
    match scheme {
        #[cfg(feature = "redis")]
        "redis" | "rediss" => Ok(Box::new(ractor_agents::queue::Redis::at(at)?)),
        #[cfg(feature = "rabbitmq")]
        "amqp" | "amqps" => Ok(Box::new(ractor_agents::queue::RabbitMq::at(at)?)),
        _ => {
            let known = "`redis` for redis://, `rabbitmq` for amqp://";
            let text = format!(
                "{scheme}://: this program was built without that broker; the features are {known}"
            );
            Err(Failure::Refused(text))
        }
    }
}
