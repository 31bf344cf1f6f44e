//! What of a line may be shown.

use std::ops::Range;

/// The longest excerpt, in characters. Source: the definition of the main job's report.
const CHARS_MAX: usize = 120;

/// Characters before the place, where the line is too long to be shown from its start. Guess: enough to see the name
/// that a value is given to.
const CHARS_BEFORE: usize = 40;

/// What of a secret is shown, in characters: enough to know it again, useless to anyone else.
const SECRET_CHARS: usize = 4;

/// Stands for the rest of a secret.
const MASK: &str = "****";

/// The text of `line` around `place`, with `masks` (sorted, and none overlapping) cut to their first characters.
///
/// Control characters become spaces, so that what a file holds cannot steer a terminal.
pub(super) fn excerpt(
    content: &str,
    line: Range<usize>,
    place: usize,
    masks: &[Range<usize>],
) -> String {
    // Far more than can be shown, and far less than a line of a megabyte.
    let from = back(content, place, 4 * CHARS_MAX).max(line.start);
    let to = on(content, place, 4 * CHARS_MAX).min(line.end);

    let mut shown = Shown {
        letters: Vec::new(),
        place,
        place_at: None,
    };
    let mut at = from;
    let first = masks.partition_point(|mask| mask.end <= from);
    for mask in masks.iter().skip(first).take_while(|mask| mask.start < to) {
        shown.text(content, at..mask.start);
        shown.text(
            content,
            mask.start.max(from)..on(content, mask.start, SECRET_CHARS).min(mask.end),
        );
        shown.mask(mask.end);
        at = mask.end;
    }
    shown.text(content, at..to);
    shown.cut(from > line.start, to < line.end)
}

/// What is shown so far.
struct Shown {
    letters: Vec<char>,
    /// Where the place starts in the content, and where that is among the letters.
    place: usize,
    place_at: Option<usize>,
}

impl Shown {
    fn text(&mut self, content: &str, range: Range<usize>) {
        let start = range.start;
        for (offset, letter) in content.get(range).unwrap_or_default().char_indices() {
            if start + offset >= self.place {
                self.place_at.get_or_insert(self.letters.len());
            }
            self.letters
                .push(if letter.is_control() || is_invisible(letter) {
                    ' '
                } else {
                    letter
                });
        }
    }

    fn mask(&mut self, end: usize) {
        if end > self.place {
            self.place_at.get_or_insert(self.letters.len());
        }
        self.letters.extend(MASK.chars());
    }

    /// At most [`CHARS_MAX`] characters around the place, with an ellipsis where something is left out.
    fn cut(&self, is_cut_before: bool, is_cut_behind: bool) -> String {
        let all = &self.letters;
        let lead = all
            .iter()
            .take_while(|letter| letter.is_whitespace())
            .count();
        let end = all.len()
            - all
                .iter()
                .rev()
                .take_while(|letter| letter.is_whitespace())
                .count();
        let is_whole = !is_cut_before && !is_cut_behind;
        if is_whole && end.saturating_sub(lead) <= CHARS_MAX {
            return all.get(lead..end).unwrap_or_default().iter().collect();
        }
        let start = lead.max(self.place_at.unwrap_or(0).saturating_sub(CHARS_BEFORE));
        let stop = end.min(start + CHARS_MAX - 2);
        let mut text = String::new();
        text.extend((is_cut_before || start > lead).then_some('…'));
        text.extend(all.get(start..stop).unwrap_or_default());
        text.extend((is_cut_behind || stop < end).then_some('…'));
        text
    }
}

/// Letters that turn the reading direction or take no room: they can make a line look like another.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `count` characters before `at`.
fn back(content: &str, at: usize, count: usize) -> usize {
    content[..at]
        .char_indices()
        .rev()
        .take(count)
        .last()
        .map_or(at, |(index, _)| index)
}

/// `count` characters behind `at`.
fn on(content: &str, at: usize, count: usize) -> usize {
    content[at..]
        .char_indices()
        .nth(count)
        .map_or(content.len(), |(index, _)| at + index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(line: &str, place: usize, masks: &[(usize, usize)]) -> String {
        let masks: Vec<_> = masks.iter().map(|&(start, end)| start..end).collect();
        excerpt(line, 0..line.len(), place, &masks)
    }

    #[test]
    fn a_short_line_is_shown_without_its_indent() {
        assert_eq!(show("\t  unsafe {\r\n", 3, &[]), "unsafe {");
    }

    #[test]
    fn secrets_are_cut_to_four_characters() {
        assert_eq!(
            show("key = 'abcdefgh';", 7, &[(7, 15)]),
            "key = 'abcd****';"
        );
        assert_eq!(
            show("a=abcdefgh b=ijklmnop", 2, &[(2, 10), (13, 21)]),
            "a=abcd**** b=ijkl****"
        );
        assert_eq!(show("k=äöüßäöüß!", 2, &[(2, 18)]), "k=äöüß****!");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}unsafe {{{}", "é".repeat(5_000), "x".repeat(5_000));
        let shown = show(&line, 10_000, &[]);
        assert_eq!(shown.chars().count(), CHARS_MAX);
        assert!(
            shown.starts_with("…é") && shown.ends_with("x…") && shown.contains("unsafe {"),
            "{shown}"
        );
    }

    #[test]
    fn a_secret_that_starts_before_the_window_stays_hidden() {
        let line = format!("{}{}unsafe", "-".repeat(10), "s".repeat(5_000));
        let shown = show(&line, 5_010, &[(10, 5_010)]);
        assert!(
            !shown.contains('s') || shown.matches('s').count() == 1,
            "{shown}"
        );
        assert!(shown.contains("unsafe"), "{shown}");
    }

    #[test]
    fn control_and_direction_characters_are_not_passed_on() {
        assert_eq!(show("a\u{1b}[31m\u{202e}b\tc", 0, &[]), "a [31m b c");
    }
}
