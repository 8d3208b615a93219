//! The figures as a picture.

use crate::report::{Figures, Report};
use crate::summary::Spread;
use crate::target;
use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (960, 420);
/// Times the floor: no bar is higher.
const HIGHEST: f64 = 4.0;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Warm latency and processor time as times the floor's; the promise is a line.
pub(crate) fn draw(report: &Report, path: &Path) -> Result<()> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(shown)?;
    let halves = root.split_evenly((1, 2));
    let [latency, cpu] = halves.as_slice() else {
        return Err(anyhow!("a picture has two halves"));
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
    )?;
    root.present().map_err(shown)
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

fn shown(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("the plot cannot be drawn: {error}")
}
