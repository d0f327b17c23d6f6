//! Files up and down, in all the forms in which servers answer.

use halo_client::attachment::Upload;
use halo_client::test_util::{ManualClock, Recorded, ReplayTransport, Reply, replayed, token};
use halo_client::{Client, Error};

/// Runs a call against these answers, and gives what was asked after the token.
fn run<T, F: Future<Output = T>>(
    replies: impl IntoIterator<Item = Reply>,
    call: impl FnOnce(Client) -> F,
) -> (T, Vec<Recorded>) {
    let clock = ManualClock::new();
    let server = ReplayTransport::new(clock.clone());
    server.push(token());
    for reply in replies {
        server.push(reply);
    }
    let retry = rest_core::retry::RetryPolicy::none();
    let client = replayed(&server, &clock).retry(retry).build().expect("a client");
    let result = clock.block_on(async {
        client.authenticate().await.expect("a token");
        call(client.clone()).await
    });
    assert_eq!(server.unused(), 0, "an answer is left over");
    (result, server.requests().split_off(1))
}

fn file(kind: &str, body: &str) -> Reply {
    Reply::status(200).header("content-type", kind).body(body.to_owned())
}

/// A file's text and media type.
type Opened = Result<(String, Option<String>), Error>;

/// Opens attachment 5 with a cap of ten bytes and reads all of it.
fn open(replies: impl IntoIterator<Item = Reply>) -> (Opened, Vec<Recorded>) {
    run(replies, |client| async move {
        let file = client.attachments().open(5, 10).await?;
        let kind = file.content_type().map(str::to_owned);
        let bytes = file.collect().await?;
        Ok((String::from_utf8(bytes.to_vec()).expect("text"), kind))
    })
}

