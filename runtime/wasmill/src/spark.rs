//! Numbers as one line of small bars.

/// From nothing to the greatest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar for each number, as high as its share of the greatest one. What is above zero is seen to be.
pub(crate) fn bars(numbers: &[u64]) -> String {
    let most = numbers.iter().copied().max().unwrap_or_default();
    let bar = |number: u64| {
        if number == 0 {
            return BARS[0];
        }
        let steps = u128::from(number) * (BARS.len() as u128 - 1);
        let step = steps.div_ceil(u128::from(most));
        BARS[usize::try_from(step).unwrap_or_default().min(BARS.len() - 1)]
    };
    numbers.iter().map(|number| bar(*number)).collect()
}

#[cfg(test)]
mod tests;
