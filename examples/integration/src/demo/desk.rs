//! Where the demo's user sits: a folder with a configuration file, and the program's own functions.

use std::path::PathBuf;
use std::time::Duration;

use sandbox::Info;
use sync_core::hash::Hash256;
use sync_core::settings::validate;

use super::choices::Choices;
use crate::app::{App, Systems};
use crate::config::{self, Config};
use crate::engine::{Done, Engine, Planned, Reach, Silent, View};
use crate::exit::Failure;
use crate::secrets::{Secrets, Sources};
use crate::storage::{Answer, Lease};

/// The name under which the variables of both secrets are known.
const SECRETS: [&str; 2] = ["HALO_HIT_HALO_SECRET", "HALO_HIT_HIT_KEY"];

/// A folder that is gone with its last holder.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let process = std::process::id();
        for attempt in 0..100 {
            let path = std::env::temp_dir().join(format!("halo-hit-demo-{process}-{attempt}"));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(no_folder(error)),
            }
        }
        Err(no_folder(std::io::Error::from(std::io::ErrorKind::AlreadyExists)))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system: it holds invented data alone.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn no_folder(error: std::io::Error) -> Failure {
    let way_out = "let TMPDIR name a folder that you may write to";
    Failure::other("no_temporary_folder", "no temporary folder can be made", way_out).with_source(error)
}

/// The configuration file, the database, and the connections.
pub(super) struct Desk {
    folder: Folder,
    info: Info,
    /// What is chosen.
    pub(super) choices: Choices,
    /// The configuration as it was read last, with its database.
    pub(super) app: App,
    systems: Option<Systems>,
}

/// A plan, and what it was made from.
pub(super) struct Looked {
    pub(super) lease: Lease,
    pub(super) engine: Engine,
    pub(super) view: View,
    pub(super) planned: Planned,
}

impl Desk {
    pub(super) async fn new(info: &Info, choices: Choices) -> Result<Self, Failure> {
        let folder = Folder::new()?;
        let app = open(&folder, &choices).await?;
        Ok(Self { folder, info: info.clone(), choices, app, systems: None })
    }

    /// Where the configuration stands.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.0.join(config::FILE)
    }

    /// Reads a configuration without keeping it.
    pub(super) fn read(&self, choices: &Choices) -> Result<Config, Failure> {
        Config::parse(&self.file(), &choices.to_toml())
    }

    /// Writes the configuration file anew, and opens it.
    pub(super) async fn write(&mut self) -> Result<(), Failure> {
        self.app = open(&self.folder, &self.choices).await?;
        Ok(())
    }

    /// Both secrets, as the environment of a child.
    pub(super) fn environment(&self) -> [(&'static str, &str); 2] {
        let [halo, hit] = SECRETS;
        [(halo, &self.info.halo_integration.client_secret), (hit, &self.info.hit.api_key)]
    }

    /// Both secrets.
    pub(super) fn secrets(&self) -> Result<Secrets, Failure> {
        let given = self.environment().into_iter();
        given.fold(Sources::default(), |sources, (name, value)| sources.with(name, value)).read()
    }

    /// Makes the first contact with this configuration, and keeps the connection.
    pub(super) async fn connect(&mut self) -> Result<Systems, Failure> {
        let systems = self.app.connect(&self.secrets()?).await?;
        self.systems = Some(systems.clone());
        Ok(systems)
    }

    /// An engine over the connection.
    pub(super) async fn engine(&mut self) -> Result<Engine, Failure> {
        let systems = match &self.systems {
            Some(systems) => systems.clone(),
            None => self.connect().await?,
        };
        Ok(Engine::new(&self.app, &systems))
    }

    /// Reads both systems and plans, as `plan` does.
    pub(super) async fn plan(&mut self, reach: Reach) -> Result<Looked, Failure> {
        let lease = self.app.lease("demo").await?;
        let engine = self.engine().await?;
        let view = engine.read(&lease, reach).await?;
        config::refuse(&validate(&view.settings, &view.catalogue))?;
        let planned = engine.plan(&view);
        engine.remember(&lease, &view, &planned, None).await?;
        Ok(Looked { lease, engine, view, planned })
    }

    /// Carries out a plan, as `apply` does.
    pub(super) async fn apply(&self, looked: &Looked, lifted: Option<Hash256>) -> Result<Done, Failure> {
        self.app.require_running().await?;
        self.app.require_gate().await?;
        looked.engine.require_only_writer().await?;
        let (view, planned) = (&looked.view, &looked.planned);
        let done = looked.engine.carry_out(&looked.lease, view, planned, lifted, "demo", &Silent).await?;
        self.app.keep_rate_window(looked.engine.halo.client()).await?;
        Ok(done)
    }

    /// Plans and carries out, as `sync` does.
    pub(super) async fn sync(&mut self) -> Result<(Looked, Done), Failure> {
        self.sync_after(Reach::Changes).await
    }

    /// The same after a read of this reach.
    pub(super) async fn sync_after(&mut self, reach: Reach) -> Result<(Looked, Done), Failure> {
        let looked = self.plan(reach).await?;
        let done = self.apply(&looked, None).await?;
        Ok((looked, done))
    }

    /// A person's answers.
    pub(super) async fn answer(&self, answers: &[Answer]) -> Result<(), Failure> {
        if !answers.is_empty() {
            self.app.store.decide(answers, self.app.now()).await?;
        }
        Ok(())
    }
}

async fn open(folder: &Folder, choices: &Choices) -> Result<App, Failure> {
    let (path, text) = (folder.0.join(config::FILE), choices.to_toml());
    std::fs::write(&path, &text).map_err(no_folder)?;
    App::with_config(Config::parse(&path, &text)?, Duration::from_secs(5)).await
}
