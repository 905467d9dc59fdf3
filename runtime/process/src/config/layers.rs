//! Lays file and variables over the defaults, value by value, so that each mistake is found and none hides another.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{Config, Environment, Mistake, Mistakes, Place};

/// The prefix of every variable.
const PREFIX: &str = "WASMILL_";
/// The prefix of variables with the secrets of handlers.
pub const SECRET_PREFIX: &str = "WASMILL_SECRET_";
/// What the rest of the Rust world calls `telemetry.level`.
const LEVEL_ALIAS: &str = "RUST_LOG";

/// The configuration under construction.
struct Layers {
    /// Every section and key that exists, with its default.
    known: Table,
    /// What has been set.
    set: BTreeMap<(String, String), Setting>,
    mistakes: Vec<Mistake>,
}

/// What has been set, and by whom.
struct Setting {
    value: Value,
    place: Place,
    /// Of a list, the place of each item.
    items: Vec<Place>,
}

/// Defaults, then the file (its name and text), then the variables.
pub(super) fn compose(file: Option<(&str, &str)>, environment: &dyn Environment) -> Result<Config, Mistakes> {
    #[expect(clippy::unwrap_used, reason = "plain data with text keys; every unit test comes through here")]
    let known = Table::try_from(Config::default()).unwrap();
    let mut layers = Layers { known, set: BTreeMap::new(), mistakes: Vec::new() };
    if let Some((name, text)) = file {
        layers.file(name, text);
    }
    layers.variables(environment.variables());
    layers.finish()
}

impl Layers {
    fn file(&mut self, name: &str, text: &str) {
        let place = |at: usize| {
            let (line, column) = line_and_column(text, at);
            Place::Line { file: name.to_owned(), line, column }
        };
        let (tables, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            self.refuse(place(at), format!("this is not TOML: {}", error.message()));
        }
        // The same text without places. It reads, because the parse above found nothing wrong.
        let Some(values) = errors.is_empty().then(|| text.parse::<Table>().ok()).flatten() else { return };
        for (section, content) in tables.get_ref() {
            let at = section.span().start;
            let section = section.get_ref().as_ref();
            let (Some(Value::Table(values)), DeValue::Table(keys)) = (values.get(section), content.get_ref())
            else {
                self.refuse(
                    place(at),
                    format!("`{section}` stands outside of a section; sections look like [worker]"),
                );
                continue;
            };
            if !self.known.contains_key(section) {
                let hint = did_you_mean(section, self.known.keys());
                self.refuse(place(at), format!("there is no section `{section}`{hint}"));
                continue;
            }
            for (key, content) in keys {
                self.key(section, (key, content.get_ref()), values, &place);
            }
        }
    }

    fn key(
        &mut self,
        section: &str,
        (key, content): (&Spanned<toml::de::DeString<'_>>, &DeValue<'_>),
        values: &Table,
        place: &impl Fn(usize) -> Place,
    ) {
        let (at, key) = (key.span().start, key.get_ref().as_ref());
        match values.get(key) {
            Some(value) if self.default_of(section, key).is_some() => {
                let items = match content {
                    DeValue::Array(items) => items.iter().map(|item| place(item.span().start)).collect(),
                    _ => Vec::new(),
                };
                self.set(section, key, Setting { value: value.clone(), place: place(at), items });
            }
            _ => {
                let known = self.known.get(section).and_then(Value::as_table);
                let hint = did_you_mean(key, known.into_iter().flat_map(Table::keys));
                self.refuse(place(at), format!("section `{section}` has no key `{key}`{hint}"));
            }
        }
    }

    fn variables(&mut self, variables: Vec<(String, OsString)>) {
        let names: BTreeMap<String, (String, String)> = self.names();
        let mut variables: Vec<_> = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        // The alias comes first, so that the variable with the full name prevails.
        variables.sort_by_key(|(name, _)| (name != LEVEL_ALIAS, name.clone()));
        // Secrets of handlers have names of their own, which are no settings.
        variables.retain(|(name, _)| !name.starts_with(SECRET_PREFIX));
        for (name, value) in variables {
            let place = Place::Variable(name.clone());
            let known = match name.as_str() {
                LEVEL_ALIAS => Some(("telemetry".to_owned(), "level".to_owned())),
                _ => names.get(&name).cloned(),
            };
            let Some((section, key)) = known else {
                // Other variables with our prefix exist, of the command line for one. What looks like a key is not one.
                let hint =
                    if name.starts_with(PREFIX) { did_you_mean(&name, names.keys()) } else { String::new() };
                if !hint.is_empty() || self.is_in_a_section(&name) {
                    self.refuse(place, format!("no such setting exists{hint}"));
                }
                continue;
            };
            match value.into_string() {
                Ok(text) => {
                    let value = self.value_of(&section, &key, &text);
                    let items = value.as_array().map_or(0, Vec::len);
                    let items = vec![place.clone(); items];
                    self.set(&section, &key, Setting { value, place, items });
                }
                Err(_) => self.refuse(place, "its value is not valid text; write it in UTF-8".into()),
            }
        }
    }

    /// Each variable's name and what it sets.
    fn names(&self) -> BTreeMap<String, (String, String)> {
        let sections = self.known.iter().filter_map(|(section, keys)| Some((section, keys.as_table()?)));
        let pairs =
            sections.flat_map(|(section, keys)| keys.keys().map(move |key| (section.clone(), key.clone())));
        let named = pairs.map(|pair| (format!("{PREFIX}{}_{}", pair.0, pair.1).to_ascii_uppercase(), pair));
        named.collect()
    }

