//! JSON that people can read: indented, but lists of numbers on one line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

/// `value` as indented JSON with a final line break; lists of scalars stand on one line.
///
/// Numbers are the shortest that read back to the same bits. Numbers that are not finite become `null`, so check
/// before (`crate::finite`).
///
/// # Errors
/// Where `value` cannot be serialised at all (a map whose keys are no text).
pub fn to_json<T: Serialize>(value: &T) -> serde_json::Result<String> {
    let mut out = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Compact::default()))?;
    out.push(b'\n');
    String::from_utf8(out).map_err(serde::ser::Error::custom)
}

/// Breaks lines lazily: a list item starts a line only when it turns out to be a list or a mapping.
#[derive(Default)]
struct Compact {
    depth: usize,
    /// What precedes the next value of a list, once its kind is known.
    pending: Option<Separator>,
    /// Whether the list or mapping being closed has its end on a line of its own.
    broken: Vec<bool>,
}

#[derive(Clone, Copy)]
enum Separator {
    First,
    Next,
}

impl Compact {
    fn line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }

    fn scalar<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        match self.pending.take() {
            Some(Separator::Next) => writer.write_all(b", "),
            Some(Separator::First) | None => Ok(()),
        }
    }

    fn nested<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let Some(separator) = self.pending.take() else { return Ok(()) };
        if let Separator::Next = separator {
            writer.write_all(b",")?;
        }
        if let Some(broken) = self.broken.last_mut() {
            *broken = true;
        }
        self.line(writer)
    }

    fn open<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.nested(writer)?;
        self.depth += 1;
        self.broken.push(false);
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.broken.pop() == Some(true) {
            self.line(writer)?;
        }
        writer.write_all(bracket)
    }
}

macro_rules! scalars {
    ($($name:ident: $type:ty),*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W, value: $type) -> io::Result<()> {
            self.scalar(writer)?;
            serde_json::ser::CompactFormatter.$name(writer, value)
        })*
    };
}

impl Formatter for Compact {
    scalars!(write_bool: bool, write_i64: i64, write_u64: u64, write_u32: u32, write_i32: i32, write_f64: f64);

    fn write_null<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.scalar(writer)?;
        writer.write_all(b"null")
    }

    fn begin_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.scalar(writer)?;
        writer.write_all(b"\"")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        self.pending = Some(if first { Separator::First } else { Separator::Next });
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.pending = Some(if first { Separator::First } else { Separator::Next });
        self.nested(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_scalars_stay_on_one_line() {
        let value = serde_json::json!({
            "data": [1.0, 2, -0.5], "names": ["a", "b"], "none": [], "empty": {},
            "rows": [[1, 2], [3]], "maps": [{"x": null}, {}], "mixed": [1, [2], 3], "t": true
        });
        let text = to_json(&value).unwrap();
        let expected = r#"{
  "data": [1.0, 2, -0.5],
  "names": ["a", "b"],
  "none": [],
  "empty": {},
  "rows": [
    [1, 2],
    [3]
  ],
  "maps": [
    {
      "x": null
    },
    {}
  ],
  "mixed": [1,
    [2], 3
  ],
  "t": true
}
"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
