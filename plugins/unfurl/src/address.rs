//! Addresses as a browser on that page would understand them.

use std::collections::BTreeSet;

use url::{ParseError, Url};

/// What relative addresses are relative to, if that is known.
pub(crate) struct Base(Option<Url>);

/// As many links as a reader of the result may want.
const LINKS_MAX: usize = 100;
/// What browsers and servers agree to carry; longer ones are data, not addresses.
const ADDRESS_BYTES_MAX: usize = 2048;

impl Base {
    /// The page's own address, and what its `<base href>` makes of it. An error says what is wrong with `page`; a
    /// wrong `<base>` counts as none, as browsers have it.
    pub(crate) fn new(page: Option<&str>, base: Option<&str>) -> Result<Self, ParseError> {
        let page = page.map(Url::parse).transpose()?;
        let based = base.and_then(|base| Url::options().base_url(page.as_ref()).parse(base).ok());
        Ok(Self(based.or(page)))
    }

    /// The http(s) address that `written` means. As written when no base is known, or when its host needs Unicode
    /// tables, which this module does not carry.
    pub(crate) fn resolve(&self, written: &str) -> Option<String> {
        let written = written.trim();
        if written.is_empty() || written.len() > ADDRESS_BYTES_MAX {
            return None;
        }
        match Url::options().base_url(self.0.as_ref()).parse(written) {
            Ok(url) => matches!(url.scheme(), "http" | "https").then(|| url.into()),
            Err(ParseError::RelativeUrlWithoutBase | ParseError::IdnaError) => Some(written.into()),
            Err(_) => None,
        }
    }

    /// The different addresses among `written`, in order, without fragments; at most [`LINKS_MAX`].
    pub(crate) fn links(&self, written: &[String]) -> Vec<String> {
        let (mut seen, mut links) = (BTreeSet::new(), Vec::new());
        for written in written {
            let without_fragment = written.split('#').next().unwrap_or_default().trim();
            // The raw text is looked up first: pages repeat their navigation, and resolving costs more.
            if links.len() == LINKS_MAX || !seen.insert(without_fragment.to_owned()) {
                continue;
            }
            if let Some(link) = self.resolve(without_fragment)
                && !links.contains(&link)
            {
                links.push(link);
            }
        }
        links
    }
}
