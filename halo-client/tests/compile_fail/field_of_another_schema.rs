use halo_client::Patch;
use halo_client::schema::{Client, Ticket};

fn main() {
    let _ = Patch::<Ticket>::of(7).set(Client::NAME, "Acme");
}
