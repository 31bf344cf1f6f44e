//! What the compiler says to mistakes. Each file of `cases/` holds one kind of mistake, and beside it stands all that a user
//! gets to read: one error per mistake, which points at it and says what to do.
//!
//! The texts are those of the workspace's own Rust version. After a change, `TRYBUILD=overwrite cargo test -p tests --test
//! compile_fail` writes them anew; read them before keeping them.

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("compile_fail/cases/*.rs");
}
