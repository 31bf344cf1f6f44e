//! Puts what the benches have stored side by side: every figure as a ratio to that of raw ractor, beside the bars that ours must reach.
//!
//! `cargo run -p benches --bin ratio`, after `cargo bench -p benches`. A ratio counts only when both of its sides come from the same run.

use benches::{machine, results, stopwatch::group_name, table::Table};
use serde_json::Value;

/// What all others are measured against.
const BASE: &str = "ractor";

/// The bench functions beside it, in the order of the columns; the first two have bars.
const FUNCTIONS: [&str; 5] = [
    "ractor_agents",
    "ractor_agents_full",
    "kameo",
    "actix",
    "tokio",
];

/// A figure that the benches store, for each of their functions.
struct Figure {
    title: &'static str,
    group: &'static str,
    /// File below a function's folder, and the way to the number inside it.
    file: &'static str,
    pointer: &'static str,
    unit: Unit,
    bars: [Bar; 2],
}

enum Unit {
    /// Nanoseconds for a whole batch, shown for one element of it, by the clock that was asked for.
    Batch,
    Nanoseconds,
    Bytes,
}

/// What is to be reached.
#[derive(Clone, Copy)]
enum Bar {
    Ratio(f64),
    /// In the figure's own unit, whatever the base needs.
    Absolute(f64),
    None,
}

/// Source of the bars: measurements of a prototype, with room for what it did not have yet.
const FIGURES: [Figure; 12] = [
    batch("hot_1_to_1", 0.32, 0.36),
    batch("hot_4_to_1", 0.50, 0.58),
    batch("fan_out_1000", 0.60, 0.75),
    batch("ring_1000", 0.80, 0.95),
    batch("ask", 0.66, 0.70),
    batch("spawn", 1.3, 1.4),
    percentile("spawn, one: p50", "spawn_one", "/p50_ns", [Bar::None; 2]),
    Figure {
        title: "idle agent",
        group: "spawn",
        file: "memory.json",
        pointer: "/idle_bytes",
        unit: Unit::Bytes,
        bars: [Bar::Absolute(10_000.0), Bar::None],
    },
    mean("urgent: mean", "urgent_under_backlog"),
    percentile(
        "urgent: p99",
        "urgent_under_backlog",
        "/p99_ns",
        [Bar::Ratio(0.001); 2],
    ),
    mean("restart: mean", "restart"),
    percentile(
        "restart: p50",
        "restart",
        "/p50_ns",
        [Bar::Absolute(1e6), Bar::None],
    ),
];

/// Criterion's median for whole batches.
const fn batch(group: &'static str, plain: f64, full: f64) -> Figure {
    Figure {
        title: group,
        group,
        file: "new/estimates.json",
        pointer: "/median/point_estimate",
        unit: Unit::Batch,
        bars: [Bar::Ratio(plain), Bar::Ratio(full)],
    }
}

/// Criterion's median of mean latencies.
const fn mean(title: &'static str, group: &'static str) -> Figure {
    Figure {
        title,
        group,
        file: "new/estimates.json",
        pointer: "/median/point_estimate",
        unit: Unit::Nanoseconds,
        bars: [Bar::None; 2],
    }
}

/// A percentile of single latencies.
const fn percentile(
    title: &'static str,
    group: &'static str,
    pointer: &'static str,
    bars: [Bar; 2],
) -> Figure {
    Figure {
        title,
        group,
        file: "percentiles.json",
        pointer,
        unit: Unit::Nanoseconds,
        bars,
    }
}

fn main() {
    let mut heading = vec!["figure", "ractor itself"];
    for function in FUNCTIONS {
        heading.push(function);
    }
    heading.insert(3, "bar");
    heading.insert(5, "bar");
    let mut table = Table::new(&heading);
    for figure in &FIGURES {
        table.add(figure.row());
    }
    println!("{}", machine::description());
    println!("{table}");
    println!(
        "Ratios to ractor, lower is better; - is not measured, ! misses its bar. From {}.",
        results::home().display()
    );
}

impl Figure {
    fn row(&self) -> Vec<String> {
        let base = self.value(BASE);
        let mut row = vec![self.title.to_owned(), self.shown(base)];
        for (index, function) in FUNCTIONS.iter().enumerate() {
            let value = self.value(function);
            let bar = self.bars.get(index);
            let missed = bar.is_some_and(|bar| bar.missed(value, base));
            row.push(format!(
                "{}{}",
                ratio(value, base),
                if missed { " !" } else { "" }
            ));
            if let Some(bar) = bar {
                row.push(self.bar(*bar));
            }
        }
        row
    }

    /// The stored number, for one element where it is that of a batch.
    fn value(&self, function: &str) -> Option<f64> {
        let stored = results::read(&format!("{}/{function}/{}", self.folder(), self.file))?;
        let value = stored.pointer(self.pointer).and_then(Value::as_f64)?;
        match self.unit {
            Unit::Batch => Some(value / self.elements(function)?),
            Unit::Nanoseconds | Unit::Bytes => Some(value),
        }
    }

    /// Only batches are measured by more than one clock.
    fn folder(&self) -> String {
        match self.unit {
            Unit::Batch => group_name(self.group),
            Unit::Nanoseconds | Unit::Bytes => self.group.to_owned(),
        }
    }

    fn elements(&self, function: &str) -> Option<f64> {
        let stored = results::read(&format!("{}/{function}/new/benchmark.json", self.folder()))?;
        stored
            .pointer("/throughput/Elements")
            .and_then(Value::as_f64)
    }

    fn shown(&self, value: Option<f64>) -> String {
        match (value, &self.unit) {
            (None, _) => "-".to_owned(),
            (Some(bytes), Unit::Bytes) => format!("{bytes:.0} B"),
            (Some(nanoseconds), _) if nanoseconds >= 1e6 => format!("{:.1} ms", nanoseconds / 1e6),
            (Some(nanoseconds), _) if nanoseconds >= 1e4 => format!("{:.1} µs", nanoseconds / 1e3),
            (Some(nanoseconds), _) => format!("{nanoseconds:.0} ns"),
        }
    }

    fn bar(&self, bar: Bar) -> String {
        match bar {
            Bar::Ratio(bar) => format!("≤ {bar}"),
            Bar::Absolute(bar) => format!("≤ {}", self.shown(Some(bar))),
            Bar::None => String::new(),
        }
    }
}

impl Bar {
    fn missed(self, value: Option<f64>, base: Option<f64>) -> bool {
        match (self, value, base) {
            (Self::Ratio(bar), Some(value), Some(base)) => value / base > bar,
            (Self::Absolute(bar), Some(value), _) => value > bar,
            _ => false,
        }
    }
}

fn ratio(value: Option<f64>, base: Option<f64>) -> String {
    match (value, base) {
        (Some(value), Some(base)) if value / base < 0.01 => format!("{:.5}", value / base),
        (Some(value), Some(base)) => format!("{:.2}", value / base),
        _ => "-".to_owned(),
    }
}
