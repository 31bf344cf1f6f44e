//! Families of languages: what analysts are capable of.

use std::fmt;

use crate::language::Language;

/// Languages that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// C, Rust, Java: compiled before they run.
    Compiled,
    /// Python, shell, JavaScript: read when they run.
    Script,
    /// Markup, data, configuration.
    Document,
    /// No language known.
    Plain,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Compiled, Self::Script, Self::Document, Self::Plain];

    /// The family of a language. What is neither compiled nor a script for sure is a document.
    pub fn of(language: Option<Language>) -> Self {
        match language.map(Language::name) {
            Some(
                "Ada" | "Assembly" | "C" | "C Header" | "C#" | "C++" | "C++ Header" | "C++ Module"
                | "CUDA" | "D" | "Fortran Modern" | "Go" | "Haskell" | "Java" | "Kotlin" | "Nim"
                | "OCaml" | "Objective-C" | "Rust" | "Scala" | "Swift" | "Zig",
            ) => Self::Compiled,
            Some(
                "AWK" | "BASH" | "Batch" | "Fish" | "JavaScript" | "JSX" | "Lua" | "Makefile"
                | "PHP" | "Perl" | "PowerShell" | "Python" | "R" | "Ruby" | "Shell" | "TSX" | "Tcl"
                | "TypeScript" | "Zsh",
            ) => Self::Script,
            Some(_) => Self::Document,
            None => Self::Plain,
        }
    }

    /// As agents name it among their capabilities.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compiled => "language:compiled",
            Self::Script => "language:script",
            Self::Document => "language:document",
            Self::Plain => "language:plain",
        }
    }

    /// What the analyst at `seat` of a pool of `seats` is capable of: each family is served by half of the pool.
    pub fn of_seat(seat: usize, seats: usize) -> impl Iterator<Item = Self> {
        let serves = move |first: usize| {
            (first..first + seats.div_ceil(2)).any(|served| served % seats == seat)
        };
        Self::ALL
            .into_iter()
            .enumerate()
            .filter(move |(first, _)| serves(*first))
            .map(|(_, family)| family)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn family(name: &str) -> Family {
        Family::of(Language::detect(Path::new(name), ""))
    }

    #[test]
    fn languages_are_in_the_family_that_people_would_say() {
        for name in ["a.c", "a.h", "a.hpp", "a.rs", "a.java", "a.cs", "a.go"] {
            assert_eq!(family(name), Family::Compiled, "{name}");
        }
        for name in ["a.py", "a.sh", "a.js", "a.ts", "a.rb", "a.php", "Makefile"] {
            assert_eq!(family(name), Family::Script, "{name}");
        }
        for name in ["a.md", "a.json", "a.toml", "a.html", "a.txt"] {
            assert_eq!(family(name), Family::Document, "{name}");
        }
        assert_eq!(family("LICENSE"), Family::Plain);
    }

    #[test]
    fn every_family_is_served_by_half_of_a_pool_of_any_size() {
        for seats in 1..20 {
            for family in Family::ALL {
                let serving = (0..seats)
                    .filter(|seat| Family::of_seat(*seat, seats).any(|served| served == family));
                assert_eq!(serving.count(), seats.div_ceil(2), "{family} of {seats}");
            }
        }
    }

    #[test]
    fn nobody_of_the_default_pools_is_without_work() {
        for seats in [2, 4, 6] {
            assert!((0..seats).all(|seat| Family::of_seat(seat, seats).next().is_some()));
        }
    }
}
