//! Unit tests of `lane`.

use super::*;

#[test]
fn progress_is_told_each_second_and_by_slow_ones_half_of_the_time_at_most() {
    let ms = Duration::from_millis;
    assert_eq!(pause_after(ms(1)), PULSE);
    assert_eq!(pause_after(ms(20)), ms(400));
    // A machine that is busy makes each pulse long, and not rare.
    assert_eq!(pause_after(ms(150)), PULSE_MAX);
    assert_eq!(pause_after(ms(900)), ms(1_800));
}
