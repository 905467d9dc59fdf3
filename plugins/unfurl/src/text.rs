//! Texts fit to be shown: white space as in a paragraph, and no longer than asked for.

/// `text` with its runs of white space made single spaces, cut to `chars_max` with a `…`; none when nothing is left.
pub(crate) fn tidy(text: &str, chars_max: usize) -> Option<String> {
    let mut tidy = String::with_capacity(text.len().min(4 * chars_max));
    for word in text.split_whitespace() {
        if !tidy.is_empty() {
            tidy.push(' ');
        }
        tidy.push_str(word);
    }
    if let Some((cut, _)) = tidy.char_indices().nth(chars_max) {
        // Room for the sign itself.
        let last = tidy[..cut].char_indices().next_back().map_or(0, |(last, _)| last);
        tidy.truncate(last);
        tidy.truncate(tidy.trim_end().len());
        tidy.push('…');
    }
    (!tidy.is_empty()).then_some(tidy)
}
