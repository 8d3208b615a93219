//! Each endpoint at scale and beside few rentals.

use super::{ratio, with};
use crate::full::Fullness;
use crate::scale::Report;

pub(crate) fn at_scale(report: &Report) -> String {
    let head = [
        "at scale / small",
        "p50, us",
        "ratio (least, most)",
        "p99, us",
        "ratio (least, most)",
    ];
    let mut table = with(head.map(ToOwned::to_owned).into());
    for figures in &report.endpoints {
        let (at_scale, small) = (figures.at_scale, figures.small);
        table.add_row([
            figures.endpoint.function().to_owned(),
            format!("{:.0} / {:.0}", at_scale.p50_us, small.p50_us),
            ratio(figures.p50_ratio),
            format!("{:.0} / {:.0}", at_scale.p99_us, small.p99_us),
            ratio(figures.p99_ratio),
        ]);
    }
    let (at_scale, small) = (told(report.at_scale), told(report.small));
    format!("{table}\nAt scale: {at_scale}. Small: {small}.")
}

fn told(fullness: Fullness) -> String {
    let mib = fullness.bytes.checked_div(1_048_576).unwrap_or_default();
    format!("{} rentals, {mib} MiB", fullness.rentals)
}
