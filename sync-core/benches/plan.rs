//! What a plan costs per link when nothing has changed: comparing digests, and opening rows.

use divan::Bencher;
use sync_core::hash::Hash128;
use sync_core::ids::{ItemId, TicketId};
use sync_core::planner::digest::{ItemRow, Row, TicketRow, compare, item_key};
use sync_core::record::HaloTicket;

fn main() {
    divan::main();
}

const LINKS: i64 = 1_000_000;

fn digest(n: i64, salt: u64) -> Hash128 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    bytes[8..].copy_from_slice(&salt.to_le_bytes());
    Hash128(bytes)
}

fn tickets(changed_every: i64) -> Vec<TicketRow> {
    (0..LINKS)
        .map(|n| Row::new(TicketId(n), digest(n, u64::from(changed_every > 0 && n % changed_every == 0))))
        .collect()
}

fn items(changed_every: i64) -> Vec<ItemRow> {
    (0..LINKS)
        .map(|n| {
            let salt = u64::from(changed_every > 0 && n % changed_every == 0);
            // Sorted 128-bit keys, as hashing the ids gives them.
            Row { key: (n as u128) << 96 | 0x5bd1, ..Row::new(0, digest(n, salt)) }
        })
        .collect()
}

/// One million links, both lists of both sides, nothing or one in a hundred changed.
#[divan::bench(args = [0, 1000, 100])]
fn unchanged_million(bencher: Bencher<'_, '_>, changed_every: i64) {
    let (clean_t, clean_i) = (tickets(0), items(0));
    let (read_t, read_i) = (tickets(changed_every), items(changed_every));
    bencher.counter(divan::counter::ItemsCount::new(LINKS as u64)).bench_local(|| {
        let mut changed = 0_u64;
        let equal =
            compare(&clean_t, &read_t, |_, _| changed += 1) + compare(&clean_i, &read_i, |_, _| changed += 1);
        (equal, changed)
    });
}

/// Digesting one ticket with its fields, and the key of one item.
#[divan::bench]
fn digest_one_ticket(bencher: Bencher<'_, '_>) {
    let ticket = HaloTicket::default();
    bencher.bench_local(|| divan::black_box(&ticket).digest());
}

/// The key of one item.
#[divan::bench]
fn key_of_one_item(bencher: Bencher<'_, '_>) {
    let item = ItemId::from("5f0c1c1e-8f3c-4c0e-9a55-0b8f6c1c9a11");
    bencher.bench_local(|| item_key(divan::black_box(&item)));
}
