//! The header of a `.npy` file: a Python dictionary, read by a small parser of such literals.
//!
//! Source: NumPy enhancement proposal 1, "A simple file format for NumPy arrays", versions 1.0 to 3.0.

use super::NpyFault;

/// Lists within lists.
const MAX_DEPTH: usize = 16;

/// A Python literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Whole(u64),
    Bool(bool),
    None,
    /// A list or a tuple.
    List(Vec<Literal>),
    Dict(Vec<(String, Literal)>),
}

/// What the header says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    pub descr: Literal,
    pub fortran_order: bool,
    pub shape: Vec<u64>,
}

impl Header {
    pub fn parse(text: &str) -> Result<Self, NpyFault> {
        let mut parser = Parser { text, at: 0 };
        let Literal::Dict(mut entries) = parser.literal(0)? else {
            return Err(NpyFault::Header { at: 0, expected: "a dictionary" });
        };
        parser.blanks();
        if parser.at < text.len() {
            return Err(NpyFault::Header { at: parser.at, expected: "the end" });
        }
        let mut entry = |key: &'static str| {
            let at = entries.iter().position(|(name, _)| name == key).ok_or(NpyFault::Key { key })?;
            Ok(entries.swap_remove(at).1)
        };
        let descr = entry("descr")?;
        let Literal::Bool(fortran_order) = entry("fortran_order")? else {
            return Err(NpyFault::Key { key: "fortran_order" });
        };
        let Literal::List(lengths) = entry("shape")? else { return Err(NpyFault::Key { key: "shape" }) };
        let length = |length: Literal| match length {
            Literal::Whole(length) => Ok(length),
            _ => Err(NpyFault::Key { key: "shape" }),
        };
        let shape = lengths.into_iter().map(length).collect::<Result<_, _>>()?;
        Ok(Self { descr, fortran_order, shape })
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_ascii_start().len();
    }

    fn fault<T>(&self, expected: &'static str) -> Result<T, NpyFault> {
        Err(NpyFault::Header { at: self.at, expected })
    }

    /// Takes a word if it comes next.
    fn take(&mut self, word: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn literal(&mut self, depth: usize) -> Result<Literal, NpyFault> {
        if depth > MAX_DEPTH {
            return self.fault("lists that are less deep");
        }
        self.blanks();
        for (word, literal) in
            [("True", Literal::Bool(true)), ("False", Literal::Bool(false)), ("None", Literal::None)]
        {
            if self.take(word) {
                return Ok(literal);
            }
        }
        match self.rest().bytes().next() {
            Some(b'{') => self.dictionary(depth),
            Some(b'[') => self.list(depth, "]"),
            Some(b'(') => self.list(depth, ")"),
            Some(b'\'' | b'"') => Ok(Literal::Text(self.quoted()?)),
            Some(b'0'..=b'9') => self.whole(),
            _ => self.fault("a text, a whole number, a list or a dictionary"),
        }
    }

    fn whole(&mut self) -> Result<Literal, NpyFault> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let Ok(value) = self.rest()[..digits].parse() else { return self.fault("a smaller number") };
        self.at += digits;
        // As Python 2 wrote long ones.
        if self.rest().starts_with('L') {
            self.at += 1;
        }
        Ok(Literal::Whole(value))
    }

    fn quoted(&mut self) -> Result<String, NpyFault> {
        let mut chars = self.rest().char_indices();
        let quote = chars.next().map(|(_, c)| c);
        let mut text = String::new();
        while let Some((offset, c)) = chars.next() {
            if Some(c) == quote {
                self.at += offset + 1;
                return Ok(text);
            }
            match (c, c == '\\') {
                (_, true) => match chars.next() {
                    Some((_, escaped @ ('\\' | '\'' | '"'))) => text.push(escaped),
                    _ => {
                        self.at += offset;
                        return self.fault("no other escapes than `\\\\`, `\\'` and `\\\"`");
                    }
                },
                (c, _) => text.push(c),
            }
        }
        self.fault("a closing quotation mark")
    }

    fn list(&mut self, depth: usize, close: &str) -> Result<Literal, NpyFault> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.literal(depth + 1)?);
            if !self.take(",")
                && !{
                    self.blanks();
                    self.rest().starts_with(close)
                }
            {
                return self.fault("`,` or the end of the list");
            }
        }
        Ok(Literal::List(items))
    }

    fn dictionary(&mut self, depth: usize) -> Result<Literal, NpyFault> {
        self.at += 1;
        let mut entries = Vec::new();
        while !self.take("}") {
            self.blanks();
            if !self.rest().starts_with(['\'', '"']) {
                return self.fault("a key");
            }
            let key = self.quoted()?;
            if !self.take(":") {
                return self.fault("`:`");
            }
            entries.push((key, self.literal(depth + 1)?));
            if !self.take(",")
                && !{
                    self.blanks();
                    self.rest().starts_with('}')
                }
            {
                return self.fault("`,` or `}`");
            }
        }
        Ok(Literal::Dict(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_numpy_writes_them() {
        let found = Header::parse("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }   \n").unwrap();
        let descr = Literal::Text("<f8".into());
        assert_eq!(found, Header { descr, fortran_order: false, shape: vec![3] });
        let found = Header::parse(
            r#"{"descr": [('a\'b', '>i4'), (('title', 'b'), '<f4', (2, 3))], 'fortran_order': True, 'shape': ()}"#,
        )
        .unwrap();
        let text = |text: &str| Literal::Text(text.into());
        let lengths = Literal::List(vec![Literal::Whole(2), Literal::Whole(3)]);
        let second = vec![Literal::List(vec![text("title"), text("b")]), text("<f4"), lengths];
        let fields = vec![Literal::List(vec![text("a'b"), text(">i4")]), Literal::List(second)];
        assert_eq!(found, Header { descr: Literal::List(fields), fortran_order: true, shape: vec![] });
        assert_eq!(
            Header::parse("{'descr':'|b1','fortran_order':False,'shape':(12L,)}").unwrap().shape,
            [12]
        );
    }

    #[test]
    fn faults_have_places() {
        for (text, message) in [
            (
                "",
                "the header makes no sense at byte 0: expected a text, a whole number, a list or a dictionary",
            ),
            ("[1]", "the header makes no sense at byte 0: expected a dictionary"),
            ("{} x", "the header makes no sense at byte 3: expected the end"),
            ("{1: 2}", "the header makes no sense at byte 1: expected a key"),
            ("{'a' 2}", "the header makes no sense at byte 5: expected `:`"),
            ("{'a': 2 'b'}", "the header makes no sense at byte 8: expected `,` or `}`"),
            ("{'a': [1 2]}", "the header makes no sense at byte 9: expected `,` or the end of the list"),
            ("{'a': 'b}", "the header makes no sense at byte 6: expected a closing quotation mark"),
            (
                "{'\\n': 1}",
                "the header makes no sense at byte 2: expected no other escapes than `\\\\`, `\\'` and `\\\"`",
            ),
            ("{'a': 99999999999999999999}", "the header makes no sense at byte 6: expected a smaller number"),
            ("{}", "the header has no usable `descr`"),
            ("{'descr': 'f8', 'fortran_order': 1}", "the header has no usable `fortran_order`"),
            ("{'descr': 'f8', 'fortran_order': True, 'shape': 3}", "the header has no usable `shape`"),
            ("{'descr': 'f8', 'fortran_order': True, 'shape': ('3',)}", "the header has no usable `shape`"),
        ] {
            assert_eq!(Header::parse(text).unwrap_err().to_string(), message, "{text}");
        }
        let deep = Header::parse(&"[".repeat(100_000)).unwrap_err().to_string();
        assert!(deep.ends_with("expected lists that are less deep"));
    }
}
