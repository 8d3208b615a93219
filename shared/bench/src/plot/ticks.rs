//! What a tick does and costs, over the number of ACTIVE rentals.

use super::{Area, shown};
use crate::pair::Pair;
use crate::tick::TickFigures;
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::RGBAColor;

/// Wide enough for the names of the lines.
const KEY_WIDTH: u32 = 130;

/// What is shown of a tick.
type Figure = fn(&TickFigures) -> Pair<f64>;

/// Three charts, and the key to all of them.
pub(super) fn draw(ticks: &[TickFigures], area: &Area<'_>) -> Result<()> {
    let charts: [(&str, Figure); 3] = [
        ("rentals a second", |tick| {
            tick.rentals_per_sec.map(|rate| rate.median)
        }),
        ("PostgreSQL's CPU a due rental, µs", |tick| {
            tick.postgres_cpu_us
        }),
        ("buffers a due rental", |tick| tick.buffers),
    ];
    let (width, _) = area.dim_in_pixel();
    let (area, key) = area.split_horizontally(width.saturating_sub(KEY_WIDTH));
    let thirds = area.split_evenly((1, charts.len()));
    for (third, (title, figure)) in thirds.iter().zip(charts) {
        lines(third, title, ticks, figure)?;
    }
    draw_key(&key, ticks)
}

/// A line for each share of the rentals that is due, of ours and of the floor.
fn lines(area: &Area<'_>, title: &str, ticks: &[TickFigures], figure: Figure) -> Result<()> {
    let fewest = ticks.iter().map(|tick| tick.case.active).min();
    let most = ticks.iter().map(|tick| tick.case.active).max();
    let (Some(fewest), Some(most)) = (fewest, most) else {
        return Err(anyhow!("no tick was measured"));
    };
    let highest = ticks.iter().map(figure).fold(0.0, |highest: f64, pair| {
        highest.max(pair.measured).max(pair.yardstick)
    });
    // Points are not drawn onto the frame.
    let (from, to) = (fewest / 2, most.saturating_mul(2));
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 15))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(48)
        .build_cartesian_2d((from..to).log_scale(), 0.0..highest * 1.1)
        .map_err(shown)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(4)
        .x_desc("ACTIVE rentals")
        .x_label_formatter(&|active| active.to_string())
        .y_label_formatter(&|figure| format!("{figure:.0}"))
        .draw()
        .map_err(shown)?;
    for share in shares(ticks) {
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for tick in ticks.iter().filter(|tick| percent_due(tick) == share) {
            let pair = figure(tick);
            ours.push((tick.case.active, pair.measured));
            floor.push((tick.case.active, pair.yardstick));
        }
        for (line, points) in of_share(share).into_iter().zip([ours, floor]) {
            let line = LineSeries::new(points, line.color.stroke_width(2)).point_size(3);
            chart.draw_series(line).map_err(shown)?;
        }
    }
    Ok(())
}

fn draw_key(area: &Area<'_>, ticks: &[TickFigures]) -> Result<()> {
    let mut y = 60;
    for line in shares(ticks).into_iter().flat_map(of_share) {
        let stroke = PathElement::new([(0, y), (18, y)], line.color.stroke_width(2));
        area.draw(&stroke).map_err(shown)?;
        let place = (24, y.saturating_sub(6));
        let name = Text::new(line.name, place, ("sans-serif", 13));
        area.draw(&name).map_err(shown)?;
        y = y.saturating_add(20);
    }
    Ok(())
}

struct Line {
    name: String,
    color: RGBAColor,
}

/// Ours in blue, the floor in grey; the fuller the colour, the more of the ACTIVE rentals are due.
fn of_share(percent: u32) -> [Line; 2] {
    let fullness = 0.25 + 0.75 * f64::from(percent) / 100.0;
    [("ours", BLUE), ("floor", BLACK)].map(|(whose, color)| Line {
        name: format!("{whose}, {percent} % due"),
        color: color.mix(fullness),
    })
}

/// How many of a hundred ACTIVE rentals are due: each that was measured, once.
fn shares(ticks: &[TickFigures]) -> Vec<u32> {
    let mut shares: Vec<u32> = ticks.iter().map(percent_due).collect();
    shares.sort_unstable();
    shares.dedup();
    shares
}

fn percent_due(tick: &TickFigures) -> u32 {
    let percent = tick.case.due.saturating_mul(100);
    percent.checked_div(tick.case.active).unwrap_or_default()
}
