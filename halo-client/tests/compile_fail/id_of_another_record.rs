use halo_client::Id;
use halo_client::schema::Client;

fn main() {
    let client: halo_client::Client = unimplemented!();
    let acme: Id<Client> = 12.into();
    let _ = client.tickets().get(acme);
}
