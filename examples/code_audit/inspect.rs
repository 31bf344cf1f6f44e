//! What a text's lines are: code, comments, blanks, and work left to do.
//!
//! Code, comments and blanks are `tokei`'s, including those of languages embedded in others (a fenced block in Markdown,
//! documentation in Rust, a script in HTML), which count for the file's own language. Its state machine takes quadratic
//! time on some inputs: whatever it looks at, it skips the white space that follows, up to the end of the file; and an
//! unclosed `<script>` sends it through the rest of the file on each line. A file of 200 KB whose only string is spaces
//! takes it 12 s, one of 4 MiB would take hours. So its cost is reckoned beforehand, and texts past [`COST_MAX`] are
//! counted line by line, by the language's line comments alone: less exact, but no single file holds up the audit.

use std::panic;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use tokei::{Config, LanguageType};

use crate::language::Language;

/// What one text adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Counts {
    /// The number of `\n`, plus one for a last line without it.
    pub lines: u64,
    /// Lines of code; 0 where the language is not known.
    pub code: u64,
    /// Lines of comments only; 0 where the language is not known.
    pub comments: u64,
    /// Blank lines; 0 where the language is not known.
    pub blanks: u64,
    /// Lines that contain TODO, FIXME or XXX as a whole word.
    pub todos: u64,
}

/// The most steps, in bytes looked at, that a text may cost the library beyond its length.
///
/// Guess: about half a second on a machine of 2026. No file of several large source trees comes near it.
const COST_MAX: u64 = 1_000_000_000;

/// Counts a text in `language`.
pub fn inspect(language: Option<Language>, content: &str) -> Counts {
    let counts = Counts {
        lines: lines(content),
        todos: todos(content),
        ..Counts::default()
    };
    let Some(language) = language.map(Language::kind) else {
        return counts;
    };
    let (code, comments, blanks) =
        by_library(language, content).unwrap_or_else(|| by_line_comments(language, content));
    Counts {
        code,
        comments,
        blanks,
        ..counts
    }
}

fn lines(content: &str) -> u64 {
    let ends = content.bytes().filter(|&byte| byte == b'\n').count() as u64;
    ends + u64::from(!content.is_empty() && !content.ends_with('\n'))
}

fn todos(content: &str) -> u64 {
    static MARK: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("TODO|FIXME|XXX").expect("a fixed pattern"));
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let (mut count, mut from) = (0, 0);
    // The word's ends are looked at here: Unicode's word boundary would take the search off its fast path.
    while let Some(mark) = MARK.find_at(content, from) {
        let (before, behind) = (&content[..mark.start()], &content[mark.end()..]);
        let is_whole = !before.ends_with(is_word) && !behind.starts_with(is_word);
        count += u64::from(is_whole);
        let next_line = || {
            behind
                .find('\n')
                .map_or(content.len(), |end| mark.end() + end)
        };
        from = if is_whole {
            next_line()
        } else {
            mark.start() + 1
        };
    }
    count
}

/// The library's counts, unless they would take it too long.
fn by_library(language: LanguageType, content: &str) -> Option<(u64, u64, u64)> {
    if cost(language, content) > COST_MAX {
        return None;
    }
    // A bug of the library on one odd file is no reason to lose the audit of all others.
    let counted = panic::catch_unwind(|| {
        language
            .parse_from_str(content, &Config::default())
            .summarise()
    });
    let stats = counted.ok()?;
    Some((
        stats.code as u64,
        stats.comments as u64,
        stats.blanks as u64,
    ))
}

/// An upper bound of the library's steps beyond the length of the text.
fn cost(language: LanguageType, content: &str) -> u64 {
    let bytes = content.as_bytes();
    let length = bytes.len() as u64;
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\x09'..=b'\x0d');
    let (mut run, mut longest, mut squares) = (0_u64, 0_u64, 0_u64);
    for byte in bytes {
        if is_space(byte) {
            run += 1;
        } else if run > 0 {
            squares += run * run / 2;
            longest = longest.max(run);
            run = 0;
        }
    }
    // White space at the end is skipped again from each byte before it, and so is that of an embedded text.
    let trailing = run * length;
    let embeds = if has_tags(language) {
        longest * length + unclosed_tags(content) * length
    } else {
        0
    };
    squares + trailing + embeds
}

fn has_tags(language: LanguageType) -> bool {
    use LanguageType::{GlimmerJs, GlimmerTs, Html, RubyHtml, Svelte, Vue};
    matches!(
        language,
        GlimmerJs | GlimmerTs | Html | RubyHtml | Svelte | Vue
    )
}

/// Tags that open an embedded text behind the last one that closes such: each is searched for its end in vain.
fn unclosed_tags(content: &str) -> u64 {
    ["script", "style", "template"]
        .iter()
        .map(|tag| {
            let closed = content.rfind(&format!("</{tag}>")).unwrap_or(0);
            content[closed..].matches(&format!("<{tag}")).count() as u64
        })
        .sum()
}

