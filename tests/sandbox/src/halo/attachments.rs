//! Attachments: sent as base64 (with or without the data-URL head), as a form, or by way of an upload address.

use axum::http::{Method, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::auth::Caller;
use super::list::Window;
use super::tickets::view::visible;
use super::tickets::{parse_id, visible as ticket_visible};
use super::wire::{Answer, Reply, Req};
use crate::world::clock::zoneless;
use crate::world::store::{flag, int, text};
use crate::world::{FieldChange, Key, Row, Side, World, WriteKind};

/// Answers `/Attachment`.
pub(super) fn answer(world: &mut World, caller: &Caller, req: &Req) -> Answer {
    let (third, fourth) = (req.segment(2), req.segment(3));
    match (&req.method, third.as_str(), fourth.as_str()) {
        (&Method::GET, "", "") => list(world, caller, req),
        (&Method::POST, "" | "document", "") => upload(world, caller, req),
        (&Method::POST, "image", "") => form(world, caller, req),
        (&Method::POST, "gets3presignedurl", "") => presign(world, caller, req),
        (&Method::POST, "presignedurluploadcomplete", "") => complete(world, caller, req),
        (&Method::GET, "image" | "document" | "nhserver", id) if !id.is_empty() => {
            download(world, caller, parse_id(id)?, false)
        }
        (&Method::GET, id, "") => download(world, caller, parse_id(id)?, req.query.flag("includedetails")),
        (&Method::DELETE, "image" | "document", id) if !id.is_empty() => delete(world, caller, parse_id(id)?),
        (&Method::DELETE, id, "") if !id.is_empty() => delete(world, caller, parse_id(id)?),
        _ => Ok(Reply::empty(405)),
    }
}

fn list(world: &World, caller: &Caller, req: &Req) -> Answer {
    let query = &req.query;
    let ticket = query.int("ticket_id").or_else(|| query.int("unique_id"));
    if let Some(id) = ticket {
        ticket_visible(world, caller, id, None)?;
    }
    let action = query.int("action_id");
    let rows: Vec<&Row> = world
        .halo
        .root("attachment")
        .into_iter()
        .flat_map(|s| s.iter())
        .map(|(_, row)| row)
        .filter(|row| !flag(row, "_pending"))
        .filter(|row| ticket.map_or(caller.rights.admin, |id| int(row, "ticket_id") == id))
        .filter(|row| action.is_none_or(|id| int(row, "action_id") == id))
        .collect();
    let shown = rows.iter().map(|row| visible(row)).collect();
    Ok(Window::of(query, false).wrap(Some("attachments"), rows.len(), shown))
}

fn stored<'a>(world: &'a World, caller: &Caller, id: i64) -> Result<&'a Row, Reply> {
    let row = world.halo.root("attachment").and_then(|s| s.by_id(id)).ok_or_else(|| Reply::empty(404))?;
    if int(row, "ticket_id") > 0 {
        ticket_visible(world, caller, int(row, "ticket_id"), None)?;
    }
    Ok(row)
}

fn download(world: &World, caller: &Caller, id: i64, details: bool) -> Answer {
    let row = stored(world, caller, id)?;
    if details {
        let mut shown = row.clone();
        shown.insert(
            "data_base64".into(),
            json!(format!("data:{};base64,{}", text(row, "content_type"), text(row, "_data"))),
        );
        return Ok(Reply::ok(&visible(&shown)));
    }
    let data = STANDARD.decode(text(row, "_data")).unwrap_or_default();
    let name = text(row, "filename").replace(['"', '\r', '\n'], "");
    Ok(Reply::raw(200, "application/octet-stream", data)
        .with("content-disposition", format!("attachment; filename=\"{name}\"")))
}

