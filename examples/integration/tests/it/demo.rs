//! The demo as a user runs it. It binds free ports of this machine and waits for real, some ten seconds.

use crate::program::{CONFIGURATION, Desk};

/// The demo in a folder of its own, which is also the one for temporary files.
fn demo(desk: &Desk, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = desk.command(&[&["demo"], arguments].concat());
    let output = command.env("TMPDIR", desk.path("")).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_servers_count_nothing_doubled_lost_mailed_or_deleted() {
    let desk = Desk::with(CONFIGURATION);
    let (code, out, err) = demo(&desk, &["--seed", "3", "--json"]);
    let last = out.lines().last().unwrap_or_default();
    let sums: serde_json::Value = serde_json::from_str(last).unwrap_or_default();
    assert_eq!((code, sums["converged"].as_bool()), (Some(0), Some(true)), "{out}{err}");
    for none in [
        "final_plan_ops",
        "duplicates",
        "lost_updates",
        "customer_emails",
        "deletes",
        "conflicts",
        "rate_limited",
    ] {
        assert_eq!(sums[none], 0, "{none}: {last}");
    }
    let number = |name: &str| sums.pointer(name).and_then(serde_json::Value::as_f64).unwrap_or_default();
    // The burst alone makes 60 links, and every change by a person is some request.
    assert!(number("/links") > 60.0, "{last}");
    assert!(number("/requests/halo") > 100.0 && number("/requests/hit") > 100.0, "{last}");
    let per_change = number("/writes_per_change");
    assert!((0.9..2.0).contains(&per_change), "{last}");
    assert_eq!(desk.files(), ["halo-hit.toml"], "nothing is left behind");
}

#[test]
fn the_story_has_fourteen_steps_and_fits_a_terminal() {
    let desk = Desk::with(CONFIGURATION);
    let (code, out, err) = demo(&desk, &["--seed", "8"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(err, "");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    assert!(out.lines().count() < 160, "{} lines", out.lines().count());
    let steps = out.lines().filter_map(|line| line.get(..2)?.trim().parse::<u32>().ok());
    assert_eq!(steps.collect::<Vec<_>>(), (1..=14).collect::<Vec<_>>(), "{out}");
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("the role that `halo-hit check --role` prints, and nothing more"), "{out}");
    for said in ["not HaloPSA", "agent_not_in_team", "ambiguous", "limits_exceeded", "kill -9", "was killed"]
    {
        assert!(out.contains(said), "{said} is missing: {out}");
    }
}
