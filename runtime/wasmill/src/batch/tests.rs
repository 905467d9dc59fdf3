//! Tests of the cutting of batch files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn payloads(key: Option<&str>) -> Lines {
    Lines::Payloads { job_type: "mail.send".parse().unwrap(), key: key.map(str::to_owned), priority: None }
}

fn pieces(file: &str, lines: Lines) -> Vec<Piece> {
    Pieces::new(file.as_bytes(), lines).map(Result::unwrap).collect()
}

#[test]
fn payload_bytes_are_wrapped_untouched() {
    let found = pieces("{\"a\": 1e400, \"a\":12345678901234567890}\n\n  \"é\"", payloads(None));
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].body,
        "{\"type\":\"mail.send\",\"payload\":{\"a\": 1e400, \"a\":12345678901234567890}}\n\
         {\"type\":\"mail.send\",\"payload\":\"é\"}\n"
    );
    assert_eq!(found[0].lines, [1, 3], "the empty line is skipped, and counted");
}

#[test]
fn a_line_that_breaks_out_of_the_envelope_is_refused_and_the_rest_goes_on() {
    let found = pieces("1},{\"type\":\"other\"\n2\n", payloads(None));
    assert_eq!(found[0].lines, [2]);
    assert_eq!(found[0].refused[0].0, 1);
    assert!(found[0].refused[0].1.starts_with("not JSON"), "{:?}", found[0].refused);
}

#[test]
fn a_priority_goes_with_every_payload() {
    let job_type = "mail.send".parse().unwrap();
    let lines = Lines::Payloads { job_type, key: None, priority: Some(Priority::High) };
    let whole = "{\"type\":\"mail.send\",\"payload\":2,\"priority\":\"low\"}\n";
    let found = pieces(&format!("1\n{whole}"), lines);
    let first = "{\"type\":\"mail.send\",\"priority\":\"high\",\"payload\":1}\n";
    assert_eq!(found[0].body, format!("{first}{whole}"));
}

#[test]
fn a_key_is_numbered_by_line() {
    let found = pieces("1\n2\n", payloads(Some("import \"7\"")));
    assert!(found[0].body.ends_with(b"\"idempotency_key\":\"import \\\"7\\\"/2\",\"payload\":2}\n"));
}

#[test]
fn whole_jobs_pass_as_they_are() {
    let found = pieces("{\"type\":\"a\"}\nnot json\n", Lines::Jobs);
    assert_eq!(found[0].body, "{\"type\":\"a\"}\nnot json\n");
}

#[test]
fn a_whole_job_of_the_type_is_not_wrapped_again() {
    let own = "{\"type\":\"mail.send\",\"payload\":1}";
    assert_eq!(pieces(own, payloads(None))[0].body, format!("{own}\n"));
    for payload in ["{\"type\":\"other\",\"payload\":1}", "{\"type\":\"mail.send\",\"payload\":1,\"more\":1}"]
    {
        let wrapped = format!("{{\"type\":\"mail.send\",\"payload\":{payload}}}\n");
        assert_eq!(pieces(payload, payloads(None))[0].body, wrapped);
    }
}

#[test]
fn pieces_are_bounded_and_cover_the_file() {
    let file = "1\n".repeat(1_201);
    let found = pieces(&file, payloads(None));
    assert_eq!(found.iter().map(|piece| piece.lines.len()).collect::<Vec<_>>(), [500, 500, 201]);
    assert_eq!(found.iter().map(|piece| piece.bytes_read).sum::<u64>(), file.len() as u64);
    assert_eq!(found[2].lines[200], 1_201);
    let wide = format!("\"{}\"\n", "x".repeat(700_000)).repeat(4);
    assert_eq!(pieces(&wide, payloads(None)).len(), 2);
    assert!(pieces("", payloads(None)).is_empty());
}
