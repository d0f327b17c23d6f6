use super::*;
use alloc::vec::Vec;
use proptest::prelude::*;

#[test]
fn lines_are_folded() {
    assert_eq!(canonical_line(" a\u{a0}\u{a0}b\r\nc\t"), "a b c");
    assert_eq!(canonical_line("e\u{feff}\u{301}"), "é");
    assert_eq!(canonical_line("\u{200b}"), "");
}

#[test]
fn blocks_keep_one_blank_line() {
    assert_eq!(canonical_block("\r\n a \r\n\r\n\r\n b\rc \u{2028}d\n"), "a\n\nb\nc\nd");
    assert_eq!(comparable("a\r\n\r\nb"), comparable("a\nb\n"));
}

#[test]
fn markup_becomes_text() {
    for (html, text) in [
        ("a &amp; b &lt;c&gt; &euro;5 &#8364; &#x20AC; &bogus; &", "a & b <c> €5 € € &bogus; &"),
        ("<DIV>one<div>two</div>three</DIV>", "one\n\ntwo\n\nthree"),
        ("a<br/>b<BR>c", "a\nb\nc"),
        ("1 < 2 and 3<4", "1 < 2 and 3<4"),
        ("a<!-- <b>x</b> -->b<!doctype x>c", "abc"),
        ("x<style>p{}</style>y<SCRIPT>if (a</b) 1</SCRIPT >z", "xyz"),
        ("<ol><li>a<ul><li>b</ul><li>c</ol>d", "1. a\n- b\n2. c\n\nd"),
        ("<a href='https://x.example/?a=1&amp;b'>see</a>.", "see (https://x.example/?a=1&b)."),
        ("<a href=https://x.example>https://x.example</a>", "https://x.example"),
        ("<a href=\"javascript:alert(1)\">see</a>", "see"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\n\nc"),
        ("a<img alt=\">\" src=x onerror=y>b<unfinished", "ab"),
        ("<script>never closed", ""),
    ] {
        assert_eq!(html_to_text(html), text, "{html}");
    }
}

#[test]
fn only_the_subset_is_written() {
    for (html, clean) in [
        (
            "<h2 class=x>T</h2><p style='a'>b <b>c <i>d</b></i>",
            "<p><strong>T</strong></p><p>b <strong>c </strong><strong><em>d</em></strong></p>",
        ),
        ("<ul><li>a<ol><li>b</ol></ul>c", "<ul><li>a<ol><li>b</li></ol></li></ul><p>c</p>"),
        ("<li><p>a</p><p>b</p>", "<ul><li>a<br>b</li></ul>"),
        ("<p></p><p> <br> </p>", ""),
        ("a\u{338}<b>\u{338}x</b>", "<p>a\u{338}<strong>&#824;x</strong></p>"),
        ("<a href='mailto:a@b.example'>a@b.example</a>", "<p>a@b.example</p>"),
    ] {
        assert_eq!(sanitise_html(html), clean, "{html}");
    }
    assert_eq!(text_to_html("a <b>\nc\n\nd"), "<p>a &lt;b&gt;<br>c</p><p>d</p>");
}

/// Every tag of a sanitised text, found without our own reader.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|piece| piece.split_once('>').expect("an open tag").0).collect()
}

fn assert_safe(html: &str) {
    let mut open = Vec::new();
    for tag in tags(html) {
        if tag == "br" {
            continue;
        }
        let name = tag.strip_prefix('/').unwrap_or(tag);
        assert!(["p", "strong", "em", "u", "ul", "ol", "li"].contains(&name), "{tag} in {html}");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "unbalanced in {html}");
        } else {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open in {html}");
}

/// Text that is likely to confuse a reader of HTML.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(Vec::from([
            "<",
            ">",
            "</",
            "/>",
            "<p>",
            "</p>",
            "<p ",
            "<br>",
            "<li>",
            "</li>",
            "<ul>",
            "</ul>",
            "<ol>",
            "</ol>",
            "<b>",
            "</b>",
            "<i>",
            "</i>",
            "<u>",
            "</u>",
            "<h1>",
            "</h1>",
            "<div>",
            "</div>",
            "<script>",
            "</script>",
            "<svg/",
            "<svg>",
            "</svg>",
            "<style>",
            "</style>",
            "<!--",
            "-->",
            "<!",
            "<?",
            "<a href=",
            "<a href='https://x.y'>",
            "</a>",
            "javascript:",
            "'",
            "\"",
            "=",
            " ",
            "\n",
            "\r",
            "\t",
            "&",
            "&lt;",
            "&gt;",
            "&amp;",
            "&#60;",
            "&#x3c;",
            "&#0;",
            "&#xd800;",
            "&#824;",
            "&nbsp;",
            ";",
            "#",
            "\u{338}",
            "\u{301}",
            "e",
            "\u{feff}",
            "\u{a0}",
            "\u{2028}",
            "\u{2000}",
            "onclick=x",
            "<td>",
            "<plaintext>",
            "<textarea>",
            "<title>",
            "</title>",
            "-",
            "1.",
        ]))
        .prop_map(String::from),
        "\\PC{0,3}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn canonical_forms_are_idempotent(text in hostile()) {
        for form in [canonical_line, canonical_block, comparable] {
            let once = form(&text);
            prop_assert_eq!(form(&once), once);
        }
    }

    #[test]
    fn sanitising_is_safe_idempotent_and_keeps_the_text(html in hostile()) {
        let clean = sanitise_html(&html);
        assert_safe(&clean);
        prop_assert_eq!(&sanitise_html(&clean), &clean);
        prop_assert_eq!(html_to_text(&clean), html_to_text(&html));
        // A system that composes the whole string must not break a tag.
        let composed: String = unicode_normalization::UnicodeNormalization::nfc(clean.as_str()).collect();
        assert_safe(&composed);
    }

    #[test]
    fn extracted_text_is_canonical(html in hostile()) {
        let text = html_to_text(&html);
        prop_assert_eq!(canonical_block(&text), text);
    }

    #[test]
    fn text_survives_html(text in hostile()) {
        let html = text_to_html(&text);
        assert_safe(&html);
        prop_assert_eq!(html_to_text(&html), canonical_block(&text));
    }
}
