//! The report for people: a few tables, in the width there is, in colour where it can be seen.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, TableStyle,
};

use crate::report::{Finding, LanguageTotals, Report, Severity};

/// What the reader's side can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns.
    pub width: u16,
    /// Whether colours are seen.
    pub colour: bool,
}

impl Look {
    /// Of standard output: its own width and colour on a terminal, plain 100 columns where it is a file or a pipe, no
    /// colour where `NO_COLOR` is set.
    pub fn of_stdout() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        // A terminal that does not know its size says 0.
        let known = Table::new()
            .width()
            .filter(|&width| is_terminal && width > 0);
        Self {
            width: known.map_or(100, |width| width.clamp(60, 140)),
            colour: is_terminal && !is_plain,
        }
    }
}

/// Rows of each list; the JSON has all.
const LANGUAGES_MAX: usize = 15;
const FINDINGS_MAX: usize = 12;
const DUPLICATES_MAX: usize = 5;

/// Columns between and around the four cells of a finding.
const PADDING: usize = 11;

/// Columns that the copies, the size and the padding take at most: `1,000,000  1,023 bytes`.
const DUPLICATES_BEFORE_PATH: usize = 28;

/// The whole report.
pub fn render(report: &Report, look: Look) -> String {
    let parts = [
        Some(languages(report, look)),
        findings(report, look),
        duplicates(report, look),
        Some(summary(report)),
        Some(run(report)),
    ];
    let mut text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    text.push('\n');
    text
}

/// The report in one line.
pub fn summary(report: &Report) -> String {
    let skipped = report.skipped;
    let severities = Severity::ALL
        .iter()
        .map(|severity| (count_of(report, *severity), severity.name()));
    let worst: Vec<_> = severities
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{} {name}", number(count)))
        .collect();
    let findings = report.findings.len() as u64;
    let detail = if worst.is_empty() {
        String::new()
    } else {
        format!(" ({})", worst.join(", "))
    };
    format!(
        "{} in {}, {} lines, {} to do, {}{detail}, {} of duplicates, skipped {} binary, {} too large, {} unreadable",
        plural(report.files, "text file"),
        bytes(report.bytes),
        number(report.lines),
        number(report.todos),
        plural(findings, "finding"),
        plural(report.duplicates.len() as u64, "group"),
        number(skipped.binary),
        number(skipped.too_large),
        number(skipped.unreadable),
    )
}

fn languages(report: &Report, look: Look) -> String {
    let mut rows: Vec<_> = report
        .languages
        .iter()
        .map(|(name, totals)| (name.as_str(), *totals))
        .collect();
    rows.sort_by(|(one, a), (other, b)| (b.code, b.lines, one).cmp(&(a.code, a.lines, other)));
    let known = sum(rows.iter().map(|(_, totals)| *totals));
    let rest = rows.split_off(rows.len().min(LANGUAGES_MAX));
    let mut table = new_table(look);
    table.set_header(
        ["language", "files", "lines", "code", "comments", "blanks"].map(|head| bold(head, look)),
    );
    for (name, totals) in rows {
        table.add_row(language_row(Cell::new(name), totals));
    }
    if !rest.is_empty() {
        let name = format!("{} more", number(rest.len() as u64));
        table.add_row(language_row(
            Cell::new(name),
            sum(rest.into_iter().map(|(_, totals)| totals)),
        ));
    }
    let unknown = LanguageTotals {
        files: report.files - known.files.min(report.files),
        lines: report.lines - known.lines.min(report.lines),
        ..LanguageTotals::default()
    };
    if unknown.files > 0 {
        table.add_row(language_row(Cell::new("(no language known)"), unknown));
    }
    let total = LanguageTotals {
        files: report.files,
        lines: report.lines,
        ..known
    };
    table.add_row(language_row(bold("total", look), total));
    right_aligned(&mut table, 1..6);
    table.trim_fmt()
}

