//! Where a run goes on: all that it has to remember, as bytes, and back bit by bit.
//!
//! A file is a word that tells what it is (8 bytes), the version of the format (4), the length of the file (8), the content, and
//! the SHA-256 of all that (32). Numbers are little-endian; texts and lists begin with their length in 8 bytes, and what may be
//! missing with a byte that says whether it is there.

mod bytes;
mod fault;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use self::bytes::{Reader, Writer};
use super::History;
use crate::optimiser::{Epoch, StoppingState};
pub use fault::CheckpointFault;

/// The first bytes. They begin with one that is in no text, so that none is taken for a checkpoint.
const MAGIC: [u8; 8] = *b"\x93zstatCP";
/// Changes with every change of the content.
const VERSION: u32 = 1;
/// Bytes before the content.
const HEAD: usize = 8 + 4 + 8;
/// Bytes after it.
const SEAL: usize = 32;

/// All that a run remembers between two epochs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checkpoint {
    /// Of the spec and the events: a run goes on only with those it began with.
    pub digest: String,
    /// Epochs that are done.
    pub epoch: u64,
    /// Parameters of the scorer.
    pub parameters: Vec<f32>,
    /// Other numbers that are learnt.
    pub learnt: Vec<f64>,
    /// Parameters and other numbers of the best epoch; none before one was.
    pub best: Option<(Vec<f32>, Vec<f64>)>,
    /// States of the optimisers.
    pub optimisers: Vec<Vec<f64>>,
    /// What early stopping remembers; none where a run has none.
    pub stopping: Option<StoppingState>,
    /// How it went so far.
    pub history: History,
}

impl Checkpoint {
    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = Writer::default();
        self.write(&mut content);
        let content = content.into_bytes();
        let length = HEAD + content.len() + SEAL;
        let mut file = Vec::with_capacity(length);
        file.extend(MAGIC);
        file.extend(VERSION.to_le_bytes());
        file.extend((length as u64).to_le_bytes());
        file.extend(content);
        let seal = Sha256::digest(&file);
        file.extend(seal);
        file
    }

    /// Back from the file; `digest` is that of the run that wants to go on.
    ///
    /// # Errors
    /// Where it is no checkpoint, is cut or changed, or belongs to another version or another run.
    pub fn from_bytes(bytes: &[u8], digest: &str) -> Result<Self, CheckpointFault> {
        let content = content(bytes)?;
        let mut reader = Reader::new(content);
        let checkpoint = Self::read(&mut reader).filter(|_| reader.is_at_end());
        let checkpoint = checkpoint.ok_or(CheckpointFault::Content)?;
        if checkpoint.digest != digest {
            return Err(CheckpointFault::Run { found: checkpoint.digest, expected: digest.to_owned() });
        }
        Ok(checkpoint)
    }

    fn write(&self, out: &mut Writer) {
        // Without `..`: a field that is added must be thought of here.
        let Self { digest, epoch, parameters, learnt, best, optimisers, stopping, history } = self;
        out.text(digest);
        out.count(*epoch);
        out.singles(parameters);
        out.doubles(learnt);
        out.optional(best.as_ref(), |out, (parameters, learnt)| {
            out.singles(parameters);
            out.doubles(learnt);
        });
        out.list(optimisers, |out, state| out.doubles(state));
        out.optional(stopping.as_ref(), |out, StoppingState { epochs, best, progress }| {
            out.count(*epochs);
            for known in [best, progress] {
                out.optional(known.as_ref(), |out, Epoch { epoch, loss }| {
                    out.count(*epoch);
                    out.double(*loss);
                });
            }
        });
        let History { columns, rows } = history;
        out.list(columns, |out, column| out.text(column));
        out.list(rows, |out, row| out.doubles(row));
    }

    /// In the order of `write`.
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let epoch = |from: &mut Reader<'_>| Some(Epoch { epoch: from.count()?, loss: from.double()? });
        Some(Self {
            digest: from.text()?,
            epoch: from.count()?,
            parameters: from.singles()?,
            learnt: from.doubles()?,
            best: from.optional(|from| Some((from.singles()?, from.doubles()?)))?,
            optimisers: from.list(Reader::doubles)?,
            stopping: from.optional(|from| {
                let (epochs, best, progress) = (from.count()?, from.optional(epoch)?, from.optional(epoch)?);
                Some(StoppingState { epochs, best, progress })
            })?,
            history: History { columns: from.list(Reader::text)?, rows: from.list(Reader::doubles)? },
        })
    }
}

/// What is between head and seal of a file that is whole.
fn content(bytes: &[u8]) -> Result<&[u8], CheckpointFault> {
    let found = bytes.len();
    // Of a file that is cut in its first word, what is left of it tells.
    let first = found.min(MAGIC.len());
    if bytes[..first] != MAGIC[..first] {
        return Err(CheckpointFault::Other);
    }
    let (version, expected) = head(bytes).ok_or(CheckpointFault::Head { found })?;
    if version != VERSION {
        return Err(CheckpointFault::Version { found: version, expected: VERSION });
    }
    if expected != found as u64 {
        return Err(CheckpointFault::Length { found, expected });
    }
    let (sealed, seal) = bytes.split_last_chunk::<SEAL>().ok_or(CheckpointFault::Changed)?;
    if Sha256::digest(sealed)[..] != seal[..] {
        return Err(CheckpointFault::Changed);
    }
    sealed.get(HEAD..).ok_or(CheckpointFault::Changed)
}

/// Version of the format, and length of the file.
fn head(bytes: &[u8]) -> Option<(u32, u64)> {
    let mut head = Reader::new(bytes);
    head.take::<{ MAGIC.len() }>()?;
    Some((head.take().map(u32::from_le_bytes)?, head.count()?))
}
