//! A mutator that knows words, numbers and brackets: plain byte mutations seldom get past the reader.

/// Numbers and words at the edge of what is sensible.
const EDGES: &[&str] = &[
    "0",
    "-0.0",
    "1",
    "-1",
    "0.5",
    "1e-300",
    "5e-324",
    "1e100",
    "1e155",
    "1e308",
    "1.7976931348623157e308",
    "-1e-9",
    "1e400",
    ".nan",
    ".inf",
    "NaN",
    "-Infinity",
    "null",
    "~",
    "true",
    "\"\"",
    "[]",
    "{}",
    "[1]",
    "[[0, 1]]",
    "9007199254740993",
    "18446744073709551616",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "é",
    "😀",
];

/// A generator of a few numbers from the seed that the fuzzer gives.
struct Draw(u64);

impl Draw {
    /// A number below `n`; 0 where `n` is 0. Source: xorshift64*, Vigna 2016.
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}

/// Changes the text in `data[..size]` by one to three pieces; none where it is no text. Returns the new size, at most `room`.
pub fn text(data: &mut [u8], size: usize, room: usize, seed: u32) -> Option<usize> {
    let mut text = std::str::from_utf8(data.get(..size)?).ok()?.to_owned();
    let mut draw = Draw(u64::from(seed) << 1 | 1);
    draw.below(1);
    for _ in 0..=draw.below(3) {
        text = edited(&text, &mut draw);
    }
    let size = (0..=text.len().min(room)).rev().find(|at| text.is_char_boundary(*at))?;
    data.get_mut(..size)?.copy_from_slice(&text.as_bytes()[..size]);
    Some(size)
}

fn edited(text: &str, draw: &mut Draw) -> String {
    let pieces = pieces(text);
    if pieces.is_empty() {
        return EDGES[draw.below(EDGES.len())].to_owned();
    }
    let at = draw.below(pieces.len());
    let mut all: Vec<&str> = pieces.clone();
    match draw.below(7) {
        0 => all[at] = EDGES[draw.below(EDGES.len())],
        1 => all[at] = pieces[draw.below(pieces.len())],
        2 => drop(all.remove(at)),
        3 => all.swap(at, draw.below(pieces.len())),
        // A bracketed part or a line: removed, repeated, or put in another place.
        4 => drop(all.drain(part(&pieces, at))),
        5 => {
            let copy = pieces[part(&pieces, at)].to_vec();
            all.splice(at..at, copy);
        }
        _ => {
            let (from, to) = (part(&pieces, at), part(&pieces, draw.below(pieces.len())));
            all.splice(to, pieces[from].to_vec());
        }
    }
    all.concat()
}

/// Words and numbers, quoted texts, single other characters.
fn pieces(text: &str) -> Vec<&str> {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let end = if first == '"' {
            rest[1..].find('"').map_or(rest.len(), |at| at + 2)
        } else if word(first) {
            rest.find(|c| !word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces
}

/// From an opening bracket to the one that closes it; elsewhere to the end of the line.
fn part(pieces: &[&str], at: usize) -> std::ops::Range<usize> {
    if !matches!(pieces[at], "[" | "{") {
        let end = pieces[at..].iter().position(|piece| *piece == "\n");
        return at..end.map_or(pieces.len(), |n| at + n + 1);
    }
    let mut depth = 0_usize;
    for (i, piece) in pieces.iter().enumerate().skip(at) {
        match *piece {
            "[" | "{" => depth += 1,
            "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at..i + 1;
        }
    }
    at..pieces.len()
}
