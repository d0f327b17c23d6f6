//! The dependency arrows of the architecture: who may depend on whom, read from cargo's own metadata.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What each package of the workspace may depend on within the workspace, dev-dependencies included.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("rest-core", &[][..]),
        ("sync-core", &[]),
        ("halo-client", &["rest-core"]),
        ("halo-codegen", &[]),
        ("hit-client", &["rest-core"]),
        ("halo-hit", &["rest-core", "halo-client", "hit-client", "sync-core", "sandbox"]),
        ("cookbook", &["rest-core", "halo-client", "hit-client", "sync-core"]),
        ("sandbox", &[]),
        ("e2e", &["rest-core", "halo-client", "hit-client", "sync-core", "halo-hit", "sandbox"]),
    ])
}

/// Crates that perform I/O or read a clock: none may come near the pure core.
const IMPURE: &[&str] =
    &["tokio", "reqwest", "hyper", "sqlx", "axum", "fastrand", "mio", "socket2", "chrono"];

fn metadata(extra: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(extra)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

#[test]
fn packages_depend_only_along_the_arrows() {
    let metadata = metadata(&["--no-deps"]);
    let allowed = allowed();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        let may = allowed.get(name).unwrap_or_else(|| panic!("{name} is not in the table of arrows"));
        seen.insert(name.to_owned());
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let target = dependency["name"].as_str().expect("a name");
            if allowed.contains_key(target) && target != name {
                assert!(may.contains(&target), "{name} must not depend on {target}");
            }
        }
    }
    assert_eq!(seen.len(), allowed.len(), "the table names packages that do not exist: {allowed:?}");
}

#[test]
fn the_sandbox_is_an_optional_dependency_of_the_integration() {
    let metadata = metadata(&["--no-deps"]);
    let packages = metadata["packages"].as_array().expect("packages");
    let halo_hit = packages.iter().find(|package| package["name"] == "halo-hit").expect("halo-hit exists");
    let sandbox = halo_hit["dependencies"]
        .as_array()
        .expect("dependencies")
        .iter()
        .find(|dependency| dependency["name"] == "sandbox" && dependency["kind"].is_null())
        .expect("halo-hit knows the sandbox");
    assert_eq!(sandbox["optional"], true, "only the feature `demo` may bring the sandbox in");
}

#[test]
fn the_pure_core_reaches_nothing_impure() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "-p", "sync-core", "-e", "normal", "--prefix", "none", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("cargo prints UTF-8");
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains("sync-core"), "cargo tree printed no tree: {tree}");
    for impure in IMPURE {
        assert!(!names.contains(impure), "sync-core reaches {impure}");
    }
}
