//! The figures as a picture.

mod endpoints;
mod ticks;

use crate::report::Report;
use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (960, 800);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The endpoints above, the ticks below.
pub(crate) fn draw(report: &Report, path: &Path) -> Result<()> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(shown)?;
    let halves = root.split_evenly((2, 1));
    let [above, below] = halves.as_slice() else {
        return Err(anyhow!("a picture has two halves"));
    };
    endpoints::draw(report, above)?;
    ticks::draw(&report.ticks, below)?;
    root.present().map_err(shown)
}

fn shown(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("the plot cannot be drawn: {error}")
}
