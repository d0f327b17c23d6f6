//! A server in a process of its own that answers as fast as bytes can be copied.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// The argument that makes this program the server.
pub(crate) const SERVE: &str = "--serve";
/// How many tickets there are.
pub(crate) const TICKETS: u64 = 1_000_000;
/// Ids have one width, so that they can be written over each other.
const FIRST: u64 = 1_000_000_000;

/// The server's process; it ends with this value.
pub(crate) struct Server {
    pub(crate) origin: String,
    process: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut origin = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut origin).unwrap();
        Self { origin: origin.trim().to_owned(), process }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until standard input ends.
pub(crate) fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let page = Arc::new(Template::page());
    for stream in listener.incoming() {
        let page = Arc::clone(&page);
        std::thread::spawn(move || answer(stream.unwrap(), &page));
    }
}

/// A page of a hundred tickets, and where its ids stand.
struct Template {
    body: Vec<u8>,
    ids: Vec<usize>,
}

impl Template {
    fn page() -> Self {
        let mut body = format!(r#"{{"page_no":1,"page_size":100,"record_count":{TICKETS},"tickets":["#);
        let mut ids = Vec::new();
        for number in 0..100 {
            if number > 0 {
                body.push(',');
            }
            body.push_str(r#"{"id":"#);
            ids.push(body.len());
            body.push_str(&ticket(number)[r#"{"id":"#.len()..]);
        }
        body.push_str("]}");
        Self { body: body.into_bytes(), ids }
    }

    /// The page of this number, counted from 1; rows beyond the last ticket do not occur, as pages are full.
    fn fill(&self, number: u64, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.body);
        for (id, place) in (FIRST + (number - 1) * 100..).zip(&self.ids) {
            out[*place..*place + 10].copy_from_slice(id.to_string().as_bytes());
        }
    }
}

/// A ticket of 66 keys and about 2 KB.
fn ticket(number: u64) -> String {
    let mut row = format!(
        r#"{{"id":{},"summary":"Replace the firewall of the {number}. branch office","details":"A longer text about what is to be done, with a line\nbreak and a \"quote\" in it, as people write them.","status_id":{},"tickettype_id":29,"client_id":{},"client_name":"Northwind Traders {number}","site_id":{number},"site_name":"Head office","user_id":{number},"user_name":"Maria Anders","agent_id":7,"team":"Projects","priority_id":3,"category_1":"Network>Firewall","dateoccurred":"2026-10-06T05:04:29.23","last_update":"2026-10-07T05:04:29.23","targetdate":"2026-12-01T00:00:00","hasbeenclosed":false,"estimate":12.5"#,
        FIRST + number,
        number % 9,
        number % 60
    );
    for field in 0..43 {
        write!(row, r#","unmodelled_{field}":"{} value {field}""#, "x".repeat(field % 7)).unwrap();
    }
    row.push_str(r#","customfields":[{"id":1,"name":"CFa","value":"1"},{"id":2,"name":"CFb","value":null},{"id":3,"name":"CFc","value":"text"}],"nothing":null,"more":{"a":[1,2,3]}}"#);
    row
}

/// Answers one connection until it ends.
fn answer(mut stream: TcpStream, page: &Template) {
    stream.set_nodelay(true).unwrap();
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let single = ticket(0).into_bytes();
    let (mut line, mut body, mut out) = (String::new(), Vec::new(), Vec::new());
    loop {
        line.clear();
        if input.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            if input.read_line(&mut line).unwrap_or(0) <= 2 {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        std::io::copy(&mut (&mut input).take(length), &mut std::io::sink()).unwrap();

        if path.starts_with("/auth") {
            body.clear();
            body.extend_from_slice(br#"{"access_token":"a-token","expires_in":36000,"token_type":"Bearer"}"#);
        } else if let Some((_, number)) = path.split_once("page_no=") {
            let number = number.split('&').next().unwrap_or_default();
            page.fill(number.parse().unwrap(), &mut body);
        } else {
            body.clone_from(&single);
        }
        out.clear();
        write!(
            out,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .unwrap();
        out.extend_from_slice(&body);
        if stream.write_all(&out).is_err() {
            return;
        }
    }
}
