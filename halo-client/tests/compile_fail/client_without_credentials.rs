use halo_client::Client;

fn main() {
    let _ = Client::builder()
        .resource_server("https://acme.halopsa.com/api")
        .authorisation_server("https://acme.halopsa.com/auth")
        .build();
}
