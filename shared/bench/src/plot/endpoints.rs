//! Warm latency and processor time of the endpoints, as times the floor's.

use super::{Area, shown};
use crate::report::{Figures, Report};
use crate::summary::Spread;
use crate::target;
use anyhow::{Result, anyhow};
use plotters::prelude::*;

/// Times the floor: no bar is higher.
const HIGHEST: f64 = 4.0;

/// The promise is a line.
pub(super) fn draw(report: &Report, area: &Area<'_>) -> Result<()> {
    let halves = area.split_evenly((1, 2));
    let [latency, cpu] = halves.as_slice() else {
        return Err(anyhow!("there are two ratios"));
    };
    let ratio = |figures: &Figures| figures.latency_ratio;
    bars(
        latency,
        "warm p50, times the floor's",
        report,
        ratio,
        target::LATENCY,
    )?;
    let ratio = |figures: &Figures| figures.cpu_ratio;
    bars(
        cpu,
        "CPU a request, times the floor's",
        report,
        ratio,
        target::CPU,
    )
}

/// A bar for each endpoint, with the least and the most of its pairs.
fn bars(
    area: &Area<'_>,
    title: &str,
    report: &Report,
    ratio: impl Fn(&Figures) -> Spread,
    promise: f64,
) -> Result<()> {
    let names: Vec<&str> = report
        .endpoints
        .iter()
        .map(|figures| figures.endpoint.function())
        .collect();
    let last = names.len().saturating_sub(1);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(36)
        .build_cartesian_2d((0..last).into_segmented(), 0.0..HIGHEST)
        .map_err(shown)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_label_formatter(&|place| match place {
            SegmentValue::CenterOf(place) | SegmentValue::Exact(place) => {
                names.get(*place).copied().unwrap_or_default().to_owned()
            }
            SegmentValue::Last => String::new(),
        })
        .draw()
        .map_err(shown)?;
    let ratios: Vec<Spread> = report.endpoints.iter().map(ratio).collect();
    let ratios = ratios.into_iter().enumerate();
    let bars = ratios.clone().map(|(place, ratio)| {
        let corners = [
            (SegmentValue::Exact(place), 0.0),
            (
                SegmentValue::Exact(place.saturating_add(1)),
                ratio.median.min(HIGHEST),
            ),
        ];
        let color = if ratio.median > promise { RED } else { BLUE };
        let mut bar = Rectangle::new(corners, color.mix(0.6).filled());
        bar.set_margin(0, 0, 12, 12);
        bar
    });
    chart.draw_series(bars).map_err(shown)?;
    let spreads = ratios.map(|(place, ratio)| {
        let at = SegmentValue::CenterOf(place);
        let ends = [(at.clone(), ratio.least), (at, ratio.most.min(HIGHEST))];
        PathElement::new(ends, BLACK)
    });
    chart.draw_series(spreads).map_err(shown)?;
    let line = [
        (SegmentValue::Exact(0), promise),
        (SegmentValue::Last, promise),
    ];
    let line = PathElement::new(line, BLACK.mix(0.5));
    chart.draw_series([line]).map_err(shown)?;
    Ok(())
}
