//! The bar that moves while the audit runs.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar on standard error; a handle, cheap to clone.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
}

/// How often the bar moves though nothing happens, so that a long file does not look like a hang. Guess.
const TICK: Duration = Duration::from_millis(120);

impl Progress {
    /// A bar, unless `quiet`. Where standard error is no terminal nothing is drawn either.
    pub fn new(quiet: bool) -> Self {
        let target = if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let template =
            "{spinner:.cyan} {bar:24.cyan/dim} {pos:>7}/{len} files  {per_sec:>9}  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self { bar }
    }

    /// One more file is known of.
    pub fn found(&self) {
        self.bar.inc_length(1);
    }

    /// One more file is done with.
    pub fn done(&self) {
        self.bar.inc(1);
    }

    /// Something worth a word beside the bar.
    pub fn say(&self, message: impl Into<String>) {
        self.bar.set_message(message.into());
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_bar_counts_and_draws_nothing() {
        let progress = Progress::new(true);
        progress.found();
        progress.found();
        progress.done();
        progress.say("one finding");
        assert!(progress.bar.is_hidden());
        assert_eq!(
            (progress.bar.length(), progress.bar.position()),
            (Some(2), 1)
        );
        assert_eq!(progress.bar.message(), "one finding");
        progress.finish();
        assert!(progress.bar.is_finished());
    }
}
