use halo_client::New;
use halo_client::schema::User;

fn main() {
    let _ = New::<User>::of("Ann Ames");
}