#[test]
fn a_file_comes_as_bytes_or_inside_json() {
    let (bytes, asked) = open([file("application/octet-stream", "hello")]);
    assert_eq!(bytes.expect("a file"), ("hello".into(), Some("application/octet-stream".into())));
    assert_eq!(asked[0].path_and_query(), "/api/Attachment/5");
    assert!(asked[0].header("authorization").is_some());

    let inside = r#"{"id":5,"filename":"a.txt","data_base64":"data:text/plain;base64,aGVsbG8="}"#;
    let (bytes, _) = open([Reply::json(inside)]);
    assert_eq!(bytes.expect("a file"), ("hello".into(), Some("text/plain".into())));
    let (bytes, _) = open([Reply::json(r#"[{"id":5,"content_type":"text/css","data_base64":"aGVsbG8="}]"#)]);
    assert_eq!(bytes.expect("a file"), ("hello".into(), Some("text/css".into())));

    // A record without its content is asked for once more, with all of it.
    let (bytes, asked) = open([Reply::json(r#"{"id":5}"#), Reply::json(inside)]);
    assert_eq!(bytes.expect("a file").0, "hello");
    assert_eq!(asked[1].path_and_query(), "/api/Attachment/5?includedetails=true");
    let (bytes, _) = open([Reply::json(r#"{"id":5}"#), Reply::json(r#"{"id":5}"#)]);
    assert!(bytes.expect_err("no content").is_decode());
    let (bytes, _) = open([Reply::json(r#"{"id":5,"data_base64":"?!"}"#)]);
    assert!(bytes.expect_err("no Base64").is_decode());
}

#[test]
fn a_page_instead_of_the_file_is_an_error_and_a_page_that_is_the_file_is_none() {
    let page = || file("text/html; charset=utf-8", "<html>");
    let (bytes, _) = open([page()]);
    assert!(bytes.expect_err("a login").is_decode());
    let (whole, _) = run([page()], |client| async move { client.attachments().download(5).await });
    assert!(whole.expect_err("a login").is_decode());

    let saved = |kind| file(kind, "<html>").header("content-disposition", "attachment; filename=\"a.html\"");
    assert_eq!(open([saved("text/html")]).0.expect("a file").0, "<html>");
    assert_eq!(open([saved("application/json")]).0.expect("a file").0, "<html>");
    let (whole, _) =
        run([saved("text/html")], |client| async move { client.attachments().download(5).await });
    assert_eq!(whole.expect("a file").as_ref(), b"<html>");
}

#[test]
fn no_more_arrives_than_the_caller_allows() {
    let eleven = "01234567890";
    // The server says so at once, or it shows on the way.
    for reply in [file("image/png", eleven).header("content-length", "11"), file("image/png", eleven)] {
        assert!(open([reply]).0.expect_err("too much").is_body_too_large());
    }
    assert_eq!(open([file("image/png", &eleven[1..])]).0.expect("ten bytes").0.len(), 10);
    // Inside JSON it is the file's size that counts.
    let (bytes, _) = open([Reply::json(r#"{"data_base64":"MDEyMzQ1Njc4OTA="}"#)]);
    assert!(bytes.expect_err("too much").is_body_too_large());
}

#[test]
fn a_file_that_breaks_off_is_not_taken_for_whole() {
    let (pieces, _) = run([file("image/png", "0123456789").breaks_after(4)], |client| async move {
        let mut file = client.attachments().open(5, 100).await.expect("its beginning");
        let first = file.chunk().await.expect("a piece").expect("a piece");
        let error = file.chunk().await.expect_err("it breaks off");
        (first, error, file.chunk().await.expect("the end"))
    });
    assert_eq!(pieces.0.as_ref(), b"0123");
    assert_eq!(pieces.1.endpoint(), Some("/Attachment/{id}"));
    assert_eq!(pieces.2, None, "nothing comes after an error");
}

#[test]
fn signed_addresses_get_no_token_and_halos_own_do() {
    let read = |address: &'static str, reply: Option<Reply>| {
        run(
            reply,
            move |client| async move { client.attachments().open_link(address, 10).await?.collect().await },
        )
    };
    let (bytes, asked) = read("https://bucket.example/a?X-Signature=s", Some(file("image/png", "hello")));
    assert_eq!(bytes.expect("a file").as_ref(), b"hello");
    assert_eq!(asked[0].uri, "https://bucket.example/a?X-Signature=s");
    assert_eq!(asked[0].header("authorization"), None);

    for own in ["/api/attachment/image/5", "https://acme.halopsa.test/api/attachment/image/5"] {
        let (bytes, asked) = read(own, Some(file("image/png", "hello")));
        assert_eq!(bytes.expect("a file").as_ref(), b"hello");
        assert_eq!(asked[0].uri, "https://acme.halopsa.test/api/attachment/image/5");
        assert!(asked[0].header("authorization").is_some());
    }
    for open in ["http://bucket.example/a?X-Signature=s", "ftp://bucket.example/a"] {
        let (bytes, asked) = read(open, None);
        assert!(bytes.expect_err("in the open").is_configuration());
        assert!(asked.is_empty());
    }
}

fn upload() -> Upload {
    Upload::new(7, "log \"1\".txt", "text/plain", "hello")
}

#[test]
fn files_go_up_inside_json_or_as_a_form() {
    let (saved, asked) =
        run(
            [Reply::json(r#"{"id":5}"#)],
            |client| async move { client.attachments().upload(&upload()).await },
        );
    assert_eq!(saved.expect("saved").id(), Some(5.into()));
    assert_eq!(
        asked[0].body_text(),
        r#"[{"ticket_id":7,"filename":"log \"1\".txt","data_base64":"data:text/plain;base64,aGVsbG8="}]"#
    );

    let (saved, asked) = run([Reply::json(r#"{"id":5}"#)], |client| async move {
        client.attachments().upload_form(&upload()).await
    });
    assert_eq!(saved.expect("saved").value().id, Some(5.into()));
    assert_eq!(
        (asked[0].method.as_str(), asked[0].path_and_query()),
        ("POST", "/api/Attachment/image?ticket_id=7")
    );
    let kind = asked[0].header("content-type").expect("a type");
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect("a boundary");
    let body = asked[0].body_text();
    assert!(
        body.starts_with(&format!("--{boundary}\r\n")) && body.ends_with(&format!("--{boundary}--\r\n")),
        "{body}"
    );
    assert!(
        body.contains("\r\ncontent-type: text/plain\r\n\r\nhello\r\n")
            || body.contains("\r\nContent-Type: text/plain\r\n\r\nhello\r\n"),
        "{body}"
    );
    assert!(!body.contains("filename=\"log \"1\""), "a quote must not end the name: {body}");

    let (saved, _) =
        run(
            [Reply::json("<html>")],
            |client| async move { client.attachments().upload_form(&upload()).await },
        );
    assert!(saved.expect_err("no record").is_outcome_unknown());
}

#[test]
fn large_files_go_past_halo_without_its_token() {
    let given = r#"[{"ticket_id":7,"filename":"log.txt","atfilename":"key-1","s3url":"https://bucket.example/key-1?sig=s"}]"#;
    let replies = [Reply::json(given), Reply::status(200), Reply::json(r#"{"id":5,"filename":"log.txt"}"#)];
    let (saved, asked) =
        run(replies, |client| async move { client.attachments().upload_presigned(&upload()).await });
    assert_eq!(saved.expect("saved").value().id, Some(5.into()));
    assert_eq!(
        asked[0].body_text(),
        r#"[{"ticket_id":7,"filename":"log \"1\".txt","originalfilename":"log \"1\".txt","filesize":5}]"#
    );
    assert_eq!(
        (asked[1].method.as_str(), asked[1].uri.to_string().as_str()),
        ("PUT", "https://bucket.example/key-1?sig=s")
    );
    assert_eq!(
        (asked[1].header("authorization"), asked[1].header("content-type")),
        (None, Some("text/plain"))
    );
    assert_eq!(asked[1].body_text(), "hello");
    assert_eq!(asked[2].path_and_query(), "/api/Attachment/PresignedURLUploadComplete");
    assert!(asked[2].body_text().contains(r#""atfilename":"key-1""#), "what was given goes back");

    // An address that would carry the signature in the open is not used; nor is none.
    for given in [r#"{"url":"http://bucket.example/key-1?sig=s"}"#, r#"{"url":""}"#, "[]"] {
        let (saved, asked) = run([Reply::json(given)], |client| async move {
            client.attachments().upload_presigned(&upload()).await
        });
        saved.expect_err("no address");
        assert_eq!(asked.len(), 1);
    }
    // The storage refuses: nothing is told to Halo.
    let (saved, asked) = run(
        [Reply::json(given), Reply::status(403).body("<Error><Code>SignatureDoesNotMatch</Code></Error>")],
        |client| async move { client.attachments().upload_presigned(&upload()).await },
    );
    assert!(saved.expect_err("refused").is_permission());
    assert_eq!(asked.len(), 2);
}

#[test]
fn a_large_file_has_the_time_that_it_needs_and_is_sent_once() {
    let given = r#"{"s3url":"https://bucket.example/key-1?sig=s"}"#;
    let slow = Reply::status(200).after(std::time::Duration::from_secs(60));
    let replies = [Reply::json(given), slow, Reply::json(r#"{"id":5}"#)];
    let (saved, asked) = run(replies, |client| async move {
        let file = Upload::new(7, "disk.img", "application/octet-stream", vec![0; 8 << 20]);
        client.attachments().upload_presigned(&file).await
    });
    assert_eq!(saved.expect("saved").value().id, Some(5.into()));
    assert_eq!(asked.len(), 3);
}