    fn is_in_a_section(&self, name: &str) -> bool {
        let begins = |section: &String| name.starts_with(&format!("{PREFIX}{section}_").to_ascii_uppercase());
        self.known.keys().any(begins)
    }

    /// A variable's text as the kind of value that its key has.
    fn value_of(&self, section: &str, key: &str, text: &str) -> Value {
        let number = || text.trim().parse().ok().map(Value::Integer);
        let typed = match self.default_of(section, key) {
            Some(Value::Integer(_)) => number(),
            Some(Value::Boolean(_)) => text.trim().parse().ok().map(Value::Boolean),
            // Written as in the file: `[{ name = "app", … }]`.
            Some(Value::Array(_)) => text.trim().parse().ok(),
            _ => None,
        };
        typed.unwrap_or_else(|| Value::String(text.to_owned()))
    }

    fn default_of(&self, section: &str, key: &str) -> Option<&Value> {
        self.known.get(section)?.as_table()?.get(key)
    }

    /// Takes a value up if it reads on its own.
    fn set(&mut self, section: &str, key: &str, mut setting: Setting) {
        if let Some(Value::Array(_)) = self.default_of(section, key) {
            let Value::Array(list) = setting.value else {
                // Without the value: what goes into lists may be secret.
                self.refuse(setting.place, format!("`{section}.{key}` must be a list: [ … ]"));
                return;
            };
            (setting.value, setting.items) = self.readable_items(section, key, list, setting.items);
        }
        match Config::deserialize(nested(section, key, setting.value.clone())) {
            Ok(_) => {
                self.set.insert((section.to_owned(), key.to_owned()), setting);
            }
            Err(error) => {
                let default = self.default_of(section, key).map(ToString::to_string).unwrap_or_default();
                let message = error.message().trim_end();
                self.refuse(setting.place, format!("`{section}.{key}`: {message}; the default is {default}"));
            }
        }
    }

    /// The items of a list that read on their own, and their places; the others are mistakes.
    fn readable_items(
        &mut self,
        section: &str,
        key: &str,
        list: Vec<Value>,
        places: Vec<Place>,
    ) -> (Value, Vec<Place>) {
        let mut readable = (Vec::new(), Vec::new());
        for (item, place) in list.into_iter().zip(places) {
            match Config::deserialize(nested(section, key, Value::Array(vec![item.clone()]))) {
                Ok(_) => {
                    readable.0.push(item);
                    readable.1.push(place);
                }
                Err(error) => {
                    self.refuse(place, format!("`{section}.{key}`: {}", error.message().trim_end()));
                }
            }
        }
        (Value::Array(readable.0), readable.1)
    }

    /// Puts everything together, and holds the rules that concern the whole.
    fn finish(mut self) -> Result<Config, Mistakes> {
        let mut whole = Table::new();
        for ((section, key), setting) in &self.set {
            let entry = whole.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(keys) = entry {
                keys.insert(key.clone(), setting.value.clone());
            }
        }
        let config = Config::deserialize(whole).unwrap_or_else(|error| {
            // Each value reads on its own, so this is not reached; if it is, it must not pass in silence.
            self.refuse(Place::Default, error.message().to_owned());
            Config::default()
        });
        let refusals = config.refusals().into_iter().map(|refusal| (None, refusal));
        let of_items = config.item_refusals().into_iter().map(|(item, refusal)| (Some(item), refusal));
        for (item, refusal) in refusals.chain(of_items) {
            let (section, key) = (refusal.section, refusal.key);
            let place =
                self.set.get(&(section.to_owned(), key.to_owned())).map_or(Place::Default, |setting| {
                    item.and_then(|item| setting.items.get(item)).unwrap_or(&setting.place).clone()
                });
            self.refuse(place, format!("`{section}.{key}` {}", refusal.message));
        }
        if self.mistakes.is_empty() {
            return Ok(config);
        }
        self.mistakes.sort_by(|a, b| a.place.cmp(&b.place));
        Err(Mistakes(self.mistakes))
    }

    fn refuse(&mut self, place: Place, message: String) {
        self.mistakes.push(Mistake { place, message });
    }
}

fn nested(section: &str, key: &str, value: Value) -> Table {
    let keys = Table::from_iter([(key.to_owned(), value)]);
    Table::from_iter([(section.to_owned(), Value::Table(keys))])
}

/// `; did you mean …?` when something known is close to `wrong`, else nothing.
fn did_you_mean<'k>(wrong: &str, known: impl IntoIterator<Item = &'k String>) -> String {
    /// Swapped, missing or doubled letters stay within this many edits; other words do not.
    const EDITS_MAX: usize = 2;
    let edits = |name: &'k String| (strsim::osa_distance(wrong, name), name);
    let best = known.into_iter().map(edits).filter(|(edits, _)| *edits <= EDITS_MAX).min();
    best.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

/// Line and column of the byte `at`, both counted from 1.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    // Bytes that continue a character do not count: columns are characters.
    let column = before[line_start..].iter().filter(|&&byte| byte & 0xC0 != 0x80).count() + 1;
    (line, column)
}
