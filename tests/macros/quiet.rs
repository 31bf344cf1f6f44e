//! What the attribute writes gives no warning, whatever a crate turns on: that this module compiles is the test.
#![deny(
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    nonstandard_style,
    rust_2018_idioms,
    unreachable_pub,
    unused,
    warnings,
    clippy::all,
    clippy::pedantic
)]

use ractor_agents::prelude::*;

/// Takes each kind of message; none is ever sent but one.
#[derive(Clone, Debug)]
pub(crate) struct Quiet {
    secret: Secret,
}

#[derive(Clone, Debug)]
struct Secret(u64);

/// No variant of it fits into a few words.
type Large = [u64; 64];

#[agent]
impl Quiet {
    #[message]
    pub(crate) const fn reveal(&self) -> u64 {
        self.secret.0
    }

    #[message]
    fn hide(&mut self, secret: Secret) {
        self.secret = secret;
    }

    #[message]
    #[expect(
        clippy::fn_params_excessive_bools,
        reason = "the struct has them too, and is not reproached"
    )]
    pub(crate) fn choose(&mut self, one: bool, two: bool, three: bool, four: bool) -> Large {
        self.secret.0 += [one, two, three, four]
            .into_iter()
            .map(u64::from)
            .sum::<u64>();
        [self.secret.0; 64]
    }

    #[message]
    #[cfg(any())]
    fn vanished(&self, part: NoSuchType) {}

    #[message]
    #[cfg(not(any()))]
    fn present(&self) -> &'static str {
        let _ = self;
        "here"
    }

    #[message]
    #[deprecated = "but still answered"]
    async fn old(&mut self) {
        tokio::task::yield_now().await;
        self.secret.0 += 1;
    }

    #[on_start]
    async fn open(&mut self) {
        tokio::task::yield_now().await;
        self.secret.0 += 1;
    }
}

#[tokio::test]
async fn what_a_condition_removes_takes_its_message_along() -> Result<()> {
    let swarm = Swarm::local();
    let quiet = swarm.spawn(Quiet { secret: Secret(6) }).await?;
    assert_eq!(quiet.ask(Reveal).await?, 7);
    assert_eq!(quiet.ask(Present).await?, "here");
    Ok(())
}
