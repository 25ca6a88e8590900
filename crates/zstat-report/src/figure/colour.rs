//! Colours of marks.

/// Colours of M. Petroff that stay apart for colour-blind readers, in the order in which they are meant to be used.
/// Source: arXiv:2107.02270.
const PALETTE: [[u8; 3]; 10] = [
    [0x3f, 0x90, 0xda],
    [0xff, 0xa9, 0x0e],
    [0xbd, 0x1f, 0x01],
    [0x94, 0xa4, 0xa2],
    [0x83, 0x2d, 0xb6],
    [0xa9, 0x6b, 0x59],
    [0xe7, 0x63, 0x00],
    [0xb9, 0xac, 0x70],
    [0x71, 0x75, 0x81],
    [0x92, 0xda, 0xdd],
];

/// Colour of one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// One of ten colours that colour-blind readers can tell apart; starts again after the tenth.
    Palette(usize),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

impl Colour {
    /// For data points and text.
    pub const BLACK: Self = Self::Rgb(0, 0, 0);
    /// For reference lines.
    pub const GREY: Self = Self::Rgb(0x66, 0x66, 0x66);

    /// As written in SVG.
    pub(super) fn hex(self) -> String {
        let [red, green, blue] = match self {
            Self::Palette(index) => PALETTE[index % PALETTE.len()],
            Self::Rgb(red, green, blue) => [red, green, blue],
        };
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn palette_starts_again() {
        assert_eq!(Colour::Palette(0).hex(), "#3f90da");
        assert_eq!(Colour::Palette(12).hex(), Colour::Palette(2).hex());
        assert_eq!(Colour::Rgb(1, 2, 255).hex(), "#0102ff");
    }
}
