//! Puts what the benches have stored side by side: every figure as a ratio to that of raw ractor, beside the bars that ours must reach.
//!
//! `cargo run -p benches --bin ratio`, after `cargo bench -p benches`. A ratio counts only when both of its sides come from the same run.

use benches::{machine, results, table::Table};
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
    /// Nanoseconds for a whole batch, shown for one element of it.
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

/// The median wall time of a criterion group.
const fn group(group: &'static str, plain: f64, full: f64) -> Figure {
    Figure {
        title: group,
        group,
        file: "new/estimates.json",
        pointer: "/median/point_estimate",
        unit: Unit::Batch,
        bars: [Bar::Ratio(plain), Bar::Ratio(full)],
    }
}

/// Source of the bars: measurements of a prototype, with room for what it did not have yet.
const FIGURES: [Figure; 12] = [
    group("hot_1_to_1", 0.32, 0.36),
    group("hot_4_to_1", 0.50, 0.58),
    group("fan_out_1000", 0.60, 0.75),
    group("ring_1000", 0.80, 0.95),
    group("ask", 0.66, 0.70),
    group("spawn", 1.3, 1.4),
    Figure {
        title: "spawn, one: p50",
        file: "percentiles.json",
        pointer: "/p50_ns",
        unit: Unit::Nanoseconds,
        bars: [Bar::None; 2],
        ..group("spawn_one", 0.0, 0.0)
    },
    Figure {
        title: "idle agent",
        file: "memory.json",
        pointer: "/idle_bytes",
        unit: Unit::Bytes,
        bars: [Bar::Absolute(10_000.0), Bar::None],
        ..group("spawn", 0.0, 0.0)
    },
    Figure {
        title: "urgent: mean",
        bars: [Bar::None; 2],
        ..group("urgent_under_backlog", 0.0, 0.0)
    },
    Figure {
        title: "urgent: p99",
        file: "percentiles.json",
        pointer: "/p99_ns",
        unit: Unit::Nanoseconds,
        ..group("urgent_under_backlog", 0.001, 0.001)
    },
    Figure {
        title: "restart: mean",
        bars: [Bar::None; 2],
        ..group("restart", 0.0, 0.0)
    },
    Figure {
        title: "restart: p50",
        file: "percentiles.json",
        pointer: "/p50_ns",
        unit: Unit::Nanoseconds,
        bars: [Bar::Absolute(1e6), Bar::None],
        ..group("restart", 0.0, 0.0)
    },
];

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
        let stored = results::read(&format!("{}/{function}/{}", self.group, self.file))?;
        let value = stored.pointer(self.pointer).and_then(Value::as_f64)?;
        match self.unit {
            Unit::Batch => Some(value / self.elements(function)?),
            Unit::Nanoseconds | Unit::Bytes => Some(value),
        }
    }

    fn elements(&self, function: &str) -> Option<f64> {
        let stored = results::read(&format!("{}/{function}/new/benchmark.json", self.group))?;
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