/// Counts without the library's state machine: a line is blank, starts with a line comment, or is code.
fn by_line_comments(language: LanguageType, content: &str) -> (u64, u64, u64) {
    let marks = language.line_comments();
    let (mut code, mut comments, mut blanks) = (0, 0, 0);
    for line in content.lines().map(str::trim) {
        if line.is_empty() {
            blanks += 1;
        } else if marks.iter().any(|mark| line.starts_with(mark)) {
            comments += 1;
        } else {
            code += 1;
        }
    }
    (code, comments, blanks)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn counts(name: &str, content: &str) -> (u64, u64, u64) {
        let counts = inspect(Language::detect(Path::new(name), content), content);
        (counts.code, counts.comments, counts.blanks)
    }

    #[test]
    fn lines_are_line_ends_and_an_unfinished_last_line() {
        for (content, expected) in [
            ("", 0),
            ("\n", 1),
            ("a", 1),
            ("a\n", 1),
            ("a\nb", 2),
            ("a\r\nb\r\n", 2),
            ("\n\n\n", 3),
            ("\r", 1),
        ] {
            assert_eq!(inspect(None, content).lines, expected, "{content:?}");
        }
    }

    #[test]
    fn todos_are_lines_with_a_mark_as_a_whole_word() {
        for (content, expected) in [
            ("// TODO: x\n", 1),
            ("TODO", 1),
            ("TODO FIXME XXX\nXXX\n", 2),
            ("TODOs, XXXX, xTODO, TODO_LIST, MY_FIXME, todo", 0),
            ("éTODO TODOé TODO1", 0),
            ("TODOs but a TODO too", 1),
            ("XXXX XXX", 1),
            ("(FIXME)\r\n[XXX]\r\n“TODO”", 3),
            ("TO\nDO", 0),
        ] {
            assert_eq!(inspect(None, content).todos, expected, "{content:?}");
        }
    }

    #[test]
    fn code_comments_and_blanks_are_told_apart_by_language() {
        assert_eq!(
            counts(
                "a.rs",
                "// one\nfn main() {\n\n    /* two */\n    let s = \"// three\";\n}\n"
            ),
            (3, 2, 1)
        );
        assert_eq!(counts("a.py", "# one\nx = 1\n\n"), (1, 1, 1));
        assert_eq!(counts("a.c", "/*\n * one\n */\nint x; // two\n"), (1, 3, 0));
        assert_eq!(counts("a.unheard_of", "one\n\n"), (0, 0, 0));
    }

    #[test]
    fn embedded_languages_count_for_the_file_they_are_in() {
        assert_eq!(
            counts(
                "a.rs",
                "/// Says:\n/// ```rust\n/// let x = 1;\n/// ```\nfn f() {}\n"
            ),
            (2, 3, 0)
        );
        assert_eq!(
            counts(
                "a.html",
                "<html>\n<script>\nlet x = 1;\n</script>\n</html>\n"
            ),
            (5, 0, 0)
        );
    }

    /// Each of these takes the library minutes to hours.
    #[test]
    fn texts_on_which_the_library_is_quadratic_are_counted_at_once() {
        let spaces = format!("x = \"{}\";\n// one\n\n", " ".repeat(3_000_000));
        assert_eq!(counts("a.c", &spaces), (1, 1, 1));
        let trailing = format!(
            "{}{}",
            "x = \"a\";\n".repeat(100_000),
            "\n".repeat(1_000_000)
        );
        assert_eq!(counts("a.c", &trailing), (100_000, 0, 1_000_000));
        let unclosed = "<script>\n".repeat(400_000);
        assert_eq!(counts("a.html", &unclosed), (400_000, 0, 0));
    }

    #[test]
    fn large_texts_of_the_usual_kind_are_left_to_the_library() {
        let source = "    let x = \"a\"; // and so on\n\n        /* more */\n".repeat(70_000);
        assert!(cost(LanguageType::Rust, &source) < COST_MAX);
        assert_eq!(counts("a.rs", &source), (70_000, 70_000, 70_000));
        let page = "<div>\n    <script>let x;</script>\n</div>\n".repeat(90_000);
        assert!(cost(LanguageType::Html, &page) < COST_MAX);
    }

    #[test]
    fn odd_texts_do_not_stop_the_count() {
        for content in [
            "",
            "\n",
            " ",
            "```",
            "\"",
            "/*",
            "'",
            "\\",
            "<script>",
            "\u{feff}",
            "///",
            "`\n```rust",
            "\r",
        ] {
            let extensions = LanguageType::list()
                .iter()
                .flat_map(|(_, extensions)| extensions.iter());
            for extension in extensions {
                let (code, comments, blanks) = counts(&format!("a.{extension}"), content);
                assert!(code + comments + blanks <= 2, "{extension} {content:?}");
            }
        }
    }
}
