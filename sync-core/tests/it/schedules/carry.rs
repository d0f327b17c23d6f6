//! Carrying out a plan in the model: each step of the executor, and what may become of it.

use super::chooser::Choice;
use super::engine::{Died, Engine};
use super::requests::{Ghost, Late, Request};
use super::world::LATE_MS;
use sync_core::exec::{Event, Exec, Outcome, RecordKey, Reject, RejectClass, StatusWay, Step};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{ItemId, Kind, Side};
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
                    self.watch_parted();
                    self.watch_link_backs();
                    self.note_agreed();
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
                    _ => {
                        self.looked.insert(key.clone(), self.world.step);
                        Event::Read(Ok(self.world.read(key)))
                    }
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
                    let look = item.and_then(|item| self.looks.get(&item));
                    let knows = look.map(|look| look.knows).unwrap_or_default();
                    let intent = Box::new(call.intent().clone());
                    self.watch_project(&intent);
                    self.send(step.name(), &Request::Create { intent }, Ghost { knows, ..Ghost::default() })?
                }
                Step::Update(call) => {
                    let ghost = self.ghost(call.target(), call.kind());
                    self.watch_direction(call.side(), call.kind(), call.set());
                    let (target, set) = (call.target().clone(), Box::new(call.set().clone()));
                    self.send(step.name(), &Request::Write { target, set }, ghost)?
                }
                Step::StatusWrite(call) => {
                    let target = RecordKey::Ticket(call.ticket());
                    let ghost = self.ghost(&target, Kind::Opportunity);
                    let request = match call.way() {
                        StatusWay::Set(status) => Request::Write {
                            target,
                            set: Box::new(FieldRow::new().with(FieldId::Status, Value::halo_status(*status))),
                        },
                        StatusWay::Action { status, .. } => Request::Note {
                            ticket: call.ticket().0,
                            status: status.to_string(),
                            tag: call.note_tag().into(),
                        },
                        StatusWay::Convert { status, .. } => Request::Convert {
                            ticket: call.ticket().0,
                            status: status.map(|status| status.to_string()),
                        },
                        other => panic!("the model does not know {other:?}"),
                    };
                    self.send(step.name(), &request, ghost)?
                }
                Step::LinkBack(call) => {
                    let (side, item, kind) = (call.side(), call.item().clone(), call.kind());
                    let request = Request::LinkBack { side, item, kind, ticket: call.ticket().0 };
                    self.send(step.name(), &request, Ghost::default())?
                }
                other => panic!("the model does not know {other:?}"),
            };
            exec.on(event).expect("the event answers the step");
        }
    }

    fn send(&mut self, name: &'static str, request: &Request, mut ghost: Ghost) -> Result<Event, Died> {
        // An action looks at its target, looks for its note, stores and writes; an older look is none.
        ghost.looked = ghost.looked.max((self.world.step + 1).saturating_sub(3));
        Ok(Event::Written(match self.step(name, &SEND) {
            Choice::Crash => return Err(self.die()),
            Choice::LoseRequest => Outcome::Unknown,
            Choice::LoseReply => {
                self.watch_left_alone(request);
                self.world.apply(request, &ghost);
                Outcome::Unknown
            }
            Choice::Late => {
                self.watch_left_alone(request);
                let at = self.world.now + LATE_MS;
                self.world.late.push(Late { at, request: request.clone(), ghost });
                Outcome::Unknown
            }
            _ if !self.world.accepts(request) => {
                Outcome::Rejected(Reject::new(RejectClass::NotFound, "the model has no such record"))
            }
            _ if self.world.refuses(request) => {
                self.watch_left_alone(request);
                self.note_link_back(request);
                Outcome::Rejected(Reject::new(RejectClass::Invalid, "the model says no"))
            }
            _ => {
                self.watch_left_alone(request);
                self.note_link_back(request);
                Outcome::Applied(self.world.apply(request, &ghost))
            }
        }))
    }

    /// What the checks know of a write to one of two records of a kind.
    fn ghost(&self, target: &RecordKey, kind: Kind) -> Ghost {
        let links = &self.durable.memory.links;
        let source = match target {
            RecordKey::Ticket(_) => {
                self.world.item_of(target).map(|item| RecordKey::Item(ItemId::from(item.as_str())))
            }
            RecordKey::Item(item) => {
                links.get(item).and_then(|link| link.ticket(kind)).map(RecordKey::Ticket)
            }
        };
        let [from, to] = [source.as_ref(), Some(target)].map(|key| key.and_then(|key| self.looks.get(key)));
        let ahead = from.and_then(|from| from.stamp).zip(to.and_then(|to| to.stamp));
        let lead = ahead.map(|(from, to)| if target.side() == Side::Hit { from - to } else { to - from });
        Ghost {
            knows: from.map(|from| from.knows).unwrap_or_default(),
            lead,
            looked: self.looked.get(target).copied().unwrap_or_default(),
        }
    }
}

fn unavailable() -> Reject {
    Reject::new(RejectClass::Unavailable, "the model says no")
}