fn language_row(name: Cell, totals: LanguageTotals) -> Vec<Cell> {
    let counts = [
        totals.files,
        totals.lines,
        totals.code,
        totals.comments,
        totals.blanks,
    ];
    std::iter::once(name)
        .chain(counts.map(|count| Cell::new(number(count))))
        .collect()
}

fn sum(all: impl Iterator<Item = LanguageTotals>) -> LanguageTotals {
    all.fold(LanguageTotals::default(), |sum, totals| LanguageTotals {
        files: sum.files + totals.files,
        lines: sum.lines + totals.lines,
        code: sum.code + totals.code,
        comments: sum.comments + totals.comments,
        blanks: sum.blanks + totals.blanks,
    })
}

fn findings(report: &Report, look: Look) -> Option<String> {
    let mut worst: Vec<&Finding> = report.findings.iter().collect();
    if worst.is_empty() {
        return None;
    }
    // A stable sort: within a severity the report's own order stays.
    worst.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut table = new_table(look);
    table.set_header(["severity", "rule", "place", "excerpt"].map(|head| bold(head, look)));
    let shown = worst.get(..FINDINGS_MAX).unwrap_or(&worst);
    let places: Vec<_> = shown
        .iter()
        .map(|finding| format!("{}:{}", plain(&finding.path), finding.line))
        .collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let rules = widest(&mut shown.iter().map(|finding| finding.rule.chars().count()));
    // What the other columns and the padding leave, shared by the place and the excerpt.
    let room = usize::from(look.width)
        .saturating_sub("critical".len() + rules + PADDING)
        .max(8);
    let place_room = widest(&mut places.iter().map(|place| place.chars().count()))
        .min(room / 2)
        .max(5);
    for (finding, place) in shown.iter().zip(&places) {
        table.add_row(vec![
            severity(finding.severity, look),
            Cell::new(&finding.rule),
            Cell::new(tail(place, place_room)),
            Cell::new(head(
                &plain(&finding.excerpt),
                room.saturating_sub(place_room),
            )),
        ]);
    }
    let mut text = table.trim_fmt();
    let more = worst.len().saturating_sub(FINDINGS_MAX);
    if more > 0 {
        let _ = write!(
            text,
            "\n … and {} more (all of them with --json)",
            number(more as u64)
        );
    }
    Some(text)
}

fn duplicates(report: &Report, look: Look) -> Option<String> {
    let mut groups: Vec<_> = report.duplicates.iter().collect();
    if groups.is_empty() {
        return None;
    }
    let waste = |bytes: u64, paths: &[String]| bytes * (paths.len() as u64).saturating_sub(1);
    groups.sort_by_key(|group| std::cmp::Reverse(waste(group.bytes, &group.paths)));
    let mut table = new_table(look);
    table.set_header(["copies", "size", "first of them"].map(|head| bold(head, look)));
    for group in groups.iter().take(DUPLICATES_MAX) {
        let first = group
            .paths
            .first()
            .map(|path| plain(path))
            .unwrap_or_default();
        let room = usize::from(look.width).saturating_sub(DUPLICATES_BEFORE_PATH);
        table.add_row(vec![
            number(group.paths.len() as u64),
            bytes(group.bytes),
            tail(&first, room),
        ]);
    }
    right_aligned(&mut table, 0..2);
    let mut text = table.trim_fmt();
    let more = groups.len().saturating_sub(DUPLICATES_MAX);
    if more > 0 {
        let all: u64 = groups
            .iter()
            .map(|group| waste(group.bytes, &group.paths))
            .sum();
        let _ = write!(
            text,
            "\n … and {} more, {} to be saved in all",
            number(more as u64),
            bytes(all)
        );
    }
    Some(text)
}

fn run(report: &Report) -> String {
    let messages = report.messages;
    let odd = [
        (messages.failed, "failed"),
        (messages.expired, "expired"),
        (messages.deduplicated, "deduplicated"),
        (messages.shed, "shed"),
        (messages.cancelled, "cancelled"),
        (messages.moved, "moved"),
        (messages.queued, "queued"),
        (messages.in_flight, "in flight"),
        (messages.dead_letters, "dead letters"),
        (messages.retried, "retried"),
    ];
    let mut text = format!(
        "{} accepted, {} handled",
        plural(messages.accepted, "message"),
        number(messages.handled)
    );
    for (count, name) in odd.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, ", {} {name}", number(count));
    }
    let _ = write!(
        text,
        "; {}; {} ms",
        plural(report.restarts, "restart"),
        number(report.elapsed_ms)
    );
    text
}

