//! The terminal: what is printed where, in which colours, and how a question is asked. Colours vanish by themselves
//! where there is no terminal, and with NO_COLOR.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use bytesize::ByteSize;
use rustix::event::{PollFd, PollFlags, Timespec};
use wasmill_job::{Imports, LogLevel, LogLine};

use crate::demo::spread::short;
use crate::failure::{Exit, Failure, Result};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Prints what was asked for. A reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<()> {
    let written = write_all(&mut anstream::stdout(), text.as_bytes());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::No, format_args!("the output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Whether anybody still reads the standard output. Costs one call of the system.
pub(crate) fn is_heard() -> bool {
    let stdout = io::stdout();
    let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
    // An error of the question is no answer to it; the next write tells.
    let asked = rustix::event::poll(&mut polled, Some(&Timespec::default()));
    asked.is_err() || !polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

/// Prints a server's answer as it is, with a line's end behind it.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<()> {
    print_raw(bytes)?;
    if bytes.ends_with(b"\n") { Ok(()) } else { print("\n") }
}

/// Prints a handler's output. Whoever redirects it gets its very bytes; a person gets a line's end behind them.
pub(crate) fn print_output(bytes: &[u8]) -> Result<()> {
    if io::stdout().is_terminal() { print_bytes(bytes) } else { print_raw(bytes) }
}

fn print_raw(bytes: &[u8]) -> Result<()> {
    match write_all(&mut io::stdout().lock(), bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::No, format_args!("the output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells what goes on, beside what was asked for. Cannot fail: nobody may be listening.
pub(crate) fn tell(text: &str) {
    let _ = write_all(&mut anstream::stderr(), format!("{text}\n").as_bytes());
}

/// `text` in `style`.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A line of a handler's log.
pub(crate) fn log_line(line: &LogLine) -> String {
    let (style, name) = match line.level {
        LogLevel::Debug => (DIM, "debug"),
        LogLevel::Info => (GREEN, "info "),
        LogLevel::Warn => (YELLOW, "warn "),
        LogLevel::Error => (RED, "error"),
    };
    format!("{:>6} ms {} {}", line.at_ms, styled(style, name), line.message)
}

/// Whether there is somebody to answer a question.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question that is answered by y or n. `otherwise` says what to pass where nobody can answer.
///
/// # Errors
/// When there is no terminal to ask on, or the answer is no.
pub(crate) fn confirm(question: &str, otherwise: &str) -> Result<()> {
    if !can_ask() {
        return Err(
            Failure::new(Exit::No, "nobody can be asked here: there is no terminal.").advise(otherwise)
        );
    }
    let _ = write_all(
        &mut anstream::stderr(),
        format!("{} ", styled(BOLD, format!("{question} [y/N]"))).as_bytes(),
    );
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| Failure::new(Exit::No, error))?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::new(Exit::No, "nothing was changed.")),
    }
}

fn write_all(to: &mut impl Write, text: &[u8]) -> io::Result<()> {
    to.write_all(text)?;
    to.flush()
}

/// What a handler called of the host, such as `log 3, http 2 (1.2 KiB, waited 84 ms)`.
pub(crate) fn calls(imports: &Imports) -> String {
    let shown = imports.called().map(|(import, used)| {
        let mut more = Vec::new();
        if used.bytes > 0 {
            more.push(ByteSize(used.bytes).display().iec().to_string());
        }
        if used.wall_us > 0 {
            more.push(format!("waited {}", short(Duration::from_micros(used.wall_us))));
        }
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        format!("{} {}{more}", import.as_str(), used.calls)
    });
    shown.collect::<Vec<_>>().join(", ")
}
