use crate::program::Desk;

#[test]
fn help_says_what_there_is() {
    let desk = Desk::new();
    let mut text = desk.run(&["--help"]);
    assert_eq!((text.code, text.err.as_str()), (0, ""));
    for command in ["pair", "issues", "history", "undo", "gate"] {
        let help = desk.run(&[command, "--help"]);
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{command}");
        text.out.push_str(&format!("\n===== {command} =====\n{}", help.out));
    }
    assert!(text.out.lines().all(|line| line.chars().count() <= 100), "{}", text.out);
    insta::assert_snapshot!("help", text.out);
    assert_eq!(desk.files(), ["halo-hit.toml"]);
}

#[test]
fn wrong_command_lines_end_with_64_and_change_nothing() {
    let desk = Desk::new();
    for arguments in [
        &[][..],
        &["statsu"],
        &["status", "--verbose"],
        &["status", "--wait", "soon"],
        &["pair", "i1"],
        &["pair", "i1", "merge"],
        &["issues", "resolve", "abcd1234"],
        &["issues", "resolve", "abcd1234", "--keep", "both"],
        &["gate", "unlock"],
        &["history", "--limit", "0"],
        &["status", "--secret", "x"],
    ] {
        let ended = desk.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{arguments:?}");
        assert!(!ended.err.is_empty());
    }
    let (code, value) = desk.json(&["statsu"]);
    assert_eq!((code, &value["error"]["code"]), (64, &"usage".into()));
    assert_eq!(desk.files(), ["halo-hit.toml"]);
}

#[test]
fn output_in_a_pipe_has_no_colour() {
    let desk = Desk::new();
    for arguments in [&["status"][..], &["gate"], &["settings"], &["--help"]] {
        let ended = desk.run(arguments);
        assert_eq!(ended.code, 0, "{}", ended.err);
        assert!(!ended.out.contains('\u{1b}') && !ended.out.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    use std::io::Read;
    let desk = Desk::new();
    let mut child = desk.command(&["settings"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut first = [0; 1];
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_exact(&mut first).unwrap();
    drop(pipe);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
