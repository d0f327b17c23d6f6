//! Carrying out a plan in the model: each step of the executor, and what may become of it.

use super::check::Violation;
use super::chooser::Choice;
use super::engine::{Died, Engine};
use super::world::{Knows, LATE_MS, Late, Request, Ticket};
use sync_core::base::Intent;
use sync_core::exec::{
    Event, Exec, Memory, OpResult, Outcome, RecordKey, Reject, RejectClass, Report, StatusWay, Step,
};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{ItemId, Kind, Side};
use sync_core::plan::OpKind;
use sync_core::value::Value;

const READ: [Choice; 2] = [Choice::Crash, Choice::Fail];
const SEND: [Choice; 4] = [Choice::Crash, Choice::LoseRequest, Choice::LoseReply, Choice::Late];

impl Engine<'_> {
    pub(super) fn carry_out(&mut self, mut exec: Exec) -> Result<(), Died> {
        loop {
            let step = exec.poll(self.now());
            // Asking twice changes nothing.
            debug_assert_eq!(step, exec.poll(self.now()));
            let event = match &step {
                Step::Wait(until) => {
                    self.world.advance(until.unix_ms - self.clock);
                    continue;
                }
                Step::Done(report) => {
                    self.note_report(report, exec.memory());
                    return Ok(());
                }
                Step::Persist(entry) => {
                    if self.step(step.name(), &[Choice::Crash]) == Choice::Crash {
                        return Err(self.die());
                    }
                    self.durable.memory.apply(entry);
                    Event::Persisted
                }
                Step::Commit(commit) => {
                    if self.step(step.name(), &[Choice::Crash]) == Choice::Crash {
                        return Err(self.die());
                    }
                    self.watch_unlinks(commit.op);
                    self.durable.memory.commit(commit);
                    self.durable.serial += 1;
                    for clean in &commit.clean {
                        if self.durable.dirty.get(&clean.record).is_some_and(|mark| *mark <= clean.mark) {
                            self.durable.dirty.remove(&clean.record);
                        }
                    }
                    Event::Persisted
                }
                Step::Read(key) => match self.step(step.name(), &READ) {
                    Choice::Crash => return Err(self.die()),
                    Choice::Fail => Event::Read(Err(unavailable())),
                    _ => Event::Read(Ok(self.world.read(key))),
                },
                Step::FindMarker(query) => match self.step(step.name(), &READ) {
                    Choice::Crash => return Err(self.die()),
                    Choice::Fail => Event::Markers(Err(unavailable())),
                    _ => Event::Markers(Ok(self.world.search(&query.marker))),
                },
                Step::FindProject(opportunity) => match self.step(step.name(), &READ) {
                    Choice::Crash => return Err(self.die()),
                    Choice::Fail => Event::Projects(Err(unavailable())),
                    _ => {
                        let all = self.world.tickets.keys().filter_map(|id| self.world.ticket(*id));
                        Event::Projects(Ok(all
                            .filter(|ticket| ticket.created_from == Some(*opportunity))
                            .collect()))
                    }
                },
                Step::FindNote(query) => match self.step(step.name(), &READ) {
                    Choice::Crash => return Err(self.die()),
                    Choice::Fail => Event::Note(Err(unavailable())),
                    _ => {
                        let mut notes = self.world.notes.iter();
                        Event::Note(Ok(notes.any(|(t, tag)| *t == query.ticket.0 && **tag == *query.tag)))
                    }
                },
                Step::Create(call) => {
                    let item = call.intent().spec.item.clone().map(RecordKey::Item);
                    let knows = item.map(|item| self.read_knows(&item)).unwrap_or_default();
                    let intent = Box::new(call.intent().clone());
                    self.watch_project(&intent);
                    self.send(step.name(), &Request::Create { intent, knows })?
                }
                Step::Update(call) => {
                    let knows = self.source_knows(call.target(), call.kind());
                    self.watch_direction(call.side(), call.kind(), call.set());
                    let (target, set) = (call.target().clone(), Box::new(call.set().clone()));
                    self.send(step.name(), &Request::Write { target, set, knows })?
                }
                Step::StatusWrite(call) => {
                    let target = RecordKey::Ticket(call.ticket());
                    let knows = self.source_knows(&target, Kind::Opportunity);
                    let request = match call.way() {
                        StatusWay::Set(status) => Request::Write {
                            target,
                            set: Box::new(FieldRow::new().with(FieldId::Status, Value::halo_status(*status))),
                            knows,
                        },
                        StatusWay::Action { status, .. } => Request::Note {
                            ticket: call.ticket().0,
                            status: status.to_string(),
                            tag: call.note_tag().into(),
                            knows,
                        },
                        StatusWay::Convert { status, .. } => Request::Convert {
                            ticket: call.ticket().0,
                            status: status.map(|status| status.to_string()),
                            knows,
                        },
                        other => panic!("the model does not know {other:?}"),
                    };
                    self.send(step.name(), &request)?
                }
                Step::LinkBack(call) => {
                    let (item, kind, ticket) = (call.item().clone(), call.kind(), call.ticket().0);
                    self.send(step.name(), &Request::Reference { item, kind, ticket })?
                }
                other => panic!("the model does not know {other:?}"),
            };
            exec.on(event).expect("the event answers the step");
        }
    }

    fn send(&mut self, name: &'static str, request: &Request) -> Result<Event, Died> {
        let sent = self.world.step + 1;
        Ok(Event::Written(match self.step(name, &SEND) {
            Choice::Crash => return Err(self.die()),
            Choice::LoseRequest => Outcome::Unknown,
            Choice::LoseReply => {
                self.world.apply(request, sent);
                Outcome::Unknown
            }
            Choice::Late => {
                let at = self.world.now + LATE_MS;
                self.world.late.push(Late { at, request: request.clone(), sent });
                Outcome::Unknown
            }
            _ if !self.world.accepts(request) => {
                Outcome::Rejected(Reject::new(RejectClass::NotFound, "there is no such record"))
            }
            _ => Outcome::Applied(self.world.apply(request, sent)),
        }))
    }

    fn read_knows(&self, key: &RecordKey) -> Knows {
        self.read_knows.iter().find(|(known, _)| known == key).map(|(_, knows)| *knows).unwrap_or_default()
    }

    /// What the record on the other side went back to when it was read for this plan.
    fn source_knows(&self, target: &RecordKey, kind: Kind) -> Knows {
        let links = &self.durable.memory.links;
        let source = match target {
            RecordKey::Ticket(_) => {
                self.world.item_of(target).map(|item| RecordKey::Item(ItemId::from(item.as_str())))
            }
            RecordKey::Item(item) => {
                links.get(item).and_then(|link| link.ticket(kind)).map(RecordKey::Ticket)
            }
        };
        source.map(|source| self.read_knows(&source)).unwrap_or_default()
    }

    /// A one-way field must never be written on its source side.
    fn watch_direction(&mut self, side: Side, kind: Kind, set: &FieldRow) {
        for (field, _) in set.iter() {
            let rule = self.scenario.settings[self.run_config].rule(kind, field);
            let may = match side {
                Side::Halo => rule.direction.to_halo() || rule.direction.on_create(),
                Side::Hit => rule.direction.to_hit(),
            };
            if !may {
                self.breach(Violation::WrongWay(format!(
                    "{field} of the {kind} is written in {}",
                    side.name()
                )));
            }
        }
    }

    /// Halo's own workflow comes first: it has its time, and what it has made by our last look is not made again.
    fn watch_project(&mut self, intent: &Intent) {
        let (Some(opportunity), Some(item)) = (intent.spec.from_opportunity, &intent.spec.item) else {
            return;
        };
        // The last look, storing the intent, and this step.
        let looked_at = self.world.step.saturating_sub(1);
        let of_workflow = |t: &&Ticket| t.created_from == Some(opportunity.0) && t.made < looked_at;
        let wait = self.settings().sync.promotion.wait_ms;
        // The first wish counts: nobody need have seen that it was taken back for a moment.
        let mut edits = self.world.edits.iter();
        let wanted = edits.find(|edit| {
            let wish = edit.value == super::scenario::code("approved");
            edit.item == item.as_str() && edit.field == FieldId::Status && wish
        });
        if self.world.tickets.values().any(|ticket| of_workflow(&ticket)) {
            self.breach(Violation::Impatient(format!("there was a project of {opportunity}")));
        } else if wanted.is_some_and(|edit| self.world.now - edit.at < wait) {
            self.breach(Violation::Impatient(format!("{opportunity} had no time")));
        }
    }

    /// Nothing is forgotten unless a person has agreed.
    fn watch_unlinks(&mut self, op: Option<sync_core::decision::OpId>) {
        let Some(plan) = self.last_plan.clone() else { return };
        let Some(op) = op.and_then(|id| plan.op(id)) else { return };
        let asked = |item: &ItemId| self.seen.forgotten.contains(item.as_str());
        if matches!(op.kind, OpKind::Unlink { .. }) && !op.item.as_ref().is_some_and(asked) {
            self.breach(Violation::Forgotten(format!("{:?} was forgotten unasked", op.item)));
        }
    }

    fn note_report(&mut self, report: &Report, memory: &Memory) {
        for duplicate in &report.duplicates {
            if let RecordKey::Ticket(ticket) = &duplicate.kept {
                let item = memory.link_of_ticket(*ticket).map(|link| link.item.as_str().to_string());
                self.seen.reported.extend(item);
            }
        }
        for op in report.ops.iter().filter(|op| op.result == OpResult::Ambiguous) {
            let item = self.last_plan.as_ref().and_then(|plan| plan.op(op.op)).and_then(|op| op.item.clone());
            self.seen.reported.extend(item.map(|item| item.as_str().to_string()));
        }
    }
}

fn unavailable() -> Reject {
    Reject::new(RejectClass::Unavailable, "the model says no")
}
