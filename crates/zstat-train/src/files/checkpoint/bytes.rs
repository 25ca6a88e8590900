//! Numbers, texts and lists as bytes, and back.

/// Appends bytes.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub fn count(&mut self, count: u64) {
        self.0.extend(count.to_le_bytes());
    }

    pub fn double(&mut self, number: f64) {
        self.0.extend(number.to_le_bytes());
    }

    pub fn text(&mut self, text: &str) {
        self.count(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    pub fn singles(&mut self, numbers: &[f32]) {
        self.list(numbers, |out, number| out.0.extend(number.to_le_bytes()));
    }

    pub fn doubles(&mut self, numbers: &[f64]) {
        self.list(numbers, |out, number| out.double(*number));
    }

    pub fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.count(items.len() as u64);
        items.iter().for_each(|item| write(self, item));
    }

    pub fn optional<T>(&mut self, item: Option<&T>, write: impl Fn(&mut Self, &T)) {
        self.0.push(u8::from(item.is_some()));
        item.into_iter().for_each(|item| write(self, item));
    }
}

/// Takes bytes from the front; none where they end before, or cannot be what they should.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub fn count(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub fn double(&mut self) -> Option<f64> {
        self.take().map(f64::from_le_bytes)
    }

    pub fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    pub fn singles(&mut self) -> Option<Vec<f32>> {
        self.list(|from| from.take().map(f32::from_le_bytes))
    }

    pub fn doubles(&mut self) -> Option<Vec<f64>> {
        self.list(Self::double)
    }

    /// `read` takes at least a byte: a length that is wrong ends with the bytes.
    pub fn list<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.count()?;
        (0..length).map(|_| read(self)).collect()
    }

    pub fn optional<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.take()? {
            [0] => Some(None),
            [1] => read(self).map(Some),
            _ => None,
        }
    }
}
