use halo_client::Client;

fn remove(client: &Client) {
    let _ = client.webhook_events().delete("6f9e");
}

fn main() {}
