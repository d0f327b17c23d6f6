use halo_client::{Client, Id, schema};

fn read(client: &Client, acme: Id<schema::Client>) {
    let _ = client.tickets().get(acme);
}

fn main() {}