fn delete(world: &mut World, caller: &Caller, id: i64) -> Answer {
    let row = stored(world, caller, id)?.clone();
    if !caller.rights.admin {
        return Err(Reply::empty(403));
    }
    world.halo.root_mut("attachment").remove(&Key::Int(id));
    count(world, int(&row, "ticket_id"), -1);
    world.record(Side::Halo, &caller.actor, WriteKind::Delete, "attachment", &id.to_string(), Vec::new());
    Ok(Reply::ok(&visible(&row)))
}

fn count(world: &mut World, ticket: i64, by: i64) {
    if let Some(ticket) = world.halo.tickets.by_id_mut(ticket) {
        let held = int(ticket, "attachment_count") + by;
        ticket.insert("attachment_count".into(), json!(held.max(0)));
    }
}

fn upload(world: &mut World, caller: &Caller, req: &Req) -> Answer {
    let mut last = Value::Null;
    for sent in req.rows()? {
        let ticket =
            if int(&sent, "ticket_id") > 0 { int(&sent, "ticket_id") } else { int(&sent, "unique_id") };
        if ticket > 0 {
            ticket_visible(world, caller, ticket, None)?;
        }
        let name = text(&sent, "filename");
        if name.is_empty() {
            return Err(Reply::text(400, "A filename must be entered"));
        }
        let (kind, data) = data_of(text(&sent, "data_base64"));
        let bytes = STANDARD
            .decode(&data)
            .map_err(|_| Reply::exception(400, "The input is not a valid Base-64 string."))?;
        last = keep(world, caller, ticket, name, &kind, &bytes, &sent);
    }
    Ok(Reply::json(201, &last))
}

/// The media type and the base64 of a data URL, or of bare base64.
fn data_of(sent: &str) -> (String, String) {
    let default = "application/octet-stream".to_owned();
    match sent.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        Some((head, data)) => {
            let kind = head.split(';').next().unwrap_or("");
            (if kind.is_empty() { default } else { kind.to_owned() }, data.split_whitespace().collect())
        }
        None => (default, sent.split_whitespace().collect()),
    }
}

fn keep(
    world: &mut World,
    caller: &Caller,
    ticket: i64,
    name: &str,
    kind: &str,
    bytes: &[u8],
    sent: &Row,
) -> Value {
    let id = world.halo.root_mut("attachment").fresh_id();
    let row = json!({"id": id, "filename": name, "ticket_id": ticket, "unique_id": ticket, "action_id": int(sent, "action_id"), "type": int(sent, "type"),
        "datecreated": zoneless(world.clock.now()), "filesize": bytes.len(), "content_type": kind, "isimage": kind.starts_with("image/"),
        "showforusers": flag(sent, "showforusers"), "desc": text(sent, "desc"), "note": text(sent, "note"), "_data": STANDARD.encode(bytes)});
    let Value::Object(row) = row else { return Value::Null };
    let shown = visible(&row);
    world.halo.root_mut("attachment").put(Key::Int(id), row);
    count(world, ticket, 1);
    let change = FieldChange { field: "filename".into(), old: Value::Null, new: json!(name) };
    world.record(Side::Halo, &caller.actor, WriteKind::Create, "attachment", &id.to_string(), vec![change]);
    shown
}

/// A multipart form with one file.
fn form(world: &mut World, caller: &Caller, req: &Req) -> Answer {
    let kind = req.header(header::CONTENT_TYPE).to_owned();
    let boundary = kind
        .split("boundary=")
        .nth(1)
        .map(|b| b.trim_matches('"').to_owned())
        .ok_or_else(|| Reply::empty(415))?;
    let (name, part, bytes) =
        file_of(&req.body, &boundary).ok_or_else(|| Reply::text(400, "No file was sent"))?;
    let ticket = req.query.int("ticket_id").unwrap_or(0);
    let mut row = keep(world, caller, ticket, &name, &part, bytes, &Row::new());
    let link = format!("{}/api/attachment/image/{}", req.origin(), row["id"]);
    row["link"] = json!(link);
    Ok(Reply::json(201, &row))
}

