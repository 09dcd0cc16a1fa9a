//! Shows a trace: in words, and as a picture.

mod picture;
mod svg;
mod text;
mod unserved;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::output;
use crate::problem::Problem;
use crate::trace;
use picture::Picture;

/// What `timeline` takes.
#[derive(Debug, Args)]
pub(crate) struct TimelineArgs {
    /// A trace that `record` has written
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where to write the picture [default: FILE.svg]
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

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
