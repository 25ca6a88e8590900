//! Tables of fits of pseudo-data: from journals to Parquet, in the order of the toys.

use std::io::Error;
use std::path::{Path, PathBuf};

use zstat_core::model::Model;
use zstat_inference::StudyRecord;

use crate::args::GlobalArgs;
use crate::failure::Failure;
use crate::output::parquet::{Column, ParquetFile};
use crate::{jobs, output};

/// What is in a table, and where from.
pub struct ToyTable<'a> {
    /// The model.
    pub model: &'a Model,
    /// Number of toys.
    pub tasks: u64,
    /// Parameters that the records have.
    pub reported: &'a [usize],
    /// The parameter whose true value is compared, if there is one.
    pub poi: Option<usize>,
    /// Injected values, of which toy i has number i mod n; empty where there is one truth for all.
    pub injected: &'a [f64],
    /// The records have pseudo-data.
    pub with_data: bool,
}

impl ToyTable<'_> {
    /// Writes the table of a job's journals: that in `folder`, or those that are merged. `each` gets the records, too.
    ///
    /// # Errors
    /// Where a journal cannot be read, or the file not be written.
    pub fn write(
        &self,
        path: &Path,
        folder: &Path,
        global: &GlobalArgs,
        each: &mut dyn FnMut(&StudyRecord),
    ) -> Result<(), Failure> {
        let folders = match &global.merged {
            Some(merged) => merged.in_order(),
            None => vec![PathBuf::from(folder)],
        };
        let mut failure = None;
        let written = output::write_file_with(path, |out| {
            let mut file = ParquetFile::new(out, self.columns()).map_err(Error::other)?;
            let mut row = |task: u64, record: StudyRecord| {
                each(&record);
                file.row(|columns| self.fill(columns, task, &record))
                    .map_err(|error| Failure::write(path, Error::other(error)))
            };
            if let Err(error) = jobs::in_order(&folders, self.tasks, &mut row) {
                failure = Some(error);
                return Err(Error::other("the journal cannot be read"));
            }
            file.finish().map(drop).map_err(Error::other)
        });
        match failure {
            Some(failure) => Err(failure),
            None => written,
        }
    }

    fn columns(&self) -> Vec<(String, Column)> {
        let Self { model, reported, .. } = self;
        let name = |i: &usize| &model.parameters()[*i].name;
        let double = |name: String| (name, Column::Double(Vec::new()));
        let mut columns = vec![
            ("toy".to_owned(), Column::Int(Vec::new())),
            ("converged".to_owned(), Column::Bool(Vec::new())),
            ("retried".to_owned(), Column::Bool(Vec::new())),
        ];
        if !self.injected.is_empty() {
            columns.push(double("injected".to_owned()));
        }
        columns.push(double("twice_nll".to_owned()));
        columns.extend(self.poi.map(|poi| double(format!("delta_twice_nll({} true)", name(&poi)))));
        columns.extend(reported.iter().map(|i| double(name(i).clone())));
        columns.extend(reported.iter().map(|i| double(format!("{} error", name(i)))));
        if self.with_data {
            for channel in model.channels() {
                let bins = 0..channel.bins.len();
                columns.extend(bins.map(|bin| double(format!("data {}[{bin}]", channel.name))));
            }
            columns.extend(model.parameters().iter().map(|p| double(format!("aux {}", p.name))));
        }
        columns
    }

    fn fill(&self, columns: &mut [Column], task: u64, record: &StudyRecord) {
        let place = task.checked_rem(self.injected.len() as u64);
        let injected = place.map(|place| Some(self.injected[place as usize]));
        let rise = self.poi.map(|_| record.twice_rise);
        let values = record.values.iter().copied().map(Some);
        let data = record.data.iter().copied().map(Some);
        let mut numbers = (injected.into_iter())
            .chain([record.twice_nll])
            .chain(rise)
            .chain(values)
            .chain(record.errors.iter().copied())
            .chain(data);
        let mut flags = [record.converged, record.rescued].into_iter();
        for column in columns {
            match column {
                Column::Int(values) => values.push(task as i64),
                Column::Bool(values) => values.extend(flags.next()),
                Column::Double(values) => values.push(numbers.next().flatten()),
                Column::MaybeInt(_) | Column::Text(_) => {}
            }
        }
    }
}
