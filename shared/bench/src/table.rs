//! The figures as a table.

mod footprints;
mod scale;
mod ticks;

pub(crate) use footprints::footprints;
pub(crate) use scale::at_scale;

use crate::pair::Pair;
use crate::report::{Figures, Report};
use crate::summary::Spread;
use crate::target;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};

pub(crate) fn of(report: &Report) -> String {
    let mut head = vec!["ours / floor".to_owned()];
    head.extend(
        report
            .endpoints
            .iter()
            .map(|figures| figures.endpoint.function().to_owned()),
    );
    let mut table = with(head);
    for (what, figure) in ROWS {
        let mut row = vec![what.to_owned()];
        row.extend(report.endpoints.iter().map(figure));
        table.add_row(row);
    }
    let mut text = format!(
        "{table}\n{}\n{}\n",
        ticks::alone(&report.ticks),
        ticks::together(&report.together)
    );
    for stubbed in &report.stubs {
        let (path, latency) = (stubbed.path, stubbed.latency);
        text.push_str(&format!("The stubs: {path} p50 {:.0} us\n", latency.p50_us));
    }
    for figures in &report.endpoints {
        for missed in target::missed(figures) {
            text.push_str(&format!(
                "MISSED: {}: {missed}\n",
                figures.endpoint.function()
            ));
        }
    }
    text
}

/// With these columns; all but the first hold numbers.
fn with(head: Vec<String>) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(head);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

type Row = (&'static str, fn(&Figures) -> String);

const ROWS: [Row; 10] = [
    ("first poll, ms", |f| {
        two(f.first_poll_ms.map(|spread| spread.median))
    }),
    ("first answer, ms", |f| {
        two(f.first_answer_ms.map(|spread| spread.median))
    }),
    ("warm p50, us", |f| {
        whole(f.latency.map(|latency| latency.p50_us))
    }),
    ("  ratio (least, most)", |f| ratio(f.latency_ratio)),
    ("warm p99, us", |f| {
        whole(f.latency.map(|latency| latency.p99_us))
    }),
    ("CPU a request, us", |f| whole(f.cpu_us)),
    ("  ratio (least, most)", |f| ratio(f.cpu_ratio)),
    ("PostgreSQL's CPU, us", |f| whole(f.postgres_cpu_us)),
    ("peak memory, MiB", |f| two(f.peak_memory_mib)),
    ("binary, MiB", |f| two(f.binary_mib)),
];

fn whole(pair: Pair<f64>) -> String {
    format!("{:.0} / {:.0}", pair.measured, pair.yardstick)
}

fn two(pair: Pair<f64>) -> String {
    format!("{:.1} / {:.1}", pair.measured, pair.yardstick)
}

fn three(pair: Pair<f64>) -> String {
    format!("{:.3} / {:.3}", pair.measured, pair.yardstick)
}

fn ratio(spread: Spread) -> String {
    format!(
        "{:.2} ({:.2}, {:.2})",
        spread.median, spread.least, spread.most
    )
}
