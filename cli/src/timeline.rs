//! Shows a trace: in words, and as a picture.

mod bars;
mod picture;
mod svg;
mod text;
mod unserved;

use std::process::ExitCode;

use crate::args::TimelineArgs;
use crate::output;
use crate::problem::Problem;
use crate::trace;
use picture::Picture;

/// Prints what happened, and draws it.
pub(crate) fn timeline(args: &TimelineArgs) -> Result<ExitCode, Problem> {
    let trace = trace::load(&args.file).map_err(|error| Problem::file(&args.file, &error))?;
    let picture = Picture::of(&trace);
    let path = args.svg.clone().unwrap_or_else(|| {
        let mut path = args.file.clone().into_os_string();
        path.push(".svg");
        path.into()
    });
    let drawn = svg::draw(&trace.header, &picture, &trace.holes);
    std::fs::write(&path, drawn).map_err(|error| Problem::file(&path, &error))?;
    output::print(&text::page(&trace, &picture))?;
    output::hint(&format!("The picture is in {}\n", path.display()));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
