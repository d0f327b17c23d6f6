//! What the project may depend on: licences, sources, a reason for each dependency, and no system library by default.
//! Read from cargo's own metadata, so that it needs no tool.

use std::collections::BTreeSet;
use std::process::Command;

/// Licences that ask for no more than their text; SPDX identifiers.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

fn packages() -> Vec<serde_json::Value> {
    // What other systems need has not been fetched here.
    let version = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(version.stdout).expect("rustc prints UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let text = cargo(&["metadata", "--format-version", "1", "--filter-platform", host]);
    let metadata: serde_json::Value = serde_json::from_str(&text).expect("cargo prints JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// Whether an SPDX expression can be met with the licences above: one of each `OR`, all of each `AND`.
fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.trim();
    // Parentheses around alternatives are the only nesting that is met with.
    if let Some(inner) = expression.strip_prefix('(')
        && let Some((inner, rest)) = inner.split_once(')')
    {
        return allowed(inner) && rest.trim().strip_prefix("AND").is_none_or(allowed);
    }
    if let Some((one, rest)) = expression.split_once(" AND ") {
        return allowed(one) && allowed(rest);
    }
    expression.split(" OR ").any(|one| {
        let id = one.trim().split(" WITH ").next().unwrap_or_default().trim();
        LICENCES.contains(&id)
    })
}

#[test]
fn expressions_are_read_as_they_are_written() {
    for good in [
        "MIT",
        "MIT OR Apache-2.0",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
    ] {
        assert!(allowed(good), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-3.0", ""] {
        assert!(!allowed(bad), "{bad}");
    }
}

#[test]
fn every_licence_is_one_of_those_that_ask_for_nothing() {
    let packages = packages();
    let bad: Vec<String> = packages
        .iter()
        .filter(|package| !allowed(package["license"].as_str().unwrap_or_default()))
        .map(|package| format!("{} {}", package["name"], package["license"]))
        .collect();
    assert!(packages.len() > 50 && bad.is_empty(), "{bad:?}");
}

#[test]
fn everything_comes_from_the_registry_or_is_ours() {
    for package in packages() {
        let source = package["source"].as_str().unwrap_or("ours");
        assert!(source == "ours" || source.starts_with("registry+"), "{}: {source}", package["name"]);
    }
}

#[test]
fn every_direct_dependency_has_its_reason() {
    let reasons = include_str!("../../../ARCHITECTURE.md");
    let packages = packages();
    let ours: BTreeSet<&str> = packages
        .iter()
        .filter(|package| package["source"].is_null())
        .filter_map(|package| package["name"].as_str())
        .collect();
    let mut missing = BTreeSet::new();
    for package in packages.iter().filter(|package| package["source"].is_null()) {
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let name = dependency["name"].as_str().expect("a name");
            if !ours.contains(name) && !reasons.contains(&format!("`{name}`")) {
                missing.insert(name.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md gives no reason for {missing:?}");
}

#[test]
fn no_system_library_is_needed_by_default() {
    for package in ["halo-client", "hit-client", "halo-hit", "cookbook"] {
        let tree = cargo(&["tree", "-p", package, "-e", "normal", "--prefix", "none"]);
        for system in ["openssl-sys", "native-tls"] {
            assert!(!tree.lines().any(|line| line.starts_with(&format!("{system} "))), "{package}: {system}");
        }
    }
}
