//! Whether a place is in code, in a comment or in a string, as far as its line tells.

use super::Family;
use crate::rules::Place;

/// Whether the place is outside of comments and of strings.
pub(super) fn is_code(place: &Place<'_>) -> bool {
    state_at(place) == State::Code
}

/// [`is_code`], and no definition of a function of that name.
pub(super) fn is_call(place: &Place<'_>) -> bool {
    let before = place.before().trim_end();
    let is_definition = [
        "def", "fn", "func", "function", "void", "int", "char", "char *", "extern", "static",
        "async",
    ]
    .iter()
    .any(|word| before.ends_with(word) && !before[..before.len() - word.len()].ends_with(is_word));
    !is_definition && is_code(place)
}

/// For shells, where a string is often a command for another shell.
pub(super) fn is_no_comment(place: &Place<'_>) -> bool {
    state_at(place) != State::Comment
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Code,
    Comment,
    Text,
}

/// What the line is in the middle of when it comes to the place.
fn state_at(place: &Place<'_>) -> State {
    let Some((language, family)) = place
        .language
        .and_then(|language| Some((language, Family::of(language)?)))
    else {
        return State::Code;
    };
    let before = place.before();
    let start = before.trim_start();
    // A line inside a block comment: most of them start so.
    let has_blocks = !matches!(family, Family::Python | Family::Ruby | Family::Shell);
    if has_blocks
        && ((start.starts_with("* ") && family != Family::Rust) || start.starts_with("<!--"))
    {
        return State::Comment;
    }
    let marks = language.kind().line_comments();
    let bytes = before.as_bytes();
    let (mut at, mut quote) = (0, None);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        match quote {
            Some(_) if byte == b'\\' => at += 1,
            Some(open) if byte == open => quote = None,
            // A character literal, such as C's '"'.
            None if rest.starts_with(b"'\"'") || rest.starts_with(b"'\\\"") => at += 3,
            None if byte == b'"' || family.other_quotes().contains(&byte) => quote = Some(byte),
            None if marks.iter().any(|mark| is_mark(bytes, at, mark, family)) => {
                return State::Comment;
            }
            None if has_blocks && rest.starts_with(b"/*") => {
                let Some(end) = rest.windows(2).skip(2).position(|pair| pair == b"*/") else {
                    return State::Comment;
                };
                at += end + 3;
            }
            _ => {}
        }
        at += 1;
    }
    if quote.is_some() {
        State::Text
    } else {
        State::Code
    }
}

/// Whether a line comment starts at `at`. In a shell, `#` starts one only at the start of a word.
fn is_mark(bytes: &[u8], at: usize, mark: &str, family: Family) -> bool {
    let is_word_start = at == 0 || bytes.get(at - 1).is_some_and(u8::is_ascii_whitespace);
    bytes[at..].starts_with(mark.as_bytes()) && (family != Family::Shell || is_word_start)
}
