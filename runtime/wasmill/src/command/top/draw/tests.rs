//! Drawings, into a terminal of the tests, compared with what stands in `golden/`. `UPDATE_GOLDEN=1` writes them anew.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::command::top::board::Look;
use crate::command::top::board::tests::status;

const SECOND: Duration = Duration::from_secs(1);

fn board() -> Board {
    let lanes = serde_json::from_str(
        r#"[{"topic": "wasmill.q.default.1", "partition": 0, "floor": 1, "wanted": 9, "next": 9, "lag": 0, "unsettled": 8},
            {"topic": "wasmill.q.default.1", "partition": 1, "floor": 0, "next": 3, "lag": 3, "unsettled": 3}]"#,
    );
    let workers = serde_json::from_str(
        r#"{"workers": [{"worker": "00ff00ff00ff00ff", "host": "one", "pid": 123, "version": "0.1.0",
            "started_at_ms": 1000, "told_at_ms": 99000, "revision": 7, "slots": 4, "held": 2, "draining": false, "running": [
            {"id": "a", "type": "mail", "module": "hello@1.0.0", "attempt": 1, "since_ms": 99500},
            {"id": "b", "type": "bill", "attempt": 3, "since_ms": 40000}], "running_more": 0}]}"#,
    );
    let first = Look {
        types: vec![status("mail", [100, 4, 90, 0, 1]), status("bill", [10, 12, 0, 0, 0])],
        lanes: Ok(lanes.unwrap()),
        workers: Ok(workers.unwrap()),
    };
    let mut second = first.clone();
    second.types = vec![status("mail", [220, 5, 205, 0, 3]), status("bill", [11, 13, 0, 1, 0])];
    second.types[1].mode = Some("paused".into());
    second.types[0].wait_ms = Some(crate::command::status::Percentiles { p99: 31.0 });
    second.types[0].run_ms = Some(crate::command::status::Percentiles { p99: 1.25 });
    let mut board = Board::default();
    board.see(first, SECOND);
    board.see(second, SECOND * 2);
    board
}

/// The picture as text, without what is empty at the ends of lines.
fn drawn(board: &Board, choice: &Choice, wide: u16, high: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(wide, high)).unwrap();
    let scene = Scene { board, choice, server: "http://mill:8420", now: SECOND * 14, now_ms: 100_000 };
    terminal.draw(|frame| scene.draw(frame.area(), frame.buffer_mut())).unwrap();
    let buffer = terminal.backend().buffer();
    let lines = buffer.content().chunks(usize::from(wide).max(1));
    let text = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect::<String>();
    lines.map(|cells| format!("{}\n", text(cells).trim_end())).collect()
}

/// Compares a picture with the golden file.
#[track_caller]
fn compare(name: &str, picture: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/command/top/draw/golden");
    let path = folder.join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(folder).unwrap();
        fs::write(&path, picture).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == picture, "{} differs; UPDATE_GOLDEN=1 accepts:\n{picture}", path.display());
}

#[test]
fn pictures_are_as_written_down() {
    let board = board();
    for (name, tab, (wide, high)) in [
        ("types.txt", Tab::Types, (110, 10)),
        ("types-small.txt", Tab::Types, (40, 10)),
        ("workers.txt", Tab::Workers, (90, 14)),
        ("lanes.txt", Tab::Lanes, (90, 9)),
    ] {
        compare(name, &drawn(&board, &Choice { tab, ..Choice::default() }, wide, high));
    }
    compare("help.txt", &drawn(&board, &Choice { has_help: true, ..Choice::default() }, 60, 16));
}

#[test]
fn each_tab_says_what_it_is_about() {
    let board = board();
    let tab = |tab| drawn(&board, &Choice { tab, ..Choice::default() }, 110, 14);
    let types = tab(Tab::Types);
    assert!(types.contains("in 121/s → log 3 behind → pending 18 → in flight 4 → done 115/s"), "{types}");
    let row = types.lines().find(|line| line.starts_with("mail")).unwrap();
    let cells: Vec<_> = row.split_whitespace().collect();
    assert_eq!(cells, ["mail", "5", "1", "2", "120", "115", "2.0", "0", "31", "ms", "1.25", "ms"], "{types}");
    assert!(types.find("bill (paused)") < types.find("\nmail"), "the most pending first: {types}");
    let workers = tab(Tab::Workers);
    assert!(workers.contains("00ff00ff00ff00ff") && workers.contains("1m 39s"), "{workers}");
    assert!(workers.find("bill") < workers.find("mail"), "the longest first: {workers}");
    let lanes = tab(Tab::Lanes);
    assert!(lanes.find("wasmill.q.default.1/1") < lanes.find("wasmill.q.default.1/0"), "{lanes}");
    let help = drawn(&board, &Choice { has_help: true, ..Choice::default() }, 60, 16);
    assert!(help.contains("hold the numbers"), "{help}");
}

#[test]
fn a_mill_that_does_not_answer_is_told_with_how_old_the_numbers_are() {
    let mut board = board();
    board.miss("no answer from http://mill:8420: Connection refused.".into());
    let held = Choice { is_held: true, filter: "bi".into(), ..Choice::default() };
    let text = drawn(&board, &held, 110, 10);
    assert!(text.contains("Connection refused. These numbers are 12s old. Trying again."), "{text}");
    assert!(
        text.contains("only *bi*") && text.contains("bill (paused)") && !text.contains("\nmail"),
        "{text}"
    );
    let mut never = Board::default();
    never.miss("no answer.".into());
    let text = drawn(&never, &Choice::default(), 60, 10);
    assert!(
        text.contains("no answer. Trying again.") && text.contains("waiting for the first answer"),
        "{text}"
    );
}

#[test]
fn no_window_is_too_small() {
    let mut troubled = board();
    troubled.miss("no answer.".into());
    for (wide, high) in [(1, 1), (2, 3), (5, 2), (12, 4), (40, 3), (40, 10), (300, 1), (3, 60)] {
        for board in [&Board::default(), &board(), &troubled] {
            for tab in Tab::ALL {
                for has_help in [false, true] {
                    let choice =
                        Choice { tab, has_help, skipped: 1_000, is_typing: has_help, ..Choice::default() };
                    assert_eq!(drawn(board, &choice, wide, high).lines().count(), usize::from(high));
                }
            }
        }
    }
}

#[test]
fn the_last_lines_stay_in_sight_however_far_somebody_has_gone() {
    let text = drawn(&board(), &Choice { skipped: usize::MAX, ..Choice::default() }, 40, 8);
    assert!(text.contains("mail"), "{text}");
}
