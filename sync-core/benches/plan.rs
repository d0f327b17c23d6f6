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

/// The floor under that: reading every word of the same four lists once and doing next to nothing with it, which is as
/// fast as this machine's memory gives them.
#[divan::bench]
fn reading_a_million(bencher: Bencher<'_, '_>) {
    fn words<K: Copy>(rows: &[Row<K>], key: impl Fn(K) -> u64) -> u64 {
        rows.iter().fold(0, |sum, row| sum ^ key(row.key) ^ row.digest[0] ^ row.digest[1])
    }
    let (clean_t, clean_i) = (tickets(0), items(0));
    let (read_t, read_i) = (tickets(0), items(0));
    bencher.counter(divan::counter::ItemsCount::new(LINKS as u64)).bench_local(|| {
        let of_tickets = |rows: &[TicketRow]| words(rows, |id| id.0.cast_unsigned());
        let of_items = |rows: &[ItemRow]| words(rows, |key| key as u64 ^ (key >> 64) as u64);
        of_tickets(&clean_t) ^ of_tickets(&read_t) ^ of_items(&clean_i) ^ of_items(&read_i)
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
