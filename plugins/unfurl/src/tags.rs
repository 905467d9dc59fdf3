//! A page's tags in one pass, for [`Found`] to judge. A tree would tell nothing more: the tags that matter stand for
//! themselves wherever they are, and a tokenizer knows text from markup as a browser does.
//!
//! An emitter of its own, since the general one keeps comments, doctypes and errors as well: a page takes 30 % less
//! fuel.

use std::convert::Infallible;

use html5gum::{Emitter, Error, State, Tokenizer, naive_next_state};

use crate::found::Found;

/// A start tag and those of its attributes that matter anywhere.
#[derive(Default)]
pub(crate) struct Tag {
    pub(crate) name: Vec<u8>,
    /// `name` and `property` of a meta, `rel` of a link: words in lower case, each with a space behind it.
    pub(crate) keys: String,
    /// The first `content` or `href`.
    pub(crate) value: Option<String>,
    pub(crate) self_closing: bool,
}

/// What the tokenizer is at.
struct Tags<'a> {
    found: &'a mut Found,
    tag: Tag,
    is_end: bool,
    attribute_name: Vec<u8>,
    attribute_value: Vec<u8>,
    /// Scripts, styles and titles end with their own tag only.
    last_start: Vec<u8>,
}

/// Reads a page. Takes any text; what is no HTML tells nothing.
pub(crate) fn read(html: &str) -> Found {
    let mut found = Found::default();
    let tags = Tags {
        found: &mut found,
        tag: Tag::default(),
        is_end: false,
        attribute_name: Vec::new(),
        attribute_value: Vec::new(),
        last_start: Vec::new(),
    };
    let Ok(()) = Tokenizer::new_with_emitter(html, tags).finish();
    found
}

impl Tags<'_> {
    fn begin(&mut self, is_end: bool) {
        self.is_end = is_end;
        self.tag.name.clear();
        self.tag.keys.clear();
        self.tag.value = None;
        self.tag.self_closing = false;
    }

    /// Puts the attribute that ended onto the tag.
    fn end_attribute(&mut self) {
        match self.attribute_name.as_slice() {
            b"name" | b"property" | b"rel" => {
                self.tag.keys.push_str(&String::from_utf8_lossy(&self.attribute_value).to_ascii_lowercase());
                self.tag.keys.push(' ');
            }
            b"content" | b"href" if self.tag.value.is_none() => {
                self.tag.value = Some(String::from_utf8_lossy(&self.attribute_value).into_owned());
            }
            _ => {}
        }
        self.attribute_name.clear();
        self.attribute_value.clear();
    }
}

impl Emitter for Tags<'_> {
    type Token = Infallible;

    fn pop_token(&mut self) -> Option<Infallible> {
        None
    }

    fn emit_string(&mut self, text: &[u8]) {
        self.found.text(text);
    }

    fn init_start_tag(&mut self) {
        self.begin(false);
    }

    fn init_end_tag(&mut self) {
        self.begin(true);
    }

    fn push_tag_name(&mut self, name: &[u8]) {
        self.tag.name.extend_from_slice(name);
    }

    fn set_self_closing(&mut self) {
        self.tag.self_closing = true;
    }

    fn init_attribute(&mut self) {
        self.end_attribute();
    }

    fn push_attribute_name(&mut self, name: &[u8]) {
        self.attribute_name.extend_from_slice(name);
    }

    fn push_attribute_value(&mut self, value: &[u8]) {
        self.attribute_value.extend_from_slice(value);
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        self.end_attribute();
        if self.is_end {
            self.last_start.clear();
            self.found.end_tag(&self.tag.name);
            return None;
        }
        self.found.start_tag(&mut self.tag);
        self.last_start.clone_from(&self.tag.name);
        naive_next_state(&self.last_start)
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.is_end && !self.last_start.is_empty() && self.last_start == self.tag.name
    }

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.last_start = name.unwrap_or_default().into();
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    // Comments, doctypes and mistakes tell nothing.
    fn emit_eof(&mut self) {}
    fn emit_error(&mut self, _: Error) {}
    fn init_comment(&mut self) {}
    fn push_comment(&mut self, _: &[u8]) {}
    fn emit_current_comment(&mut self) {}
    fn init_doctype(&mut self) {}
    fn push_doctype_name(&mut self, _: &[u8]) {}
    fn set_force_quirks(&mut self) {}
    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn emit_current_doctype(&mut self) {}
}
