//! What hostile bytes may not do, and what honest ones look like.

use super::{SHOWN_MAX, show, viewer, visible};

#[test]
fn json_is_laid_out_and_its_numbers_stay_as_they_are() {
    let shown = show(br#"{"id":12345678901234567890123,"a":[],"b":{},"s":"x\"{,:","c":[1,2]}"#);
    let wanted = "{\n  \"id\": 12345678901234567890123,\n  \"a\": [],\n  \"b\": {},\n  \"s\": \"x\\\"{,:\",\n  \"c\": [\n    1,\n    2\n  ]\n}";
    assert_eq!((shown.kind, shown.text.as_str(), shown.is_cut), ("JSON", wanted, false));
}

#[test]
fn markup_is_text() {
    let drawn = viewer("Payload", b"<script>alert(1)</script>", "/x").into_string();
    assert!(drawn.contains("&lt;script&gt;") && !drawn.contains("<script"), "{drawn}");
    assert!(drawn.contains("<bdi dir=\"auto\">"), "{drawn}");
}

#[test]
fn what_is_not_seen_or_moves_others_becomes_a_sign() {
    assert_eq!(visible("a\u{0}\u{1b}[31m\u{7f}\r\n\tb"), "a\u{2400}\u{241b}[31m\u{2421}\u{240d}\n\tb");
    for hidden in ['\u{202e}', '\u{2066}', '\u{200f}', '\u{feff}', '\u{85}', '\u{e0041}', '\u{2028}'] {
        assert_eq!(visible(&hidden.to_string()), "\u{fffd}", "{hidden:?}");
    }
    assert_eq!(visible("größer, 日本, ‏").chars().last(), Some('\u{fffd}'));
}

#[test]
fn what_is_no_text_is_shown_in_hexadecimal() {
    let shown = show(b"\x00\xff<b>");
    assert_eq!(shown.kind, "bytes");
    assert!(
        shown.text.starts_with("000000  00 ff 3c 62 3e ") && shown.text.ends_with("··<b>\n"),
        "{shown:?}"
    );
    assert!(show(&[0xff; 5_000]).is_cut);
}

#[test]
fn what_is_long_is_cut_at_a_character() {
    let long = show("ü".repeat(SHOWN_MAX).as_bytes());
    assert_eq!((long.kind, long.text.len(), long.is_cut), ("text", SHOWN_MAX, true));
    let odd = show(format!("a{}", "ü".repeat(SHOWN_MAX)).as_bytes());
    assert_eq!((odd.kind, odd.text.len()), ("text", SHOWN_MAX - 1));
    let json = format!("[{}1]", "1,".repeat(20_000));
    let json = show(json.as_bytes());
    assert!(json.kind == "JSON" && json.is_cut && json.text.len() <= SHOWN_MAX, "{}", json.text.len());
}

#[test]
fn deep_json_stays_small() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert!(show(deep.as_bytes()).text.len() < 20_000);
}
