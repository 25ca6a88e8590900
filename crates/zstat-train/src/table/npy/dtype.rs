//! Types of NumPy arrays: how many bytes a value takes, and which number it is.

use zstat_core::table::CellFault;

use super::NpyFault;
use super::header::Literal;
use crate::table::wanted::whole;

/// A number of one type in one byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scalar {
    kind: ScalarKind,
    size: usize,
    big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScalarKind {
    Float,
    Signed,
    Unsigned,
    Bool,
}

/// One field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub name: String,
    /// Where it starts in the row.
    pub offset: usize,
    /// What it is; in words where that is no number.
    pub scalar: Result<Scalar, String>,
}

/// A type, and the bytes it takes.
pub(super) fn scalar(descr: &str) -> Result<(Result<Scalar, String>, usize), NpyFault> {
    let unknown = || NpyFault::Type { descr: descr.to_owned() };
    let other = || format!("values of type `{descr}`");
    let mut chars = descr.chars();
    let order = chars.next().filter(|c| "<>|".contains(*c)).ok_or_else(unknown)?;
    let letter = chars.next().ok_or_else(unknown)?;
    // Times have a unit in brackets.
    let size = chars.as_str().split('[').next().unwrap_or_default();
    if letter == 'O' {
        return Err(NpyFault::Objects);
    }
    let size: usize = size.parse().ok().filter(|size| *size < 1 << 30).ok_or_else(unknown)?;
    let kind = match (letter, size) {
        ('f', 2 | 4 | 8) => ScalarKind::Float,
        ('i', 1 | 2 | 4 | 8) => ScalarKind::Signed,
        ('u', 1 | 2 | 4 | 8) => ScalarKind::Unsigned,
        ('b', 1) => ScalarKind::Bool,
        ('U', _) => return Ok((Err(other()), 4 * size)),
        ('f' | 'c' | 'S' | 'a' | 'V' | 'M' | 'm', _) => return Ok((Err(other()), size)),
        _ => return Err(unknown()),
    };
    if order == '|' && size > 1 {
        return Err(unknown());
    }
    Ok((Ok(Scalar { kind, size, big_endian: order == '>' }), size))
}

/// The fields of a structured type, and the bytes of a row.
pub(super) fn fields(descr: &[Literal]) -> Result<(Vec<Field>, usize), NpyFault> {
    let mut fields = Vec::new();
    let mut offset = 0_usize;
    for (index, field) in descr.iter().enumerate() {
        let wrong = NpyFault::Field { index };
        let Literal::List(parts) = field else { return Err(wrong) };
        let (name, descr, lengths) = match parts.as_slice() {
            [name, descr] => (name, descr, None),
            [name, descr, Literal::List(lengths)] => (name, descr, Some(lengths)),
            _ => return Err(wrong),
        };
        let name = match name {
            Literal::Text(name) => name,
            // A title, and the name.
            Literal::List(both) => match both.as_slice() {
                [_, Literal::Text(name)] => name,
                _ => return Err(wrong),
            },
            _ => return Err(wrong),
        };
        let (mut scalar, mut size) = match descr {
            Literal::Text(descr) => scalar(descr)?,
            Literal::List(inner) => (Err("fields of its own".to_owned()), self::fields(inner)?.1),
            _ => return Err(wrong),
        };
        if let Some(lengths) = lengths {
            for length in lengths {
                let Literal::Whole(length) = length else { return Err(wrong) };
                let length = usize::try_from(*length).map_err(|_| NpyFault::Size)?;
                size = size.checked_mul(length).ok_or(NpyFault::Size)?;
            }
            scalar = Err("an array in each row".to_owned());
        }
        // Padding has no name.
        if !name.is_empty() {
            fields.push(Field { name: name.clone(), offset, scalar });
        }
        offset = offset.checked_add(size).ok_or(NpyFault::Size)?;
    }
    Ok((fields, offset))
}

impl Scalar {
    pub fn size(self) -> usize {
        self.size
    }

