//! Writes the lines of a trace, each at once, to a file that may hold a
//! recording that was interrupted.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::pseudonyms::Pseudonyms;
use crate::problem::Problem;
use crate::trace::{self, Change, Header, Line, Time};

/// A trace that is being written.
pub(crate) struct Sink {
    path: PathBuf,
    file: File,
    /// What is replaced, if anything is.
    names: Option<Pseudonyms>,
}

impl Sink {
    /// Opens `path`, with the lines that it holds of an earlier recording of the
    /// same frontend.
    pub(crate) fn open(path: &Path, header: &Header) -> Result<(Self, Vec<Line>), Problem> {
        let failed = |error: io::Error| Problem::file(path, &error);
        let mut names = if header.pseudonymised { Some(known_names(path).map_err(failed)?) } else { None };
        let own = names.as_mut().map_or_else(|| header.clone(), |names| names.header(header));
        let is_new = path.metadata().map_or(true, |file| file.len() == 0);
        let mut options = OpenOptions::new();
        let file = options.create(true).read(true).append(true).open(path).map_err(failed)?;
        let mut sink = Self { path: path.to_owned(), file, names };
        if is_new {
            sink.keep_names().map_err(failed)?;
            sink.write(&own).map_err(failed)?;
            return Ok((sink, Vec::new()));
        }
        let earlier = trace::load(path).map_err(|error| Problem::file(path, &error))?;
        let theirs = &earlier.header;
        if (&theirs.cluster, &theirs.target_group, theirs.pseudonymised)
            != (&own.cluster, &own.target_group, own.pseudonymised)
            || theirs.trace != own.trace
        {
            return Err(Problem::file(
                path,
                &format!(
                    "it is a trace of {} ({}), and cannot be continued with {}: give another --out",
                    theirs.cluster, theirs.target_group, own.target_group
                ),
            ));
        }
        sink.drop_half_a_line().map_err(failed)?;
        sink.line(Time::now(), Change::Resumed).map_err(failed)?;
        Ok((sink, earlier.lines))
    }

    /// A change as it is written, with pseudonyms if they are used.
    pub(crate) fn replaced(&mut self, change: Change) -> io::Result<Change> {
        let Some(names) = &mut self.names else { return Ok(change) };
        let before = names.len();
        let replaced = names.change(&change);
        if names.len() > before {
            self.keep_names()?;
        }
        Ok(replaced)
    }

    /// Writes a change, and hands it to the system: a kill loses nothing.
    pub(crate) fn line(&mut self, at: Time, change: Change) -> io::Result<()> {
        self.write(&Line { at, change })
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.file.flush()
    }

    /// The part of the last line that a killed process has written.
    fn drop_half_a_line(&mut self) -> io::Result<()> {
        let bytes = std::fs::read(&self.path)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.file.set_len(whole.try_into().unwrap_or(u64::MAX))
    }

    /// Writes the pseudonyms to a file that only its owner can read.
    fn keep_names(&self) -> io::Result<()> {
        let Some(names) = &self.names else { return Ok(()) };
        let mut options = OpenOptions::new();
        let mut file =
            options.create(true).truncate(true).write(true).mode(0o600).open(path_of_names(&self.path))?;
        serde_json::to_writer_pretty(&mut file, names)?;
        file.flush()
    }
}

/// The file with the names that the trace at `path` replaces.
pub(crate) fn path_of_names(path: &Path) -> PathBuf {
    let mut names = path.as_os_str().to_owned();
    names.push(".names.json");
    names.into()
}

fn known_names(path: &Path) -> io::Result<Pseudonyms> {
    match File::open(path_of_names(path)) {
        Ok(file) => Ok(serde_json::from_reader(file)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Pseudonyms::default()),
        Err(error) => Err(error),
    }
}
