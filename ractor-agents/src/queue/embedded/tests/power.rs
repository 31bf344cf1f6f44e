//! The power is cut at any moment of a life in which everything happens: what was answered is so, to the last field, and what was not is so as a
//! whole or not at all.
//!
//! Random steps are taken by a journal and by the reference side by side ([`Pair`]). Whenever a commit returns, the reference is kept: that is what was
//! answered. Then the power is cut or the disk fails, between two operations of the disk or in the middle of a commit, of a compaction, or of the
//! recovery from a cut before; what a journal then finds must be what was answered, or what was on its way to be.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::super::ledger::tests::model::Model;
use super::super::ledger::tests::steps::{Step, step};
use super::super::ledger::{Fault, Settings};
use super::super::log::Disk;
use super::super::log::simulate::{self, Simulated};
use super::dice::Dice;
use super::pair::{Pair, Trouble};

/// Lives on one disk: a reference that remembers all its tokens gets slow.
const LIVES: usize = 12;

/// What the runs came across.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    /// Disks as a power cut left them, that were opened and looked at.
    pub(super) images: usize,
    /// Cuts of the power while the queue recovered from a cut.
    pub(super) again: usize,
    /// Commits that were cut off, or failed.
    pub(super) in_flight: usize,
    /// Steps that were taken.
    pub(super) steps: usize,
    /// Disks whose first segment was retired.
    pub(super) compacted: usize,
}

/// Looks at `images` disks, or fewer if something is wrong with one.
pub(super) fn run(images: usize, seed: u64, fault: Option<Fault>) -> Result<Figures, String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut run = Run {
        dice: Dice::new(seed),
        chance: TestRunner::new_with_rng(
            Config::default(),
            TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
        ),
        fault,
        figures: Figures::default(),
        now: 1_000,
    };
    while run.figures.images < images {
        run.disk()?;
    }
    Ok(run.figures)
}

struct Run {
    dice: Dice,
    chance: TestRunner,
    fault: Option<Fault>,
    figures: Figures,
    now: u64,
}

impl Run {
    /// Some lives on a disk that was empty.
    fn disk(&mut self) -> Result<(), String> {
        let settings = Settings {
            count_max: if self.dice.once_in(2) { 30 } else { 1_000 },
            dead_max: self.dice.once_in(3).then_some(3),
            ..Settings::default()
        };
        let disk = Simulated::new();
        let begun = Model::new(settings);
        let mut next = self.recover(disk, vec![begun], settings)?;
        for _ in 0..LIVES {
            let (pair, disk) = next;
            let (left, perhaps) = self.life(pair, disk)?;
            if left.counts().repeated_syncs > 0 {
                return Err("an fdatasync that had failed was repeated".into());
            }
            // Or the process was killed, and the power fails when the next one has believed what it saw.
            let image = if self.dice.once_in(4) {
                left.kill()
            } else {
                left.cut(self.dice.next())
            };
            next = self.recover(image, perhaps, settings)?;
        }
        let names = next.1.list().map_err(|error| error.to_string())?;
        let first = format!("{:016x}.log", 1);
        self.figures.compacted += usize::from(!names.contains(&first));
        Ok(())
    }

    /// Works until the power or the disk fails. The disk, and what may be on it.
    fn life(&mut self, mut pair: Pair, disk: Simulated) -> Result<(Simulated, Vec<Model>), String> {
        let mut answered = pair.model.clone();
        for _ in 0..self.dice.below(200) {
            for _ in 0..self.dice.below(6) {
                let step = self.step()?;
                match pair.step(&step) {
                    Ok(()) => self.figures.steps += 1,
                    Err(Trouble::Wrong(wrong)) => return Err(format!("{step:?}: {wrong}")),
                    // It wanted another segment.
                    Err(Trouble::Disk(_)) => return Ok((disk, vec![answered])),
                }
            }
            self.now = pair.now;
            if self.dice.once_in(100) {
                // Nothing of that was to be on disk.
                return Ok((disk, vec![answered]));
            }
            self.soon_wrong(&disk);
            match pair.commit() {
                Ok(()) => answered = pair.model.clone(),
                Err(Trouble::Wrong(wrong)) => return Err(wrong),
                Err(Trouble::Disk(_)) => {
                    self.figures.in_flight += 1;
                    return Ok((disk, vec![answered, pair.model]));
                }
            }
            if self.dice.once_in(2) {
                self.soon_wrong(&disk);
                match pair.tend() {
                    Ok(()) => {}
                    Err(Trouble::Wrong(wrong)) => return Err(wrong),
                    Err(Trouble::Disk(_)) => return Ok((disk, vec![answered])),
                }
            }
            if self.dice.once_in(8) {
                let image = disk.cut(self.dice.next());
                let settings = pair.settings();
                self.recover(image, vec![answered.clone()], settings)?;
            }
        }
        Ok((disk, vec![answered]))
    }

    /// Sometimes, the power is off in a moment, or the disk fails.
    fn soon_wrong(&mut self, disk: &Simulated) {
        if self.dice.once_in(50) {
            let at = disk.counts().operations + self.dice.below(4);
            match self.dice.below(4) {
                0 => disk.fail_at(at, simulate::Fault::Failed),
                1 => disk.fail_at(at, simulate::Fault::Full),
                _ => disk.off_at(at),
            }
        }
    }

    fn step(&mut self) -> Result<Step, String> {
        let step = step().new_tree(&mut self.chance);
        Ok(step.map_err(|error| error.to_string())?.current())
    }

    /// Opens what a cut left, perhaps after more cuts in the middle of that; it must be what one of `perhaps` says.
    fn recover(
        &mut self,
        mut image: Simulated,
        mut perhaps: Vec<Model>,
        settings: Settings,
    ) -> Result<(Pair, Simulated), String> {
        self.figures.images += 1;
        while self.dice.once_in(3) {
            image.off_at(image.counts().operations + self.dice.below(14));
            let mut opened = perhaps.clone();
            for model in &mut opened {
                model.restart(self.now, &[])?;
            }
            match Pair::open(&image, settings, &perhaps, self.now) {
                Ok(_) => perhaps = opened,
                Err(Trouble::Disk(_)) => perhaps.extend(opened),
                Err(Trouble::Wrong(wrong)) => return Err(wrong),
            }
            self.figures.again += 1;
            image = image.cut(self.dice.next());
            self.now += self.dice.below(500);
        }
        self.now += self.dice.below(500);
        match Pair::open(&image, settings, &perhaps, self.now) {
            Ok(mut pair) => {
                pair.journal.set_fault(self.fault);
                Ok((pair, image))
            }
            Err(Trouble::Disk(error)) => Err(format!("it does not open: {error:?}")),
            Err(Trouble::Wrong(wrong)) => Err(wrong),
        }
    }
}

/// `QUEUE_IMAGES` is how many disks are looked at (1,000 by default).
#[test]
fn what_was_answered_survives_every_power_cut() {
    let images = std::env::var("QUEUE_IMAGES")
        .map_or(1_000, |images| images.parse().expect("images are a number"));
    let seed = super::dice::seed();
    let figures = run(images, seed, None).unwrap_or_else(|wrong| panic!("{wrong}"));
    println!("{figures:?}");
    for met in [figures.again, figures.in_flight, figures.compacted] {
        assert!(met > images / 1_000, "too few to say anything: {figures:?}");
    }
}