    /// The number that starts these bytes.
    pub fn read(self, bytes: &[u8]) -> Result<f64, CellFault> {
        let mut padded = [0; 8];
        // As a little-endian number of eight bytes.
        for (i, byte) in bytes[..self.size].iter().enumerate() {
            padded[if self.big_endian { self.size - 1 - i } else { i }] = *byte;
        }
        let bits = u64::from_le_bytes(padded);
        let unused = 64 - 8 * self.size as u32;
        match (self.kind, self.size) {
            (ScalarKind::Float, 8) => Ok(f64::from_bits(bits)),
            (ScalarKind::Float, 4) => Ok(f64::from(f32::from_bits(bits as u32))),
            (ScalarKind::Float, _) => Ok(half(bits as u16)),
            (ScalarKind::Signed, _) => whole((bits << unused).cast_signed() >> unused),
            (ScalarKind::Unsigned, _) => whole(bits),
            (ScalarKind::Bool, _) => Ok(if bits == 0 { 0.0 } else { 1.0 }),
        }
    }
}

/// A float of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    match exponent {
        0 => sign * fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(descr: &str, bytes: &[u8]) -> Result<f64, CellFault> {
        scalar(descr).unwrap().0.unwrap().read(bytes)
    }

    #[test]
    fn all_types_in_both_orders() {
        for (little, big, value) in [
            ("<f8", ">f8", (-1.5_f64).to_le_bytes().to_vec()),
            ("<f4", ">f4", (-1.5_f32).to_le_bytes().to_vec()),
            ("<f2", ">f2", 0xbe00_u16.to_le_bytes().to_vec()),
        ] {
            let reversed: Vec<u8> = value.iter().rev().copied().collect();
            assert_eq!((read(little, &value), read(big, &reversed)), (Ok(-1.5), Ok(-1.5)));
        }
        assert_eq!(read("<i8", &(-5_i64).to_le_bytes()), Ok(-5.0));
        assert_eq!(read(">i4", &(-5_i32).to_be_bytes()), Ok(-5.0));
        assert_eq!(read("<i2", &(-300_i16).to_le_bytes()), Ok(-300.0));
        assert_eq!(read("|i1", &[0xff]), Ok(-1.0));
        assert_eq!(read("|u1", &[0xff]), Ok(255.0));
        assert_eq!(read(">u2", &[1, 2]), Ok(258.0));
        assert_eq!(read("<u4", &u32::MAX.to_le_bytes()), Ok(4_294_967_295.0));
        assert_eq!(read("<u8", &(1_u64 << 63).to_le_bytes()), Ok(2_f64.powi(63)));
        assert_eq!(read("<u8", &u64::MAX.to_le_bytes()), Err(CellFault::Inexact(u64::MAX.into())));
        assert_eq!((read("|b1", &[0]), read("|b1", &[1])), (Ok(0.0), Ok(1.0)));
    }

    #[test]
    fn halves() {
        let values = [(0x3c00, 1.0), (0x7bff, 65504.0), (0x0001, 2_f64.powi(-24)), (0x0400, 2_f64.powi(-14))];
        values.into_iter().for_each(|(bits, value)| assert_eq!(half(bits), value));
        assert_eq!((half(0x8000).to_bits(), half(0xfc00)), ((-0.0_f64).to_bits(), f64::NEG_INFINITY));
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn other_types_have_sizes() {
        for (descr, size) in
            [("<U10", 40), ("|S5", 5), ("<c16", 16), ("<M8[ns]", 8), ("|V3", 3), ("<f16", 16)]
        {
            assert_eq!(scalar(descr), Ok((Err(format!("values of type `{descr}`")), size)));
        }
        for descr in ["", "f8", "<", "<f", "<f3x", "=f8", "|f8", "<i3", "<q8", "<U99999999999"] {
            assert_eq!(scalar(descr), Err(NpyFault::Type { descr: descr.to_owned() }));
        }
        assert_eq!(scalar("|O"), Err(NpyFault::Objects));
    }
}