/// Name, media type and bytes of the first part that is a file.
fn file_of<'a>(body: &'a [u8], boundary: &str) -> Option<(String, String, &'a [u8])> {
    let mark = format!("--{boundary}");
    let find = |from: usize, needle: &[u8]| {
        body.get(from..)?.windows(needle.len()).position(|window| window == needle).map(|at| from + at)
    };
    let mut at = find(0, mark.as_bytes())?;
    loop {
        let start = at + mark.len();
        let next = find(start, mark.as_bytes())?;
        let head_end = find(start, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(body.get(start..head_end)?).into_owned();
        if let Some(name) = head.split("filename=\"").nth(1).and_then(|rest| rest.split('"').next()) {
            let kind = head.to_ascii_lowercase();
            let kind = kind
                .split("content-type:")
                .nth(1)
                .and_then(|k| k.lines().next())
                .map_or("application/octet-stream", str::trim);
            return Some((name.to_owned(), kind.to_owned(), body.get(head_end + 4..next.saturating_sub(2))?));
        }
        at = next;
    }
}

/// Gives an address to send a large file to, without a token.
fn presign(world: &mut World, caller: &Caller, req: &Req) -> Answer {
    let sent = req.rows()?.pop().unwrap_or_default();
    if int(&sent, "ticket_id") > 0 {
        ticket_visible(world, caller, int(&sent, "ticket_id"), None)?;
    }
    let token = world.guid();
    let url = format!("{}/upload/{token}", req.origin());
    let id = world.halo.root_mut("attachment").fresh_id();
    let name = text(&sent, "filename").to_owned();
    let row = json!({"id": id, "filename": name, "ticket_id": int(&sent, "ticket_id"), "unique_id": int(&sent, "ticket_id"), "type": 0,
        "datecreated": zoneless(world.clock.now()), "filesize": 0, "content_type": "application/octet-stream", "_token": token,
        "_pending": true, "_data": ""});
    if let Value::Object(row) = row {
        world.halo.root_mut("attachment").put(Key::Int(id), row);
    }
    let mut reply = sent;
    reply.insert("url".into(), json!(url));
    reply.insert("s3url".into(), json!(url));
    reply.insert("atfilename".into(), json!(token));
    Ok(Reply::json(201, &Value::Object(reply)))
}

/// Takes the bytes sent to an upload address.
pub(super) fn receive(world: &mut World, req: &Req) -> Answer {
    let token = req.segment(1);
    if !matches!(req.method, Method::PUT | Method::POST) {
        return Ok(Reply::empty(405));
    }
    let kind = req.header(header::CONTENT_TYPE).to_owned();
    let store = world.halo.root_mut("attachment");
    let row = store
        .iter_mut()
        .map(|(_, row)| row)
        .find(|row| text(row, "_token") == token)
        .ok_or_else(|| Reply::empty(403))?;
    row.insert("_data".into(), json!(STANDARD.encode(&req.body)));
    row.insert("filesize".into(), json!(req.body.len()));
    if !kind.is_empty() {
        row.insert("content_type".into(), json!(kind));
    }
    Ok(Reply::empty(200))
}

fn complete(world: &mut World, caller: &Caller, req: &Req) -> Answer {
    let sent = req.rows()?.pop().unwrap_or_default();
    let token = text(&sent, "atfilename").to_owned();
    let store = world.halo.root_mut("attachment");
    let row =
        store.iter_mut().map(|(_, row)| row).find(|row| !token.is_empty() && text(row, "_token") == token);
    let row = row.ok_or_else(|| Reply::exception(400, "Record not found"))?;
    row.remove("_pending");
    row.remove("_token");
    let (shown, id, ticket) = (visible(row), int(row, "id"), int(row, "ticket_id"));
    count(world, ticket, 1);
    world.record(Side::Halo, &caller.actor, WriteKind::Create, "attachment", &id.to_string(), Vec::new());
    Ok(Reply::json(201, &shown))
}
