//! Writes every ticket of every kind to standard output, one JSON object per line, and nothing else.
//!
//! Shows: lists of any length in flat memory, rows as the server sent them, own row types, and a quiet end when
//! the reader goes away.
//!
//! ```text
//! cargo run -p sandbox -- --no-rate-limit &    # prints where it listens, as one line of JSON
//! export HALO_RESOURCE_SERVER=.. HALO_AUTHORISATION_SERVER=.. HALO_TENANT=.. HALO_CLIENT_ID=.. HALO_CLIENT_SECRET=..
//! HALO_RATE_LIMIT=none cargo run --release -p cookbook --bin export_tickets > tickets.jsonl
//! ```
//!
//! Exit codes: 0 complete, or the reader went away; 64 a variable is missing or malformed; 1 anything else, with
//! the lines written so far being whole.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use cookbook::{Failure, HaloAccess, finish, wait_for};
use halo_client::Id;
use halo_client::resource::{List, Pageable, TicketRoute};
use halo_client::schema::Ticket;

fn main() -> ExitCode {
    finish(wait_for(run()))
}

async fn run() -> Result<(), Failure> {
    let client = HaloAccess::from_environment()?.client()?;
    let mut export =
        Export { out: BufWriter::with_capacity(1 << 16, io::stdout().lock()), seen: Seen::default(), bad: 0 };

    // Halo's document does not promise that the list of tickets holds projects and opportunities too, and
    // instances may differ. So all three lists are asked; what was written once is not written again.
    export.list(client.tickets().list()).await?;
    export.list(client.projects().list()).await?;
    export.list(client.opportunities().list()).await?;

    export.out.flush()?;
    match export.bad {
        0 => Ok(()),
        bad => Err(Failure::Failed(format!("{bad} rows could not be read and are missing from the export."))),
    }
}

/// All that is read of a row. The rest of it is passed on as it came, unread.
#[derive(serde::Deserialize)]
struct Row {
    id: Id<Ticket>,
}

struct Export<W> {
    out: W,
    seen: Seen,
    bad: u64,
}

impl<W: Write> Export<W> {
    async fn list<R: TicketRoute + Pageable>(&mut self, list: List<R>) -> Result<(), Failure> {
        // In the order of the ids, so that what is created meanwhile comes last and moves no other row.
        let mut pages = list.order("id").orderdesc(false).rows_as::<Row>().pages();
        while let Some(page) = pages.next().await {
            let (mut known, mut fresh) = (0_u32, 0_u32);
            for row in page?.rows {
                match row {
                    Ok(record) if self.seen.insert(record.value().id.get()) => {
                        write_line(&mut self.out, record.raw_text())?;
                        fresh += 1;
                    }
                    Ok(_) => known += 1,
                    Err(bad) => {
                        self.bad += 1;
                        writeln!(io::stderr(), "left out: {}", bad.into_error())?;
                    }
                }
            }
            // Nothing but known rows: an earlier list held this kind as well, and the rest of it.
            if fresh == 0 && known > 0 {
                break;
            }
        }
        Ok(())
    }
}

/// Writes one object on one line. A server may spread JSON over several; within a text a line break is always
/// escaped, so every bare one is mere space.
fn write_line(out: &mut impl Write, json: &str) -> io::Result<()> {
    for (index, part) in json.split(['\n', '\r']).enumerate() {
        if index > 0 {
            out.write_all(b" ")?;
        }
        out.write_all(part.as_bytes())?;
    }
    out.write_all(b"\n")
}

/// A set of ids in a bit each: a million tickets take some 150 KB.
#[derive(Default)]
struct Seen(BTreeMap<i64, [u64; 16]>);

impl Seen {
    /// Adds an id; whether it is new.
    fn insert(&mut self, id: i64) -> bool {
        let bits = self.0.entry(id.div_euclid(1024)).or_default();
        let place = id.rem_euclid(1024).unsigned_abs();
        let (word, bit) = (&mut bits[(place / 64) as usize], 1_u64 << (place % 64));
        let fresh = *word & bit == 0;
        *word |= bit;
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_new_once() {
        let mut seen = Seen::default();
        for id in [0, 1, 63, 64, 1023, 1024, 5_000_000_000, -1, -1024, -1025, i64::MIN, i64::MAX] {
            assert!(seen.insert(id), "{id}");
            assert!(!seen.insert(id), "{id}");
        }
    }

    #[test]
    fn an_object_takes_one_line_whatever_its_layout() {
        let mut out = Vec::new();
        write_line(&mut out, "{\n  \"summary\": \"two\\nlines\",\r\n  \"id\": 1\n}").expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&text).expect("still JSON");
        assert_eq!(value["summary"], "two\nlines");
    }
}
