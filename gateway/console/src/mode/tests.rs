//! What is shown as a mode is read as one.

use wasmill_catalog::RouteMode;
use wasmill_job::Percent;

use super::read_mode;

#[test]
fn every_mode_is_read_as_it_is_shown() {
    let part = RouteMode::Part(Percent::new(5).unwrap());
    for mode in [RouteMode::Off, RouteMode::Shadow, part, RouteMode::Live, RouteMode::Paused] {
        assert_eq!(read_mode(&mode.to_string()).unwrap(), mode);
    }
    for none in ["", "Live", "live 0%", "live 101%", "live 5"] {
        read_mode(none).unwrap_err();
    }
}
