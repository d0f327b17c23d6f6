use halo_client::Client;

fn narrow(client: &Client) {
    let _ = client.statuses().list().page_size(10);
}

fn main() {}