fn new_table(look: Look) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(
        TableStyle::new()
            .top_border(rule)
            .header_separator(rule)
            .bottom_border(rule),
    );
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(look.width);
    if look.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

fn right_aligned(table: &mut Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn bold(text: &str, look: Look) -> Cell {
    let cell = Cell::new(text);
    if look.colour {
        cell.add_attribute(Attribute::Bold)
    } else {
        cell
    }
}

fn severity(severity: Severity, look: Look) -> Cell {
    let cell = Cell::new(severity.name());
    let colour = match severity {
        Severity::Critical => Color::Red,
        Severity::High => Color::Magenta,
        Severity::Medium => Color::Yellow,
        Severity::Low => Color::Grey,
    };
    if look.colour { cell.fg(colour) } else { cell }
}

fn count_of(report: &Report, severity: Severity) -> u64 {
    report
        .findings
        .iter()
        .filter(|finding| finding.severity == severity)
        .count() as u64
}

/// A name as it may be printed: control characters, which could steer a terminal, are spelled out.
fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let spelled = letter.is_control().then(|| letter.escape_default());
            let kept = spelled.is_none().then_some(letter);
            spelled.into_iter().flatten().chain(kept)
        })
        .collect()
}

/// The end of a text, where a path says most, in at most `room` columns.
///
/// Columns are counted as characters: of wide ones (CJK, emoji) the table wraps the rest.
fn tail(text: &str, room: usize) -> String {
    let count = text.chars().count();
    if count <= room {
        return text.to_owned();
    }
    std::iter::once('…')
        .chain(text.chars().skip(count - room.saturating_sub(1)))
        .collect()
}

