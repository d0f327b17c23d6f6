use halo_client::Patch;
use halo_client::schema::Ticket;

fn main() {
    let _ = Patch::<Ticket>::of(7).clear(Ticket::SUMMARY);
}
