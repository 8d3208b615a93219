//! How the demo shows what it sends and what comes back.

use console::style;
use serde_json::Value;

use super::indent::indent;
use crate::http::Answer;
use crate::output::Output;

/// The headline of a scene.
pub(super) fn scene(output: &Output, title: &str) {
    output.line(format_args!("\n{}", style(title).bold().underlined()));
}

/// A request that is about to be sent.
pub(super) fn request(
    output: &Output,
    method: &str,
    path: &str,
    headers: &[(&'static str, &str)],
    body: Option<&Value>,
) {
    let mut text = format!("\n  {} {path}", style(method).cyan().bold());
    for (name, value) in headers {
        text.push_str(&format!("\n  {name}: {value}"));
    }
    if let Some(body) = body {
        text.push_str(&format!("\n{}", pretty(&body.to_string())));
    }
    output.line(text);
}

/// The answer to it.
pub(super) fn answer(output: &Output, answer: &Answer) {
    let status = match answer.status {
        200..300 => style(answer.status).green(),
        _ => style(answer.status).red(),
    };
    let body = pretty(&answer.text());
    output.line(format_args!("\n  {}\n{body}", status.bold()));
}

/// What was found to hold.
pub(super) fn holds(output: &Output, what: &str) {
    output.line(format_args!("\n  {} {what}", style("✔").green()));
}

/// What explains an answer.
pub(super) fn note(output: &Output, what: &str) {
    output.line(format_args!("  {}", style(format_args!("({what})")).dim()));
}

/// JSON over several lines, its names in colour on a terminal.
fn pretty(json: &str) -> String {
    let text = indent(json, |name| style(name).blue().to_string());
    format!("  {}", text.replace('\n', "\n  "))
}
