//! What the command line says.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::chaos::Chaos;

/// Audits a source tree: counts, secrets, risky constructs, duplicates.
#[derive(Clone, Debug, Parser, PartialEq, Eq)]
#[command(name = "code_audit", version)]
pub struct Cli {
    /// The folder to audit (a single file is fine too).
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,

    /// Also writes the report as JSON into FILE; `-` is standard output, in place of the table.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// How many analysts work side by side [default: two per processor; 32 with a queue, since they wait for the disk].
    #[arg(long, value_name = "N")]
    pub agents: Option<NonZeroUsize>,

    /// Kills a random agent at this interval, as in `20ms`; the report stays the same.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub chaos: Option<Duration>,

    /// Seed of the chaos, so that a run can be repeated.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Keeps the work in a durable queue: a folder, made if there is none, or a server (`redis://…`, `amqp://…`) if built for it. Killed at any moment and started again with the same
    /// PATH and PLACE, the audit goes on where it was, and the report is the same. When that has been written, nothing of the audit is
    /// left in PLACE.
    #[arg(long, value_name = "PLACE")]
    pub queue: Option<OsString>,

    /// Only helps whoever writes the report of the audit in PLACE, which has to be at a server, and ends with it. The audited folder
    /// has to be there under the same path.
    #[arg(long, requires = "queue", conflicts_with = "json")]
    pub worker: bool,

    /// Audits ignored and hidden files too; only `.git` stays out.
    #[arg(long)]
    pub no_ignore: bool,

    /// No progress bar, and one line in place of the table.
    #[arg(long)]
    pub quiet: bool,
}

impl Cli {
    /// The pool's size: what `--agents` says, or two per processor, but no more than [`AGENTS_DEFAULT_MAX`]; with a queue, just that.
    pub fn agent_count(&self) -> NonZeroUsize {
        let two_each = || {
            let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
            let two_each = processors.saturating_add(processors.get());
            two_each.min(AGENTS_DEFAULT_MAX)
        };
        let default = || match self.queue {
            Some(_) => AGENTS_DEFAULT_MAX,
            None => two_each(),
        };
        self.agents.unwrap_or_else(default)
    }

    /// Who is killed when.
    pub fn chaos(&self) -> Option<Chaos> {
        let seed = self.seed;
        self.chaos.map(|interval| Chaos { interval, seed })
    }
}

/// How many analysts there are by default at most: more than that wait for the one scout. Guess.
const AGENTS_DEFAULT_MAX: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// The shortest interval that is taken: below it the chaos would be a busy loop.
const INTERVAL_MIN: Duration = Duration::from_millis(1);

/// Reads `20ms`, `1.5s`, `2m`: one number, one unit.
fn duration(text: &str) -> Result<Duration, String> {
    let help = "expected a number and a unit (ms, s, m or h), such as 20ms or 1.5s";
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "" => return Err(format!("the unit is missing: {help}")),
        other => return Err(format!("unknown unit `{other}`: {help}")),
    };
    let number: f64 = number.parse().map_err(|_| help.to_owned())?;
    let interval =
        Duration::try_from_secs_f64(number * seconds).map_err(|error| error.to_string())?;
    if interval < INTERVAL_MIN {
        return Err(format!("too short: the least is {INTERVAL_MIN:?}"));
    }
    Ok(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Cli, String> {
        let all = std::iter::once("code_audit").chain(arguments.iter().copied());
        Cli::try_parse_from(all).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_said_means_this_folder_and_a_pool_twice_the_processors() {
        let cli = parse(&[]).unwrap();
        assert_eq!(cli.path, PathBuf::from("."));
        assert_eq!(
            (cli.json.clone(), cli.agents, cli.chaos, cli.seed),
            (None, None, None, 0)
        );
        assert!(!cli.no_ignore && !cli.quiet);
        let processors = std::thread::available_parallelism().unwrap().get();
        assert_eq!(cli.agent_count().get(), (2 * processors).min(32));
    }

    #[test]
    fn whoever_waits_for_the_disk_is_not_alone() {
        let cli = parse(&["--queue", "target/audit"]).unwrap();
        assert_eq!(cli.agent_count(), AGENTS_DEFAULT_MAX);
        let cli = parse(&["--queue", "target/audit", "--agents", "3"]).unwrap();
        assert_eq!((cli.agent_count().get(), cli.worker), (3, false));
        assert!(parse(&["--worker"]).unwrap_err().contains("--queue"));
    }

    #[test]
    fn every_option_of_the_main_job_is_understood() {
        let cli = parse(&[
            "src",
            "--json",
            "out.json",
            "--agents",
            "8",
            "--chaos",
            "20ms",
            "--seed",
            "7",
            "--no-ignore",
            "--quiet",
        ])
        .unwrap();
        assert_eq!(cli.path, PathBuf::from("src"));
        assert_eq!(cli.json, Some(PathBuf::from("out.json")));
        assert_eq!(cli.agent_count().get(), 8);
        assert_eq!(cli.chaos, Some(Duration::from_millis(20)));
        assert_eq!(cli.seed, 7);
        assert!(cli.no_ignore && cli.quiet);
    }

    #[test]
    fn durations_are_a_number_and_a_unit() {
        assert_eq!(duration("20ms"), Ok(Duration::from_millis(20)));
        assert_eq!(duration("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(duration("1 h"), Ok(Duration::from_hours(1)));
    }

    #[test]
    fn a_bad_duration_says_what_is_wrong_with_it() {
        for (text, part) in [
            ("20", "unit is missing"),
            ("20 weeks", "unknown unit `weeks`"),
            ("ms", "expected a number"),
            ("1.2.3s", "expected a number"),
            ("-5ms", "unknown unit `-5ms`"),
            ("0ms", "too short"),
            ("", "unit is missing"),
        ] {
            let error = duration(text).unwrap_err();
            assert!(error.contains(part), "{text:?}: {error}");
        }
        assert!(duration("99999999999999999999999h").is_err());
        let error = parse(&["--chaos", "soon"]).unwrap_err();
        assert!(
            error.contains("--chaos") && error.contains("20ms"),
            "{error}"
        );
    }

    #[test]
    fn a_pool_of_nobody_is_refused() {
        assert!(parse(&["--agents", "0"]).unwrap_err().contains("--agents"));
    }
}
