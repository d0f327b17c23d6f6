//! Starting and stopping.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::breakage::{Breakage, Code};
use crate::control::{self, Control};
use crate::faults::Faults;
use crate::faults::layer::{self, Layer};
use crate::hit::deliver::Courier;
use crate::hit::{self, Hit};
use crate::net::{Plug, Tapped};
use crate::options::{Application, ControlInfo, HaloInfo, HitInfo, Info, Options};
use crate::world::store::text;
use crate::world::{Handle, Side, World, seed};

/// Where nobody listens: the port that is there to throw away what is sent to it, and that nobody has had in years.
const NOBODY: &str = "http://127.0.0.1:9";

/// How long open connections get to end at a shutdown.
const GRACE: Duration = Duration::from_millis(500);

/// Both servers and the control port. They stop when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    info: Info,
    handle: Handle,
    courier: Courier,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts the servers. Needs a running tokio runtime.
    ///
    /// # Errors
    /// An address cannot be listened on.
    pub async fn start(options: Options) -> io::Result<Self> {
        let halo = Tapped::bind(options.halo_addr).await?;
        let hit = Tapped::bind(options.hit_addr).await?;
        let control = Tapped::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await?;
        let mut world = seed(&options.seed);
        world.halo_origin = format!("http://{}", halo.address()?);
        world.hit_origin = format!("http://{}", hit.address()?);
        if let Some(capabilities) = &options.hit_capabilities {
            world.hit.account.insert("capabilities".into(), json!(capabilities));
        }
        if let Some(seconds) = options.token_seconds {
            world.halo.token_seconds = i64::from(seconds);
        }
        let info = info(&world, format!("http://{}", control.address()?), &options.breaks);
        let mut breakage = Breakage::default();
        breakage.set(&mut world, &options.breaks);

        crate::untrue::apply(&mut world, &options.untrue);

        let handle = Handle::new(world);
        let faults = Faults::new(options.fault_rate, options.fault_seed);
        let courier = Courier::start(handle.clone(), options.seed.seed);
        let (stop, stopped) = watch::channel(false);
        let around = |router: Router, side: Side| {
            let layer = Layer { side, faults: faults.clone(), handle: handle.clone() };
            router.layer(axum::middleware::from_fn_with_state(layer, layer::pass))
        };
        let control_router =
            control::router(Control::new(handle.clone(), courier.clone(), faults.clone(), breakage));
        let hit_router = hit::router(Hit { handle: handle.clone(), courier: courier.clone() });
        let tasks = vec![
            serve(halo, around(crate::halo::router(handle.clone()), Side::Halo), stopped.clone()),
            serve(hit, around(hit_router, Side::Hit), stopped.clone()),
            serve(control, control_router, stopped),
        ];
        Ok(Self { info, handle, courier, stop, tasks })
    }

    /// Where the servers are, and how to get in.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The world, for tests that look or arrange without going over a socket.
    #[must_use]
    pub fn world(&self) -> &Handle {
        &self.handle
    }

    /// Stops the servers and waits until they have.
    pub async fn shutdown(mut self) {
        // Nobody listens any more when all servers have ended already.
        let _ = self.stop.send(true);
        self.courier.stop();
        for mut task in std::mem::take(&mut self.tasks) {
            if tokio::time::timeout(GRACE, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.courier.stop();
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn serve(listener: Tapped, router: Router, mut stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let end = async move {
            // An error says that the sandbox is gone, which is an end as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        // It only ends when told to: the listener retries its own failures.
        let service = router.into_make_service_with_connect_info::<Plug>();
        let _ = axum::serve(listener, service).with_graceful_shutdown(end).await;
    })
}

fn info(world: &World, control: String, breaks: &[Code]) -> Info {
    let origin = &world.halo_origin;
    let below = |part: &str, misplaced: Code, unreachable: Code| match () {
        () if breaks.contains(&unreachable) => format!("{NOBODY}/{part}"),
        () if breaks.contains(&misplaced) => origin.clone(),
        () => format!("{origin}/{part}"),
    };
    let hit_origin = if breaks.contains(&Code::HitUnreachable) { NOBODY } else { &world.hit_origin };
    let application = |client_id: &str| {
        let rows = world.halo.root("application");
        let secret = rows
            .and_then(|store| store.iter().map(|(_, row)| row).find(|row| text(row, "clientId") == client_id))
            .map_or("", |row| text(row, "clientSecret"));
        Application { client_id: client_id.to_owned(), client_secret: secret.to_owned() }
    };
    let full = application(&world.halo.full_rights_client_id);
    Info {
        halo: HaloInfo {
            resource_server: below("api", Code::ResourceServerMisplacedApi, Code::ResourceServerUnreachable),
            authorisation_server: below(
                "auth",
                Code::AuthorisationServerMissingAuth,
                Code::AuthorisationServerUnreachable,
            ),
            tenant: world.halo.tenant.clone(),
            client_id: full.client_id,
            client_secret: full.client_secret,
        },
        halo_integration: application(&world.halo.integration_client_id),
        hit: HitInfo { base_url: format!("{hit_origin}{}", hit::BASE), api_key: world.hit.api_key.clone() },
        control: ControlInfo { base_url: control },
    }
}
