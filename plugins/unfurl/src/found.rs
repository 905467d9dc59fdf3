//! What a page's tags say about it, and which of them is believed.

use crate::tags::Tag;

/// What was found, as written.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) title: Ranked,
    pub(crate) description: Ranked,
    pub(crate) canonical: Ranked,
    pub(crate) image: Ranked,
    /// The first `<base href>`.
    pub(crate) base: Option<String>,
    pub(crate) links: Vec<String>,
    /// The text of the title that is being read.
    open_title: Option<Vec<u8>>,
    /// How deep inside drawings: they have titles of their own.
    drawings: u32,
}

/// A text with the rank of where it was found: the lowest rank stays, and the first of equals.
#[derive(Default)]
pub(crate) struct Ranked(Option<(u8, String)>);

impl Ranked {
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_ref().map(|(_, text)| text.as_str())
    }

    fn offer(&mut self, rank: u8, text: String) {
        let better = self.0.as_ref().is_none_or(|(held, _)| rank < *held);
        if better && !text.trim().is_empty() {
            self.0 = Some((rank, text));
        }
    }
}

impl Found {
    /// Takes what it needs out of `tag`.
    pub(crate) fn start_tag(&mut self, tag: &mut Tag) {
        match tag.name.as_slice() {
            b"svg" if !tag.self_closing => self.drawings += 1,
            b"title" if self.drawings == 0 => self.open_title = Some(Vec::new()),
            b"a" => self.links.extend(tag.value.take()),
            b"base" => self.base = self.base.take().or_else(|| tag.value.take()),
            b"meta" => self.meta(tag),
            b"link" => self.link(tag),
            _ => {}
        }
    }

    pub(crate) fn end_tag(&mut self, name: &[u8]) {
        match name {
            b"svg" => self.drawings = self.drawings.saturating_sub(1),
            b"title" => {
                if let Some(text) = self.open_title.take() {
                    self.title.offer(2, String::from_utf8_lossy(&text).into_owned());
                }
            }
            _ => {}
        }
    }

    pub(crate) fn text(&mut self, text: &[u8]) {
        if let Some(title) = &mut self.open_title {
            title.extend_from_slice(text);
        }
    }

    fn meta(&mut self, tag: &mut Tag) {
        let Some(content) = tag.value.take() else { return };
        // Both `name` and `property` may stand there, and either may be the known one.
        for name in tag.keys.split_ascii_whitespace() {
            let (slot, rank) = match name {
                "og:title" => (&mut self.title, 0),
                "twitter:title" => (&mut self.title, 1),
                "og:description" => (&mut self.description, 0),
                "twitter:description" => (&mut self.description, 1),
                "description" => (&mut self.description, 2),
                "og:url" => (&mut self.canonical, 1),
                "og:image:secure_url" => (&mut self.image, 0),
                "og:image" | "og:image:url" => (&mut self.image, 1),
                "twitter:image" | "twitter:image:src" => (&mut self.image, 2),
                _ => continue,
            };
            return slot.offer(rank, content);
        }
    }

    fn link(&mut self, tag: &mut Tag) {
        let Some(href) = tag.value.take() else { return };
        for relation in tag.keys.split_ascii_whitespace() {
            match relation {
                "canonical" => return self.canonical.offer(0, href),
                "image_src" => return self.image.offer(3, href),
                _ => {}
            }
        }
    }
}
