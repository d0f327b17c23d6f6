fn main() {
    let client: halo_client::Client = unimplemented!();
    let _ = client.statuses().list().page_size(10);
}
