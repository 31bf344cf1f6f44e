//! Tables people like to read.

use std::time::Duration;

use clap::ValueEnum;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use crate::clerk::STAFF;
use crate::cli::Strategy;
use crate::desk::Day;

/// How long customers waited, by strategy.
pub(crate) fn waiting(days: &[Day]) -> Table {
    let mut table = table(
        [
            "strategy", "mean", "p50", "p95", "longest", "answered", "kills",
        ]
        .map(str::to_owned),
    );
    for day in days {
        let count = u32::try_from(day.waits.len()).unwrap_or(u32::MAX).max(1);
        let mean = day.waits.iter().sum::<Duration>() / count;
        table.add_row([
            name(day.strategy),
            millis(mean),
            millis(quantile(&day.waits, 50)),
            millis(quantile(&day.waits, 95)),
            millis(quantile(&day.waits, 100)),
            format!(
                "{} of {}",
                day.waits.len(),
                day.waits.len() + day.unanswered
            ),
            day.kills.to_string(),
        ]);
    }
    table
}

/// Who did how many tickets, by strategy.
pub(crate) fn shares(days: &[Day]) -> Table {
    let head = std::iter::once("strategy").chain(STAFF.iter().map(|(name, ..)| *name));
    let mut table = table(head.map(str::to_owned));
    for day in days {
        let counts = STAFF.iter().map(|(name, ..)| day.shares[*name].to_string());
        table.add_row(std::iter::once(name(day.strategy)).chain(counts));
    }
    table
}

fn table(head: impl IntoIterator<Item = String>) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    let style = TableStyle::new().top_border(rule);
    table.load_style(style.header_separator(rule).bottom_border(rule));
    table.set_header(head.into_iter().collect::<Vec<_>>());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn name(strategy: Strategy) -> String {
    let value = strategy.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Of waits in ascending order.
fn quantile(waits: &[Duration], percent: usize) -> Duration {
    let rank = (waits.len() * percent).div_ceil(100).max(1);
    waits.get(rank - 1).copied().unwrap_or_default()
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
