//! The role as lines for people, and as Markdown.

use crate::check::markdown::safe;
use crate::render::{Paint, Style, Table, wrap};

use super::Role;

/// From so many columns on there is room for the codes of the findings.
const WIDE: usize = 110;

impl Role {
    /// The role as lines of at most `width` columns.
    #[must_use]
    pub fn lines(&self, width: usize, paint: Paint) -> Vec<String> {
        let mut lines = vec![paint.text(Style::Heading, "The least role for the settings in force")];
        lines.extend(wrap(
            "Halo: Configuration > Teams & Agents > Roles, New (or the agent's role), Permission tab, Edit. What is not \
             listed stays at \"Not set\".",
            width,
        ));
        lines.push(String::new());
        let level = |right: &super::Right| right.level.map_or("Not set", super::Level::label);
        // The codes are long: where they would be broken, they are left out.
        if width >= WIDE {
            let mut table = Table::new(["Permission", "Level", "For", "Checked by"]);
            for right in &self.rights {
                table.row([right.label, level(right), right.purpose, right.finding.unwrap_or_default()]);
            }
            lines.extend(table.lines(width, paint));
        } else {
            let mut table = Table::new(["Permission", "Level", "For"]);
            for right in &self.rights {
                table.row([right.label, level(right), right.purpose]);
            }
            lines.extend(table.lines(width, paint));
        }
        lines.push(String::new());
        let labels: Vec<&str> = self.not_set.iter().map(|right| right.label).collect();
        lines.extend(labelled("Not set", &labels.join(", "), width, paint));
        for (label, text) in self.rest() {
            lines.extend(labelled(label, &text, width, paint));
        }
        lines
    }

    /// The role as Markdown, to attach to a ticket.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "# The least role for halo-hit\n\nHalo: Configuration > Teams & Agents > Roles, Permission tab. What is not \
             listed stays at \"Not set\".\n\n| Permission | Level | For | Checked by |\n|---|---|---|---|\n",
        );
        for right in &self.rights {
            let level = right.level.map_or("Not set", super::Level::label);
            text.push_str(&format!(
                "| {} | {level} | {} | `{}` |\n",
                safe(right.label),
                safe(right.purpose),
                right.finding.unwrap_or_default()
            ));
        }
        let labels: Vec<&str> = self.not_set.iter().map(|right| right.label).collect();
        text.push_str(&format!("\n- **Not set**: {}\n", safe(&labels.join(", "))));
        for (label, line) in self.rest() {
            text.push_str(&format!("- **{label}**: {}\n", safe(&line)));
        }
        text
    }

    /// What stands on other screens than the Permission tab.
    fn rest(&self) -> [(&'static str, String); 6] {
        let types = self.ticket_types.iter().map(|id| match self.ticket_type_names.get(id) {
            Some(name) => format!("{name} ({id})"),
            None => id.to_string(),
        });
        let types: Vec<String> = types.collect();
        let or = |names: &[String], none: &str| {
            if names.is_empty() { none.to_owned() } else { names.join(", ") }
        };
        [
            ("Ticket types", format!("view, create and edit: {}", or(&types, "none is followed yet"))),
            ("Teams", or(&self.teams, "those of the followed ticket types (Halo could not be read)")),
            (
                "Departments",
                format!(
                    "{}, each with Membership \"Modify All\"",
                    or(&self.departments, "those of these teams: Sales, Projects, Support")
                ),
            ),
            (
                "Agent",
                "API-only, active, a Default team, Work Hours 24 Hours, everything else as it is".to_owned(),
            ),
            (
                "Application",
                format!(
                    "Active; {}; Login Type {}; Agent to log in as: {}",
                    self.application.method, self.application.login_type, self.application.agent
                ),
            ),
            ("Scopes", self.scopes.join(", ")),
        ]
    }
}

/// A labelled paragraph whose lines hang under its text.
fn labelled(label: &str, text: &str, width: usize, paint: Paint) -> Vec<String> {
    const AT: usize = 14;
    let parts = wrap(text, width.saturating_sub(AT).max(20));
    parts
        .iter()
        .enumerate()
        .map(|(at, part)| {
            let label = format!("{:<AT$}", if at == 0 { label } else { "" });
            format!("{}{part}", paint.text(Style::Faint, &label))
        })
        .collect()
}
