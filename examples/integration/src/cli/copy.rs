//! `backup`.

use serde::Serialize;

use super::{BackupArgs, Context};
use crate::exit::{Exit, Failure};

#[derive(Serialize)]
struct BackupReport {
    file: String,
    bytes: u64,
}

pub(super) async fn backup(args: &BackupArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    app.store.copy_to(&args.file).await?;
    let file = args.file.display().to_string();
    // The copy was just checked; its size is only told.
    let bytes = std::fs::metadata(&args.file).map_or(0, |metadata| metadata.len());
    context.out.line(format!("Copied to {file} ({bytes} bytes), and checked. It holds customers' data."));
    context
        .out
        .line("To go back to it: end `serve`, put it in the place of the database, remove the files beside");
    context.out.line("it that end in -wal and -shm, and run `halo-hit plan`.");
    context.out.result("backup", Exit::Done, &BackupReport { file, bytes });
    Ok(Exit::Done)
}
