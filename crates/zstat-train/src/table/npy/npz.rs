//! Archives of arrays, as `numpy.savez` writes them: each array of one dimension is a column with the array's name; or one array
//! alone, which is what it is in a file of its own.
//!
//! Not compressed. Source: the ZIP file format specification (APPNOTE.TXT), version 6.3.10, with its fields of 64 bits.

use std::io::{Read, Seek, SeekFrom};

use zstat_core::table::{ShapeFault, Table, TableFault, missing};

use super::header::Literal;
use super::{Npy, NpyFault, NpyOptions, read_header};

/// Bytes of a comment at the end, at most, and of what stands around it.
const TAIL: u64 = (1 << 16) + 22 + 20;
/// Arrays of an archive; each is a column.
const MOST: u64 = 1 << 16;

/// An array in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name, without `.npy`.
    pub name: String,
    is_plain: bool,
    /// Bytes.
    pub size: u64,
    /// Where its own head stands.
    offset: u64,
}

fn at<const N: usize>(bytes: &[u8], from: usize) -> Result<[u8; N], NpyFault> {
    let found = bytes.get(from..).and_then(|rest| rest.first_chunk::<N>());
    found.copied().ok_or(NpyFault::Archive)
}

fn u16_at(bytes: &[u8], from: usize) -> Result<u64, NpyFault> {
    at(bytes, from).map(|found| u16::from_le_bytes(found).into())
}

fn u32_at(bytes: &[u8], from: usize) -> Result<u64, NpyFault> {
    at(bytes, from).map(|found| u32::from_le_bytes(found).into())
}

fn u64_at(bytes: &[u8], from: usize) -> Result<u64, NpyFault> {
    at(bytes, from).map(u64::from_le_bytes)
}

/// Bytes of a file; an archive that points beyond its end is broken.
fn bytes_at(file: &mut (impl Read + Seek), from: u64, count: u64) -> Result<Vec<u8>, TableFault> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == count { Ok(bytes) } else { Err(NpyFault::Archive.into()) }
}

/// The arrays of an archive, in its order.
pub(super) fn entries(file: &mut (impl Read + Seek)) -> Result<Vec<Entry>, TableFault> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail_from = length.saturating_sub(TAIL);
    let tail = bytes_at(file, tail_from, length - tail_from)?;
    let end = tail.windows(4).rposition(|four| four == b"PK\x05\x06").ok_or(NpyFault::Archive)?;
    let (mut count, mut size, mut from) =
        (u16_at(&tail, end + 10)?, u32_at(&tail, end + 12)?, u32_at(&tail, end + 16)?);
    // Large archives have the same in 64 bits, and before it where that stands.
    let locator = end.checked_sub(20).filter(|&at| tail[at..].starts_with(b"PK\x06\x07"));
    if let Some(locator) = locator {
        let end = bytes_at(file, u64_at(&tail, locator + 8)?, 56)?;
        (count, size, from) = (u64_at(&end, 32)?, u64_at(&end, 40)?, u64_at(&end, 48)?);
    }
    if count > MOST || size > length {
        return Err(NpyFault::Archive.into());
    }
    let directory = bytes_at(file, from, size)?;
    let (mut entries, mut place) = (Vec::new(), 0);
    for _ in 0..count {
        let (entry, next) = entry(&directory, place)?;
        entries.push(entry);
        place = next;
    }
    Ok(entries)
}

/// The entry at a place of the directory, and where the next begins.
fn entry(directory: &[u8], place: usize) -> Result<(Entry, usize), NpyFault> {
    let bytes =
        directory.get(place..).filter(|rest| rest.starts_with(b"PK\x01\x02")).ok_or(NpyFault::Archive)?;
    let [name, extra, comment] = [28, 30, 32].map(|from| u16_at(bytes, from));
    let (name, extra, comment) = (name? as usize, extra? as usize, comment? as usize);
    let text = bytes.get(46..46 + name).ok_or(NpyFault::Archive)?;
    let text = String::from_utf8_lossy(text).into_owned();
    let (mut stored, mut size, mut offset) = (u32_at(bytes, 20)?, u32_at(bytes, 24)?, u32_at(bytes, 42)?);
    let is_plain = u16_at(bytes, 10)? == 0 && u16_at(bytes, 8)? & 1 == 0;
    // Numbers that do not fit stand behind the name, in this order.
    let mut more = bytes.get(46 + name..46 + name + extra).ok_or(NpyFault::Archive)?;
    while more.len() >= 4 {
        let (id, length) = (u16_at(more, 0)?, u16_at(more, 2)? as usize);
        let field = more.get(4..4 + length).ok_or(NpyFault::Archive)?;
        if id == 1 {
            let mut next = 0;
            for number in [&mut size, &mut stored, &mut offset] {
                if *number == u64::from(u32::MAX) {
                    *number = u64_at(field, next)?;
                    next += 8;
                }
            }
        }
        more = &more[4 + length..];
    }
    let name_of = text.strip_suffix(".npy").unwrap_or(&text).to_owned();
    Ok((Entry { name: name_of, is_plain, size, offset }, place + 46 + name + extra + comment))
}

