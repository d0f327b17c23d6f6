use halo_client::Patch;
use halo_client::schema::Ticket;

fn main() {
    let _ = Patch::<Ticket>::of(7).set(Ticket::MILESTONE_ID, 3);
}
