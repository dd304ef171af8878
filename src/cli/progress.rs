//! How far long work has come: a bar on a terminal, a line every ten seconds elsewhere, JSON lines with `--json`.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::terminal::Terminal;
use crate::text::span;

/// Shows one phase after the other.
pub(crate) struct Meter {
    phase: &'static str,
    /// When the phase was first seen, and what it had done by then.
    began: (Instant, u64),
    shown: Option<Instant>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { phase: "", began: (Instant::now(), 0), shown: None }
    }

    /// Shows the state now, if it is time. That nobody can see it stops nothing: the last word is reported on its own.
    pub(crate) fn show(&mut self, terminal: &mut Terminal, phase: &'static str, done: u64, total: u64) {
        let now = Instant::now();
        let new_phase = self.phase != phase;
        if new_phase {
            (self.phase, self.began) = (phase, (now, done));
            // A phase that is over within its first interval needs no line.
            self.shown = (!terminal.can_draw()).then_some(now);
        }
        let every = match (terminal.json(), terminal.can_draw()) {
            (true, _) => JSON_EVERY,
            (false, true) => BAR_EVERY,
            (false, false) => LINE_EVERY,
        };
        if self.shown.is_some_and(|shown| now.duration_since(shown) < every) && !(done >= total && terminal.can_draw())
        {
            return;
        }
        self.shown = Some(now);
        let (began, first) = self.began;
        let step = Step::new(phase, done, total, rate(done.saturating_sub(first), now.duration_since(began)));
        if terminal.json() {
            let _ = terminal.document("progress", &step).and_then(|()| terminal.flush());
        } else if terminal.can_draw() {
            terminal.draw(&step.bar(Terminal::columns()));
        } else {
            terminal.note(&step.line());
        }
    }
}

#[derive(Serialize)]
struct Step {
    phase: &'static str,
    done: u64,
    total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_second: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<u64>,
}

impl Step {
    fn new(phase: &'static str, done: u64, total: u64, per_second: Option<u64>) -> Self {
        let total = total.max(done);
        let seconds_left = per_second.and_then(|rate| (total - done).checked_div(rate));
        Self { phase, done, total, per_second, seconds_left }
    }

    fn line(&self) -> String {
        let left = self.seconds_left.map(|left| format!(", {} left", span(left))).unwrap_or_default();
        let rate = self.per_second.map(|rate| format!(", {rate}/s")).unwrap_or_default();
        format!("{}: {} of {}{rate}{left}", self.phase, self.done, self.total)
    }

    fn bar(&self, columns: usize) -> String {
        let percent = (self.done * 100).checked_div(self.total).unwrap_or(100);
        let left = self.seconds_left.map(|left| format!(" {} left", span(left))).unwrap_or_default();
        let head = format!("{:<7} ", self.phase);
        let rate = self.per_second.map(|rate| format!(" {rate}/s")).unwrap_or_default();
        let tail = format!(" {percent:>3}% {}/{}{rate}{left}", self.done, self.total);
        let width = columns.saturating_sub(head.len() + tail.len() + 3).min(40);
        let full = usize::try_from(percent).unwrap_or(100) * width / 100;
        let bar = format!("[{}{}]", "#".repeat(full), ".".repeat(width - full));
        // Without room for a bar the figures alone, and never a second line.
        let text = if width < 5 { format!("{head}{tail}") } else { format!("{head}{bar}{tail}") };
        text.chars().take(columns.saturating_sub(1)).collect()
    }
}

/// Records in a second, when it can be told.
fn rate(done: u64, took: Duration) -> Option<u64> {
    let millis = u64::try_from(took.as_millis()).ok().filter(|millis| *millis > 0 && done > 0)?;
    Some(done.saturating_mul(1_000) / millis)
}

const BAR_EVERY: Duration = Duration::from_millis(100);
const JSON_EVERY: Duration = Duration::from_secs(1);
const LINE_EVERY: Duration = Duration::from_secs(10);
