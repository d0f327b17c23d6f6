//! A million records through the stream: how fast, and in how much memory.

use std::time::Instant;

use halo_client::Client;

use crate::Row;
use crate::server::TICKETS;

pub(crate) async fn stream(client: &Client) {
    let Some(before) = resident() else {
        println!("a million records: this system does not tell the memory of a process in /proc");
        return;
    };
    let start = Instant::now();
    let (mut count, mut early, mut most) = (0_u64, 0.0_f64, before);
    let mut rows = client.tickets().list().rows_as::<Row>().stream();
    while let Some(row) = rows.next().await {
        std::hint::black_box(row.unwrap().value().id);
        count += 1;
        if count.is_multiple_of(1_000) {
            most = most.max(resident().unwrap());
            if count == TICKETS / 100 {
                early = most;
            }
        }
    }
    assert_eq!(count, TICKETS);
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "stream           {count} records, 2 KB each: {:.0} records/s; resident {before:.1} MB before, {early:.1} MB after a hundredth, at most {most:.1} MB",
        count as f64 / seconds
    );
}

/// Resident memory of this process in MB.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}