impl Entry {
    /// Reads it as a column.
    fn reader(&self) -> Npy {
        Npy { options: NpyOptions { columns: vec![self.name.clone()] } }
    }

    /// Sets the file to the first byte of the array.
    pub fn open<'f, F: Read + Seek>(&self, file: &'f mut F) -> Result<std::io::Take<&'f mut F>, TableFault> {
        if !self.is_plain {
            return Err(NpyFault::Compressed { name: self.name.clone() }.into());
        }
        let head = bytes_at(file, self.offset, 30)?;
        if !head.starts_with(b"PK\x03\x04") {
            return Err(NpyFault::Archive.into());
        }
        let skip = 30 + u16_at(&head, 26)? + u16_at(&head, 28)?;
        file.seek(SeekFrom::Start(self.offset.checked_add(skip).ok_or(NpyFault::Archive)?))?;
        Ok(file.take(self.size))
    }
}

impl Npy {
    /// Names of the columns of an archive.
    pub(super) fn columns_of_archive(
        &self,
        file: &mut (impl Read + Seek),
    ) -> Result<Vec<String>, TableFault> {
        let entries = entries(file)?;
        match entries.as_slice() {
            [only] => {
                let reader = self.of_one(only, file)?;
                let layout = reader.layout(&mut only.open(file)?)?;
                Ok(layout.fields.into_iter().map(|field| field.name).collect())
            }
            _ => {
                self.names_are_theirs(&entries)?;
                Ok(entries.into_iter().map(|entry| entry.name).collect())
            }
        }
    }

    /// Columns of an archive.
    pub(super) fn table_of_archive(
        &self,
        file: &mut (impl Read + Seek),
        wanted: &[String],
    ) -> Result<Table, Vec<TableFault>> {
        let single = |fault: TableFault| vec![fault];
        let entries = entries(file).map_err(single)?;
        if let [only] = entries.as_slice() {
            let reader = self.of_one(only, file).map_err(single)?;
            return reader.table(only.open(file).map_err(single)?, only.size, wanted);
        }
        self.names_are_theirs(&entries).map_err(|fault| single(fault.into()))?;
        let known: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        if let Some(fault) = missing(wanted, &known) {
            return Err(vec![fault]);
        }
        let (mut names, mut values, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        // Without a wish the first tells how many rows there are.
        let first = known.first().filter(|_| wanted.is_empty());
        for name in wanted.iter().chain(first) {
            let Some(entry) = entries.iter().find(|entry| entry.name == *name) else { continue };
            if names.contains(name) {
                continue;
            }
            let column = entry.open(file).map_err(single);
            match column.and_then(|input| entry.reader().table(input, entry.size, std::slice::from_ref(name)))
            {
                Ok(table) => {
                    names.push(name.clone());
                    values.extend(table.values().first().cloned());
                }
                Err(found) => faults.extend(found.into_iter().map(|fault| match fault {
                    TableFault::Format { line, source } => {
                        TableFault::Format { line, source: format!("array `{name}`: {source}").into() }
                    }
                    other => other,
                })),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let rows = values.first().map_or(0, Vec::len);
        if wanted.is_empty() {
            (names, values) = (Vec::new(), Vec::new());
        }
        Table::new(names, values, rows).map_err(|fault: ShapeFault| single(TableFault::format(fault)))
    }

    /// The reader of the only array: a column has the array's name, where the options have none.
    fn of_one(&self, entry: &Entry, file: &mut (impl Read + Seek)) -> Result<Self, TableFault> {
        let (header, _) = read_header(&mut entry.open(file)?)?;
        let is_column = matches!((&header.descr, header.shape.as_slice()), (Literal::Text(_), [_]));
        let is_named = !self.options.columns.is_empty();
        Ok(if is_column && !is_named { entry.reader() } else { self.clone() })
    }

    fn names_are_theirs(&self, entries: &[Entry]) -> Result<(), NpyFault> {
        if self.options.columns.is_empty() {
            return Ok(());
        }
        Err(NpyFault::NamedTwice(entries.iter().map(|entry| entry.name.clone()).collect()))
    }
}
