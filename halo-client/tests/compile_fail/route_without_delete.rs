fn main() {
    let client: halo_client::Client = unimplemented!();
    let _ = client.webhook_events().delete("6f9e");
}
