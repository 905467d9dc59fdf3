//! What keys do: what is shown, in which order, from which line on. Pure.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::order::Order;

/// What is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    #[default]
    Types,
    Workers,
    Lanes,
}

/// What the person at the keys has chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub(super) tab: Tab,
    pub(super) order: Order,
    pub(super) filter: String,
    /// Whether letters go into the filter.
    pub(super) is_typing: bool,
    pub(super) has_help: bool,
    pub(super) is_held: bool,
    /// Lines that have gone by above.
    pub(super) skipped: usize,
}

/// What follows from a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    Quit,
}

/// Lines that page keys move by.
const PAGE: usize = 10;

impl Tab {
    pub(super) const ALL: [Self; 3] = [Self::Types, Self::Workers, Self::Lanes];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Types => "types",
            Self::Workers => "workers",
            Self::Lanes => "lanes",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Types => Self::Workers,
            Self::Workers => Self::Lanes,
            Self::Lanes => Self::Types,
        }
    }
}

impl Choice {
    /// Takes a key in.
    pub(super) fn key(&mut self, key: KeyEvent) -> Then {
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
            return Then::Quit;
        }
        if self.is_typing {
            self.type_filter(key.code);
            return Then::GoOn;
        }
        if self.has_help && key.code != KeyCode::Char('q') {
            self.has_help = false;
            return Then::GoOn;
        }
        match key.code {
            KeyCode::Char('q') => return Then::Quit,
            KeyCode::Char('?' | 'h') => self.has_help = true,
            KeyCode::Char('p') => self.is_held = !self.is_held,
            KeyCode::Char('/') => (self.is_typing, self.tab) = (true, Tab::Types),
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Tab => self.go(self.tab.next()),
            KeyCode::Char('1') => self.go(Tab::Types),
            KeyCode::Char('2') => self.go(Tab::Workers),
            KeyCode::Char('3') => self.go(Tab::Lanes),
            KeyCode::Char('s') | KeyCode::Right => {
                self.order = Order { by: self.order.by.next(), ..self.order }
            }
            KeyCode::Char('S') | KeyCode::Left => {
                self.order = Order { by: self.order.by.previous(), ..self.order };
            }
            KeyCode::Char('r') => self.order.is_reversed = !self.order.is_reversed,
            KeyCode::Down | KeyCode::Char('j') => self.skipped = self.skipped.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => self.skipped = self.skipped.saturating_sub(1),
            KeyCode::PageDown => self.skipped = self.skipped.saturating_add(PAGE),
            KeyCode::PageUp => self.skipped = self.skipped.saturating_sub(PAGE),
            KeyCode::Home => self.skipped = 0,
            _ => {}
        }
        Then::GoOn
    }

    fn type_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(c) => self.filter.push(c),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Esc => {
                self.filter.clear();
                self.is_typing = false;
            }
            KeyCode::Enter => self.is_typing = false,
            _ => {}
        }
        self.skipped = 0;
    }

    fn go(&mut self, tab: Tab) {
        (self.tab, self.skipped) = (tab, 0);
    }
}

#[cfg(test)]
mod tests;
