//! The program: one line, and an end.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command.args(["--clients", "5", "--tickets", "20", "--items", "5"]).args(args);
    command
}

fn once(args: &[&str]) -> Output {
    command(args).stdin(Stdio::null()).output().unwrap()
}

/// A running program and its line.
fn serve(args: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, Value) {
    let mut child = command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    (child, out, serde_json::from_str(&line).unwrap())
}

#[test]
fn it_prints_one_line_and_ends_with_its_input() {
    let (mut child, mut out, line) = serve(&["--seed", "9"]);
    let origin = line["halo"]["resource_server"].as_str().unwrap().strip_suffix("/api").unwrap();
    assert_eq!(line["halo"]["authorisation_server"], format!("{origin}/auth"));
    for pointer in [
        "/halo/tenant",
        "/halo/client_id",
        "/halo/client_secret",
        "/halo_integration/client_id",
        "/halo_integration/client_secret",
        "/hit/base_url",
        "/hit/api_key",
        "/control/base_url",
    ] {
        assert!(!line.pointer(pointer).unwrap().as_str().unwrap().is_empty(), "{pointer}");
    }
    drop(child.stdin.take());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn it_ends_when_told_to() {
    let (mut child, _out, _) = serve(&[]);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn equal_seeds_give_equal_credentials() {
    let secret = |seed: &str| {
        let (mut child, _out, line) = serve(&["--seed", seed]);
        drop(child.stdin.take());
        child.wait().unwrap();
        line["hit"]["api_key"].clone()
    };
    assert_eq!(secret("3"), secret("3"));
    assert_ne!(secret("3"), secret("4"));
}

#[test]
fn the_line_can_carry_a_misplaced_address() {
    let (mut child, _out, line) = serve(&["--break", "resource_server_misplaced_api"]);
    assert!(!line["halo"]["resource_server"].as_str().unwrap().ends_with("/api"));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn it_lists_what_it_can_break() {
    let output = once(&["--break", "list"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), sandbox::breakage::Code::ALL.len());
    assert!(text.lines().any(|l| l.starts_with("agent_not_in_team ")));
}

#[test]
fn what_it_does_not_understand_it_refuses() {
    for args in [
        &["--no-such-thing"][..],
        &["--seed", "x"],
        &["--seed"],
        &["--rate-limit", "0/5"],
        &["--fault-rate", "2"],
        &["--break", "everything"],
        &["--hit-capabilities", "magic"],
        &["--halo-addr", "nowhere"],
    ] {
        let output = once(args);
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        assert!(output.stdout.is_empty());
        assert!(!output.stderr.is_empty());
    }
}
