//! Programs that must not compile, with the words they are refused in.

#[test]
#[ignore = "builds all dependencies a second time; the crate's documentation holds the same programs"]
fn wrong_programs_are_refused() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
}
