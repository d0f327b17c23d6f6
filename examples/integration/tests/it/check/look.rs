use halo_hit::check::State;
use halo_hit::render::Paint;
use sandbox::Options;
use sandbox::breakage::Code;

use super::{check_with, configuration, start};

#[tokio::test(flavor = "multi_thread")]
async fn text_fits_and_markdown_is_complete() {
    let breaks = vec![Code::AgentNotInTeam, Code::StatusNotOfType, Code::HitBuiltInSyncOn];
    let sandbox = start(Options { breaks, ..Options::default() }).await;
    let report = check_with(&sandbox, &configuration(&sandbox)).await;
    for width in [80, 120] {
        let lines = report.lines(width, Paint::new(false));
        for line in &lines {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        let text = lines.join("\n");
        println!("{text}\n");
        for finding in report.findings.iter().filter(|finding| finding.state == State::Fails) {
            assert!(text.contains(&*finding.code));
        }
    }
    let markdown = report.markdown();
    for finding in &report.findings {
        assert!(markdown.contains(&format!("| `{}` |", finding.code)));
    }
    assert!(markdown.contains("### agent_not_in_team: fails"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["summary"]["fails"], 3);
    assert_eq!(json["findings"][0]["code"], "resource_server_misplaced_api");
    assert_eq!(json["findings"][0]["state"], "ok");
}
