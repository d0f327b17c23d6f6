//! What the documentation of the libraries promises for every public item of a kind, read from their sources.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The async functions of a source that are public, or of a public trait, and say nothing of being dropped: themselves,
/// or for all its methods the trait that they belong to.
fn silent(source: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut documented = false;
    let mut of_trait: Option<bool> = None;
    for line in source.lines() {
        let code = line.trim();
        if code == "#[cfg(test)]" {
            break;
        }
        if let Some(text) = code.strip_prefix("///") {
            documented |= text.trim() == "# Cancel safety";
            continue;
        }
        if code.starts_with("#[") {
            continue;
        }
        if line.starts_with("pub trait ") {
            of_trait = Some(documented);
        } else if line == "}" {
            of_trait = None;
        }
        let of_this =
            code.starts_with("pub async fn ") || of_trait == Some(false) && code.starts_with("async fn ");
        if of_this && !documented && of_trait != Some(true) {
            out.push(code.to_owned());
        }
        documented = false;
    }
    out
}

#[test]
fn every_async_function_says_what_dropping_it_does() {
    let mut files = Vec::new();
    for library in ["rest-core", "halo-client", "hit-client"] {
        sources(&root().join(library).join("src"), &mut files);
    }
    let mut missing = Vec::new();
    let mut seen = 0;
    for file in files {
        // Helpers of tests end with their test.
        if file.components().any(|part| part.as_os_str() == "test_util") {
            continue;
        }
        let source = fs::read_to_string(&file).expect("a source is text");
        seen += source.matches("pub async fn ").count();
        missing.extend(silent(&source).into_iter().map(|line| format!("{}: {line}", file.display())));
    }
    assert!(seen > 30, "the sources were not found: {seen}");
    assert!(missing.is_empty(), "no `# Cancel safety`:\n{}", missing.join("\n"));
}

#[test]
fn the_check_sees_what_is_missing() {
    assert_eq!(silent("/// Waits.\npub async fn wait() {}"), ["pub async fn wait() {}"]);
    assert!(
        silent("/// Waits.\n///\n/// # Cancel safety\n/// None.\n#[must_use]\npub async fn wait() {}")
            .is_empty()
    );
    let of_trait = "/// # Cancel safety\npub trait Api {\n    /// Waits.\n    async fn wait();\n}\npub async fn other() {}";
    assert_eq!(silent(of_trait), ["pub async fn other() {}"]);
    assert_eq!(silent("pub trait Api {\n    async fn wait();\n}"), ["async fn wait();"]);
}
