//! Reads what is public, and what is written above it, out of a source file.
//!
//! Lines rather than a parser: rustfmt has laid every file out, so an item starts a line, its attributes and documentation stand
//! right above it, and a block ends with a `}` at the indent it began with.

/// A public function or type, or a method of a public trait.
#[derive(Debug, Default)]
pub struct Item {
    /// Where it starts, counted from 1.
    pub line: usize,
    /// From its first word to the `{` or `;` that ends its head, on one line.
    pub head: String,
    /// Its documentation and attributes.
    pub above: String,
}

impl Item {
    /// Whether the documentation has a heading of this name.
    pub fn has_section(&self, name: &str) -> bool {
        self.above.lines().any(|line| {
            line.strip_prefix("/// # ")
                .is_some_and(|title| title.trim() == name)
        })
    }

    pub fn is_hidden(&self) -> bool {
        self.above.contains("#[doc(hidden)]")
    }

    /// Whether calling it gives a future.
    pub fn is_async(&self) -> bool {
        self.is_function()
            && (self.words().any(|word| word == "async") || self.output().contains("Future"))
    }

    /// Whether it gives a `Result`, at once or as the output of a future.
    pub fn is_fallible(&self) -> bool {
        let output = self.output();
        let value = output
            .split_once("Output = ")
            .map_or(output, |(_, value)| value);
        self.is_function() && last_segment(value) == "Result"
    }

    /// The name of the type that this declares.
    pub fn type_name(&self) -> Option<&str> {
        let mut words = self.words();
        words.find(|word| matches!(*word, "struct" | "enum"))?;
        words.next().map(last_segment)
    }

    fn is_function(&self) -> bool {
        self.words().any(|word| word == "fn")
    }

    /// The words before the parameters.
    fn words(&self) -> impl Iterator<Item = &str> {
        let end = self.head.find('(').unwrap_or(self.head.len());
        self.head[..end].split_whitespace()
    }

    /// The type after the arrow that follows the parameters, without a `where` clause.
    fn output(&self) -> &str {
        let (mut angles, mut parens, mut previous) = (0_i32, 0_i32, ' ');
        for (at, character) in self.head.char_indices() {
            match character {
                '<' => angles += 1,
                '>' if previous != '-' => angles -= 1,
                '(' if angles == 0 => parens += 1,
                ')' if angles == 0 => {
                    parens -= 1;
                    if parens == 0 {
                        let rest = self.head[at + 1..].trim_start();
                        let output = rest.strip_prefix("-> ").unwrap_or("");
                        return output.split(" where ").next().unwrap_or("").trim();
                    }
                }
                _ => {}
            }
            previous = character;
        }
        ""
    }
}

/// The public items of a file, without those of its unit tests.
pub fn public_items(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut above = String::new();
    let mut public_trait: Option<String> = None;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        let end_of_block = format!("{indent}}}");
        if code.starts_with("///") {
            above += &format!("{code}\n");
        } else if code.starts_with("#[") {
            let mut attribute = code.to_string();
            while attribute.matches('[').count() > attribute.matches(']').count() {
                let Some((_, line)) = lines.next() else { break };
                attribute += line.trim();
            }
            above += &format!("{attribute}\n");
        } else if code.starts_with("mod ") && code.ends_with('{') && above.contains("cfg(test)") {
            lines.by_ref().find(|(_, line)| *line == end_of_block);
            above.clear();
        } else {
            if public_trait.as_deref() == Some(line) {
                public_trait = None;
            }
            let is_method = public_trait.is_some()
                && (code.starts_with("fn ") || code.starts_with("async fn "));
            if code.starts_with("pub ") || is_method {
                let mut head = code.to_string();
                while !head.contains('{') && !head.ends_with(';') {
                    let Some((_, line)) = lines.next() else { break };
                    head = format!("{head} {}", line.trim());
                }
                if code.starts_with("pub trait ") && !head.ends_with("{}") {
                    public_trait = Some(end_of_block);
                }
                let head = head.split('{').next().unwrap_or_default();
                items.push(Item {
                    line: number + 1,
                    head: head.trim_end_matches(';').trim_end().to_string(),
                    above: std::mem::take(&mut above),
                });
            }
            above.clear();
        }
    }
    items
}

/// The types for which a file implements `Future` or `IntoFuture`: what a caller awaits without an `async fn`.
pub fn awaitable_types(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| line.starts_with("impl"))
        .filter_map(|line| line.split_once("Future for "))
        .map(|(_, target)| last_segment(target))
}

/// `Result` of `io::Result<T>`, `Ask` of `super::Ask<'_>`.
fn last_segment(path: &str) -> &str {
    let end = path
        .find(|character: char| {
            !(character.is_alphanumeric() || character == '_' || character == ':')
        })
        .unwrap_or(path.len());
    path[..end].rsplit("::").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Item {
        let mut items = public_items(text);
        assert_eq!(items.len(), 1, "{items:?}");
        items.remove(0)
    }

    #[test]
    fn documentation_above_attributes_belongs_to_the_item() {
        let item = only(
            "/// Waits.\n///\n/// # Errors\n/// When closed.\n#[expect(\n    clippy::x,\n    reason = \"y\"\n)]\npub fn wait() -> io::Result<()> {\n",
        );
        assert!(item.has_section("Errors") && !item.has_section("Cancel safety"));
        assert!(item.is_fallible() && !item.is_async());
        assert_eq!(item.line, 9);
    }

    #[test]
    fn closures_in_generics_do_not_hide_the_return_type() {
        let item = only(
            "pub async fn spawn_with<F>(\n    &self,\n    factory: F,\n) -> Result<(), Error>\nwhere\n    F: Fn(u8) -> u8,\n{\n",
        );
        assert!(item.is_async() && item.is_fallible());
        let item = only("pub fn map<F: Fn(u8) -> Result<u8, u8>>(self, f: F) -> Self {");
        assert!(!item.is_fallible() && !item.is_async());
    }

    #[test]
    fn futures_count_by_their_output() {
        let item = only("pub fn ask(&self) -> impl Future<Output = Result<u8, Error>> + Send {");
        assert!(item.is_async() && item.is_fallible());
        let item = only("pub fn last(&self) -> Option<Result<u8, Error>> {");
        assert!(!item.is_async() && !item.is_fallible());
        let item = only("pub fn key(&self) -> [u8; 4] {");
        assert!(!item.is_async() && !item.is_fallible());
    }

    #[test]
    fn methods_of_public_traits_count_and_unit_tests_do_not() {
        let items = public_items(
            "pub trait Agent {\n    /// Handles.\n    async fn handle(&self);\n}\n\nfn private() {}\n\n#[cfg(test)]\nmod tests {\n    pub async fn helper() {}\n}\n\npub struct Ask<'a>(&'a u8);\n",
        );
        let heads: Vec<_> = items.iter().map(|item| item.head.as_str()).collect();
        assert_eq!(
            heads,
            [
                "pub trait Agent",
                "async fn handle(&self)",
                "pub struct Ask<'a>(&'a u8)"
            ]
        );
        assert_eq!(items[2].type_name(), Some("Ask"));
    }

    #[test]
    fn awaitable_types_are_found_by_their_last_name() {
        let text = "impl<'a, M> IntoFuture for ask::Ask<'a, M> {\nimpl Display for Future {\n";
        assert_eq!(awaitable_types(text).collect::<Vec<_>>(), ["Ask"]);
    }
}
