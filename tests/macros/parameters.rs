//! What a method takes, and what the message holds for it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ractor_agents::agent::AgentId;
use ractor_agents::prelude::*;

/// Cannot be cloned, so it can only be lent.
struct Parcel(String);

/// Counts its clones.
#[derive(Default)]
struct Counted(Arc<AtomicU32>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

type Check = fn(&str) -> bool;

type Measure = Box<dyn Fn(&str) -> usize + Send + Sync>;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sizer {
    unit: usize,
}

#[agent]
impl Sizer {
    #[message]
    fn text(&self, text: &str, path: &Path, wide: &OsStr) -> usize {
        text.len() + path.as_os_str().len() + wide.len()
    }

    #[message]
    fn list(&self, numbers: &[u64], parcels: &[Parcel]) -> usize {
        numbers.len() + parcels.iter().map(|parcel| parcel.0.len()).sum::<usize>()
    }

    #[message]
    async fn weigh(
        &mut self,
        one: &Parcel,
        measure: &(dyn Fn(&str) -> usize + Send + Sync),
    ) -> usize {
        tokio::task::yield_now().await;
        measure(&one.0)
    }

    #[message(ByAlias)]
    fn measure(&self, measure: &Measure) -> usize {
        measure("by an alias")
    }

    #[message(Fixed)]
    fn r#static(
        &self,
        r#type: &'static str,
        mut size: usize,
        check: fn(&str) -> bool,
        or: Check,
    ) -> usize {
        size += usize::from(check(r#type)) + usize::from(or(r#type));
        size + r#type.len()
    }

    #[message]
    fn with_lifetime<'a>(&'a self, text: &'a str) -> usize
    where
        Self: Copy,
    {
        text.len()
    }

    #[message]
    #[expect(
        clippy::needless_arbitrary_self_type,
        reason = "it means the same, so it is one"
    )]
    fn adopt(self: &mut Self, other: Self, another: &Self, more: Vec<Option<Self>>) -> Self {
        self.unit = other.unit
            + another.unit
            + more
                .into_iter()
                .flatten()
                .map(|sizer| sizer.unit)
                .sum::<usize>();
        *self
    }

    #[message]
    fn clones(&self, taken: Counted, lent: &Counted) -> (u32, u32) {
        (
            taken.0.load(Ordering::Relaxed),
            lent.0.load(Ordering::Relaxed),
        )
    }

    #[message]
    fn who(&self, _ctx: &Context<Sizer>, context: &Context<Self>) -> AgentId {
        context.id()
    }
}

async fn sizer() -> Result<(Swarm, AgentRef<Sizer>)> {
    let swarm = Swarm::local();
    let sizer = swarm.spawn(Sizer::default()).await?;
    Ok((swarm, sizer))
}

#[tokio::test]
async fn the_message_owns_what_the_method_borrows() -> Result<()> {
    let (_swarm, sizer) = sizer().await?;
    let text = Text {
        text: String::from("ab"),
        path: PathBuf::from("cde"),
        wide: OsString::from("f"),
    };
    assert_eq!(sizer.ask(text).await?, 6);
    let parcels = vec![Parcel("abc".into()), Parcel("d".into())];
    assert_eq!(
        sizer
            .ask(List {
                numbers: vec![1, 2],
                parcels
            })
            .await?,
        6
    );
    assert_eq!(sizer.ask(WithLifetime { text: "abc".into() }).await?, 3);
    Ok(())
}

#[tokio::test]
async fn what_is_lent_need_not_be_clone() -> Result<()> {
    let (_swarm, sizer) = sizer().await?;
    let weigh = Weigh {
        one: Parcel("abc".into()),
        measure: Box::new(str::len),
    };
    assert_eq!(sizer.ask(weigh).await?, 3);
    assert_eq!(
        sizer
            .ask(ByAlias {
                measure: Box::new(str::len)
            })
            .await?,
        11
    );
    Ok(())
}

#[tokio::test]
async fn what_is_taken_is_cloned_once() -> Result<()> {
    let (_swarm, sizer) = sizer().await?;
    let clones = Clones {
        taken: Counted::default(),
        lent: Counted::default(),
    };
    assert_eq!(sizer.ask(clones).await?, (1, 0));
    Ok(())
}

#[tokio::test]
async fn static_references_and_function_pointers_are_values() -> Result<()> {
    let (_swarm, sizer) = sizer().await?;
    let fixed = Fixed {
        r#type: "abcd",
        size: 10,
        check: str::is_empty,
        or: str::is_ascii,
    };
    assert_eq!(sizer.ask(fixed).await?, 15);
    Ok(())
}

#[tokio::test]
async fn the_agents_own_type_may_be_a_part_and_the_reply() -> Result<()> {
    let (_swarm, sizer) = sizer().await?;
    let (other, another) = (Sizer { unit: 1 }, Sizer { unit: 2 });
    let adopted = sizer
        .ask(Adopt {
            other,
            another,
            more: vec![None, Some(Sizer { unit: 4 })],
        })
        .await?;
    assert_eq!(adopted, Sizer { unit: 7 });
    Ok(())
}

#[tokio::test]
async fn the_context_is_no_part_of_the_message() -> Result<()> {
    let (_swarm, sizer) = sizer().await?;
    assert_eq!(sizer.ask(Who).await?, sizer.id());
    Ok(())
}
