//! HaloPSA's manners.

mod access;
mod hooks;
mod lists;
mod tickets;
mod workflows;

use std::net::SocketAddr;

use sandbox::halo;
use sandbox::world::store::text;
use sandbox::world::{Handle, SeedOptions, seed};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::http::{Answer, send};

/// A small server with both applications.
pub(crate) struct Halo {
    pub(crate) at: SocketAddr,
    pub(crate) handle: Handle,
}

impl Halo {
    pub(crate) async fn start() -> Self {
        Self::with(SeedOptions { tickets: 300, items: 60, rate_limit: None, ..SeedOptions::default() }).await
    }

    pub(crate) async fn with(options: SeedOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let mut world = seed(&options);
        world.halo_origin = format!("http://{at}");
        let handle = Handle::new(world);
        let router = halo::router(handle.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { at, handle }
    }

    /// Id and secret of the full-rights application, or of the integration's.
    pub(crate) fn credentials(&self, integration: bool) -> (String, String) {
        let world = self.handle.lock();
        let id =
            if integration { &world.halo.integration_client_id } else { &world.halo.full_rights_client_id };
        let store = world.halo.root("application").unwrap();
        let (_, row) = store.iter().find(|(_, row)| text(row, "clientId") == id).unwrap();
        (id.clone(), text(row, "clientSecret").to_owned())
    }

    pub(crate) async fn form(&self, target: &str, form: &str) -> Answer {
        send(
            self.at,
            "POST",
            target,
            &[("Content-Type", "application/x-www-form-urlencoded")],
            form.as_bytes(),
        )
        .await
    }

    async fn login(&self, integration: bool, scope: &str) -> Api<'_> {
        let (id, secret) = self.credentials(integration);
        let form =
            format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}");
        let answer = self.form("/auth/token?tenant=northwind", &form).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Api { halo: self, bearer: format!("Bearer {}", answer.json()["access_token"].as_str().unwrap()) }
    }

    pub(crate) async fn full(&self) -> Api<'_> {
        self.login(false, "all").await
    }

    pub(crate) async fn integration(&self) -> Api<'_> {
        self.login(true, "all:standard%20admin:webhooks").await
    }
}

/// A logged-in client.
pub(crate) struct Api<'a> {
    halo: &'a Halo,
    pub(crate) bearer: String,
}

impl Api<'_> {
    pub(crate) async fn send(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        let headers = [("Authorization", self.bearer.as_str()), ("Content-Type", "application/json")];
        send(self.halo.at, method, target, &headers, body).await
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.send("GET", target, b"").await
    }

    pub(crate) async fn post(&self, target: &str, body: Value) -> Answer {
        self.send("POST", target, body.to_string().as_bytes()).await
    }

    /// Creates a ticket and gives its number.
    pub(crate) async fn create(&self, body: Value) -> i64 {
        let answer = self.post("/api/Tickets", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_i64().unwrap()
    }

    pub(crate) async fn ticket(&self, id: i64) -> Value {
        self.get(&format!("/api/Tickets/{id}?includedetails=true")).await.json()
    }
}

/// The numbers in a list.
pub(crate) fn ids(answer: &Answer, key: &str) -> Vec<i64> {
    answer.json()[key].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}
