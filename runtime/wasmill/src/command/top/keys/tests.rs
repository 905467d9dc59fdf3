//! Tests of what keys do.

use super::*;
use crate::command::top::order::Column;

fn press(choice: &mut Choice, keys: &[KeyCode]) -> Then {
    keys.iter().fold(Then::GoOn, |_, code| choice.key(KeyEvent::from(*code)))
}

fn letters(text: &str) -> Vec<KeyCode> {
    text.chars().map(KeyCode::Char).collect()
}

#[test]
fn q_and_control_c_quit_and_q_is_a_letter_of_a_filter() {
    assert_eq!(press(&mut Choice::default(), &letters("q")), Then::Quit);
    let mut choice = Choice::default();
    assert_eq!(press(&mut choice, &letters("/q")), Then::GoOn);
    assert_eq!(choice.filter, "q");
    assert_eq!(choice.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Then::Quit);
}

#[test]
fn a_filter_is_typed_kept_and_cleared() {
    let mut choice = Choice { tab: Tab::Lanes, skipped: 5, ..Choice::default() };
    press(&mut choice, &letters("/mailx"));
    press(&mut choice, &[KeyCode::Backspace, KeyCode::Enter]);
    assert_eq!(
        (choice.filter.as_str(), choice.is_typing, choice.tab, choice.skipped),
        ("mail", false, Tab::Types, 0)
    );
    press(&mut choice, &[KeyCode::Esc]);
    assert_eq!(choice.filter, "");
    press(&mut choice, &letters("/x"));
    press(&mut choice, &[KeyCode::Esc]);
    assert_eq!((choice.filter.as_str(), choice.is_typing), ("", false));
}

#[test]
fn tabs_go_round_and_begin_at_the_first_line() {
    let mut choice = Choice::default();
    press(&mut choice, &[KeyCode::Down, KeyCode::Down, KeyCode::Up, KeyCode::PageDown]);
    assert_eq!(choice.skipped, 11);
    for tab in [Tab::Workers, Tab::Lanes, Tab::Types] {
        press(&mut choice, &[KeyCode::Tab]);
        assert_eq!((choice.tab, choice.skipped), (tab, 0));
    }
    press(&mut choice, &letters("3"));
    assert_eq!(choice.tab, Tab::Lanes);
    press(&mut choice, &[KeyCode::Up, KeyCode::PageUp]);
    assert_eq!(choice.skipped, 0);
}

#[test]
fn the_order_and_the_hold_are_chosen_and_help_is_closed_by_any_key() {
    let mut choice = Choice::default();
    press(&mut choice, &letters("sr"));
    assert_eq!(choice.order, Order { by: Column::Scheduled, is_reversed: true });
    press(&mut choice, &letters("SSr"));
    assert_eq!(choice.order, Order { by: Column::Type, is_reversed: false });
    press(&mut choice, &letters("p"));
    assert!(choice.is_held);
    press(&mut choice, &letters("?"));
    assert!(choice.has_help);
    press(&mut choice, &letters("p"));
    assert!(!choice.has_help && choice.is_held, "the key that closes the help does nothing else");
    assert_eq!(press(&mut choice, &letters("?q")), Then::Quit);
}