/// The start of a text in at most `room` columns.
fn head(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars()
        .take(room.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// `1234567` as `1,234,567`.
fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn plural(count: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        number(count),
        if count == 1 { "" } else { "s" }
    )
}

/// A size to one decimal: `4.0 MiB`.
fn bytes(count: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (size, unit) in units {
        if count >= size {
            let tenths = (u128::from(count) * 10 + u128::from(size) / 2) / u128::from(size);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    plural(count, "byte")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Duplicates, Messages, Skipped};

    const PLAIN: Look = Look {
        width: 100,
        colour: false,
    };

    fn report() -> Report {
        let finding = |rule: &str, severity, line| Finding {
            rule: rule.into(),
            severity,
            path: "src/a\u{1b}[2J.rs".into(),
            line,
            excerpt: "let key = \"abcd****\";".into(),
        };
        let mut findings: Vec<_> = (1..=20)
            .map(|line| finding("rust-unsafe", Severity::Low, line))
            .collect();
        findings.push(finding("github-token", Severity::Critical, 21));
        let totals = |code| LanguageTotals {
            files: 2,
            lines: code + 3,
            code,
            comments: 2,
            blanks: 1,
        };
        Report {
            root: ".".into(),
            files: 6,
            bytes: 1_234_567,
            lines: 12_400,
            skipped: Skipped {
                binary: 3,
                too_large: 1,
                unreadable: 2,
            },
            languages: [
                ("C".to_owned(), totals(20)),
                ("Rust".to_owned(), totals(12_345)),
            ]
            .into(),
            todos: 4,
            findings,
            duplicates: vec![Duplicates {
                blake3: "00".into(),
                bytes: 2_048,
                paths: vec!["a b".into(), "c".into()],
            }],
            messages: Messages {
                accepted: 9,
                handled: 8,
                deduplicated: 1,
                ..Messages::default()
            },
            restarts: 1,
            elapsed_ms: 1_500,
        }
    }

    #[test]
    fn languages_are_by_code_and_add_up() {
        let text = languages(&report(), PLAIN);
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .filter(|words: &Vec<&str>| words.len() > 4)
            .collect();
        assert_eq!(rows[1], ["Rust", "2", "12,348", "12,345", "2", "1"]);
        assert_eq!(rows[2], ["C", "2", "23", "20", "2", "1"]);
        assert_eq!(
            rows[3],
            ["(no", "language", "known)", "2", "29", "0", "0", "0"]
        );
        assert_eq!(rows[4], ["total", "6", "12,400", "12,365", "4", "2"]);
    }

    #[test]
    fn the_worst_findings_come_first_and_the_rest_is_counted() {
        let text = findings(&report(), PLAIN).unwrap();
        let rows: Vec<_> = text.lines().filter(|line| line.contains(".rs:")).collect();
        assert!(
            rows[0].contains("critical") && rows[0].contains("github-token"),
            "{text}"
        );
        assert_eq!(rows.len(), FINDINGS_MAX);
        assert!(
            text.ends_with("and 9 more (all of them with --json)"),
            "{text}"
        );
    }

    #[test]
    fn nothing_printed_steers_the_terminal() {
        let text = render(&report(), PLAIN);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains("\\u{1b}"), "{text}");
        let coloured = render(
            &report(),
            Look {
                colour: true,
                ..PLAIN
            },
        );
        assert!(
            coloured.contains("\u{1b}[") && !coloured.contains("\u{1b}[2J"),
            "{coloured:?}"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut report = report();
        report.findings[0].path = "long/".repeat(60);
        report.duplicates[0].paths[0] = "long/".repeat(60);
        report.findings[1].rule = "predictable-temporary-file".into();
        for width in [60, 80, 100, 140] {
            let look = Look {
                width,
                colour: false,
            };
            for part in [
                languages(&report, look),
                findings(&report, look).unwrap(),
                duplicates(&report, look).unwrap(),
            ] {
                let widest = part.lines().map(|line| line.chars().count()).max().unwrap();
                assert!(widest <= usize::from(width), "{widest} in {width}:\n{part}");
            }
            // One line each: three rules, the head, the findings, and what is left out.
            let text = findings(&report, look).unwrap();
            assert_eq!(text.lines().count(), 4 + FINDINGS_MAX + 1, "{text}");
            assert!(duplicates(&report, look).unwrap().contains("…"));
        }
    }

    #[test]
    fn the_summary_is_one_line_with_every_total() {
        assert_eq!(
            summary(&report()),
            "6 text files in 1.2 MiB, 12,400 lines, 4 to do, 21 findings (1 critical, 20 low), 1 group of duplicates, \
             skipped 3 binary, 1 too large, 2 unreadable"
        );
        assert_eq!(
            run(&report()),
            "9 messages accepted, 8 handled, 1 deduplicated; 1 restart; 1,500 ms"
        );
    }

    #[test]
    fn an_empty_report_is_a_table_of_nothing() {
        let text = render(&Report::default(), PLAIN);
        assert!(
            text.contains("total") && text.contains("0 text files in 0 bytes"),
            "{text}"
        );
        assert!(
            findings(&Report::default(), PLAIN).is_none()
                && duplicates(&Report::default(), PLAIN).is_none()
        );
    }

    #[test]
    fn what_is_too_long_is_cut_where_it_says_least() {
        assert_eq!(
            (tail("src/main.rs", 11), tail("src/main.rs", 8)),
            ("src/main.rs".into(), "…main.rs".into())
        );
        assert_eq!(
            (head("let x = 1;", 10), head("let x = 1;", 6)),
            ("let x = 1;".into(), "let x…".into())
        );
    }

    #[test]
    fn numbers_and_sizes_read_well() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(number),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [1, 1_023, 1_024, 1_536, 4 << 20, 5 << 30].map(bytes),
            [
                "1 byte",
                "1,023 bytes",
                "1.0 KiB",
                "1.5 KiB",
                "4.0 MiB",
                "5.0 GiB"
            ]
        );
    }
}
