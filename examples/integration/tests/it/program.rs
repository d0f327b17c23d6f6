//! Runs the program in a folder of its own.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use halo_hit::storage::SqliteStore;

/// A folder with a configuration, gone when dropped.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A configuration of a tenant that no test reaches.
pub(crate) const CONFIGURATION: &str = r#"format = 1

[halo]
resource_server = "https://acme.example/api"
authorisation_server = "https://acme.example/auth"
tenant = "acme"
client_id = "11111111-2222-3333-4444-555555555555"
time_zone = "Europe/London"
currency = "GBP"

[hit]
base_url = "https://hit.example/v1"
currency = "GBP"

[scope]
validation_clients = ["c1"]
"#;

impl Desk {
    /// A folder with [`CONFIGURATION`].
    pub(crate) fn new() -> Self {
        Self::with(CONFIGURATION)
    }

    /// A folder with this configuration.
    pub(crate) fn with(configuration: &str) -> Self {
        let desk = Desk { folder: tempfile::tempdir().unwrap() };
        std::fs::write(desk.path("halo-hit.toml"), configuration).unwrap();
        desk
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The names of everything in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The folder's database, as the program opens it.
    pub(crate) async fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.path("halo-hit.db"), 1_700_000_000_000).await.unwrap()
    }

    /// The program with these arguments, without secrets.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_halo-hit"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command
    }

    /// Runs it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        Ended {
            code: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Runs it with `--json` and reads the one object it prints.
    pub(crate) fn json(&self, arguments: &[&str]) -> (i32, serde_json::Value) {
        let ended = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(ended.err, "", "{arguments:?}");
        assert_eq!(ended.out.lines().count(), 1, "{arguments:?}: {}", ended.out);
        let value: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(value["format"], 1);
        assert_eq!(value["exit"], ended.code);
        (ended.code, value)
    }
}
