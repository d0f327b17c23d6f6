use halo_client::schema::Ticket;
use halo_client::{CustomFields, Patch};

fn main() {
    let _ = Patch::<Ticket>::of(7).set(Ticket::CUSTOMFIELDS, CustomFields::none());
}
