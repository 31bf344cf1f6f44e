//! Which language a file is written in: by its name, else by its first line.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tokei::{Config, LanguageType};

/// A language that the counting library knows. Stored by its name, since the library's own numbers are those of its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "&str", try_from = "String")]
pub struct Language(LanguageType);

impl Language {
    /// The language of the file called `path` that holds `content`; `None` for a text in no language known.
    ///
    /// A pure function of its arguments: nothing is opened.
    pub fn detect(path: &Path, content: &str) -> Option<Self> {
        let name = path.file_name()?;
        // The library opens the file where the name tells nothing, to look at its first line. No system has a file with
        // NUL in its path, so below this folder it finds none, and the content at hand is looked at instead.
        let nowhere = Path::new("\0").join(name);
        let by_name = LanguageType::from_path(nowhere, &Config::default());
        let by_content = || {
            if path.extension().is_none() {
                by_first_line(content)
            } else {
                None
            }
        };
        by_name.or_else(by_content).map(Self)
    }

    /// The name, as the report shows it.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The library's own.
    pub fn kind(self) -> LanguageType {
        self.0
    }
}

impl From<Language> for &'static str {
    fn from(language: Language) -> Self {
        language.name()
    }
}

impl TryFrom<String> for Language {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let unknown = || format!("{name} is no language known");
        LanguageType::from_name(&name).map(Self).ok_or_else(unknown)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The language of the interpreter that a first line of the form `#!/usr/bin/env -S NAME` or `#!/bin/NAME` asks for.
fn by_first_line(content: &str) -> Option<LanguageType> {
    let mut words = content
        .lines()
        .next()?
        .strip_prefix("#!")?
        .split_whitespace();
    let mut interpreter = words.next()?.rsplit('/').next()?;
    if interpreter == "env" {
        interpreter = words
            .find(|word| !word.starts_with('-') && !word.contains('='))?
            .rsplit('/')
            .next()?;
    }
    let version = |letter: char| letter.is_ascii_digit() || letter == '.' || letter == '-';
    Some(match interpreter.trim_end_matches(version) {
        "awk" | "gawk" | "mawk" => LanguageType::AWK,
        "bash" => LanguageType::Bash,
        "sh" | "dash" | "ash" => LanguageType::Sh,
        "zsh" => LanguageType::Zsh,
        "ksh" => LanguageType::Ksh,
        "csh" | "tcsh" => LanguageType::CShell,
        "fish" => LanguageType::Fish,
        "just" => LanguageType::Just,
        "lua" | "luajit" => LanguageType::Lua,
        "make" => LanguageType::Makefile,
        "node" | "bun" => LanguageType::JavaScript,
        "deno" | "ts-node" | "tsx" => LanguageType::TypeScript,
        "perl" => LanguageType::Perl,
        "php" => LanguageType::Php,
        "pwsh" => LanguageType::PowerShell,
        "python" | "pypy" => LanguageType::Python,
        "Rscript" => LanguageType::R,
        "ruby" => LanguageType::Ruby,
        "tclsh" => LanguageType::Tcl,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str, content: &str) -> Option<&'static str> {
        Language::detect(Path::new(path), content).map(Language::name)
    }

    #[test]
    fn the_name_decides_where_it_says_something() {
        assert_eq!(name("src/main.rs", "#!/bin/sh\n"), Some("Rust"));
        assert_eq!(name("a/B.PY", ""), Some("Python"));
        assert_eq!(name("Makefile", ""), Some("Makefile"));
        assert_eq!(name("Dockerfile", ""), Some("Dockerfile"));
        assert_eq!(name("x.h", ""), Some("C Header"));
        assert_eq!(name("x.cpp", ""), Some("C++"));
    }

    #[test]
    fn a_script_without_an_extension_is_known_by_its_first_line() {
        assert_eq!(name("run", "#!/bin/sh\necho\n"), Some("Shell"));
        assert_eq!(name("run", "#!/usr/bin/env python3\n"), Some("Python"));
        assert_eq!(
            name("run", "#! /usr/bin/env -S FOO=1 python3.12 -u\n"),
            Some("Python")
        );
        assert_eq!(name("run", "#!/usr/local/bin/bash -e\r\n"), Some("BASH"));
        assert_eq!(name("run", "#!/usr/bin/env node"), Some("JavaScript"));
    }

    #[test]
    fn what_is_in_no_language_known_has_none() {
        assert_eq!(name("LICENSE", "All rights\n"), None);
        assert_eq!(name("run", "#!/opt/own/thing\n"), None);
        assert_eq!(name("run", "#!\n"), None);
        assert_eq!(name("run", "#!/usr/bin/env\n"), None);
        assert_eq!(name("data.unheard_of", "#!/bin/sh\n"), None);
        assert_eq!(name("", "#!/bin/sh\n"), None);
    }

    /// The file of that name exists and says it is Python; only the content that was handed in may count.
    #[test]
    fn detection_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        std::fs::write(&path, "#!/usr/bin/env python\n").unwrap();
        assert_eq!(Language::detect(&path, "plain words\n"), None);
    }

    #[test]
    fn a_language_is_known_by_its_name_again() {
        for (kind, _) in LanguageType::list() {
            let language = Language(*kind);
            assert_eq!(Language::try_from(language.name().to_owned()), Ok(language));
        }
        assert!(Language::try_from("Volapük".to_owned()).is_err());
    }
}
