//! Near matches, for answers that say "there is no such …".

/// Swapped, missing or doubled letters score above this; unrelated words below.
const CLOSE: f64 = 0.84;

/// More than these would be a list, not a hint.
const NEAR_MAX: usize = 3;

/// Up to three of `known` that `wrong` may have meant, the nearest first. Cost: one comparison per name.
pub fn near<'k>(wrong: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
    let score = |name: &'k str| (strsim::jaro_winkler(wrong, name), name);
    let mut close: Vec<_> = known.into_iter().map(score).filter(|(score, _)| *score > CLOSE).collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    close.into_iter().take(NEAR_MAX).map(|(_, name)| name).collect()
}

/// ` Did you mean …?` for a detail, or nothing.
pub fn did_you_mean(near: &[&str]) -> String {
    match near {
        [] => String::new(),
        [only] => format!(" Did you mean `{only}`?"),
        [first, rest @ ..] => {
            let rest: Vec<_> = rest.iter().map(|name| format!("`{name}`")).collect();
            format!(" Did you mean `{first}` or {}?", rest.join(" or "))
        }
    }
}

#[cfg(test)]
mod tests;
