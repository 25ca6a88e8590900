//! What expressions can do with one number, and with two.

use super::super::{FormulaFault, raise};
use crate::text::{list_of, nearest};

/// An operation on one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum One {
    Negate,
    Abs,
    Acos,
    Asin,
    Asinh,
    Atan,
    Cos,
    Cosh,
    Exp,
    Log,
    Log10,
    Sin,
    Sinh,
    Sqrt,
    Tan,
    Tanh,
}

/// An operation on two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Two {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Atan2,
    Hypot,
    Max,
    Min,
}

/// A comparison of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
}

/// What a name before a bracket stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    One(One),
    Two(Two),
    Where,
}

const FUNCTIONS: [(&str, Function); 20] = [
    ("abs", Function::One(One::Abs)),
    ("acos", Function::One(One::Acos)),
    ("asin", Function::One(One::Asin)),
    ("asinh", Function::One(One::Asinh)),
    ("atan", Function::One(One::Atan)),
    ("atan2", Function::Two(Two::Atan2)),
    ("cos", Function::One(One::Cos)),
    ("cosh", Function::One(One::Cosh)),
    ("exp", Function::One(One::Exp)),
    ("hypot", Function::Two(Two::Hypot)),
    ("log", Function::One(One::Log)),
    ("log10", Function::One(One::Log10)),
    ("max", Function::Two(Two::Max)),
    ("min", Function::Two(Two::Min)),
    ("sin", Function::One(One::Sin)),
    ("sinh", Function::One(One::Sinh)),
    ("sqrt", Function::One(One::Sqrt)),
    ("tan", Function::One(One::Tan)),
    ("tanh", Function::One(One::Tanh)),
    ("where", Function::Where),
];

impl Function {
    /// The function called `name`, which stands at `at`.
    pub fn of(name: &str, at: usize) -> Result<Self, FormulaFault> {
        if let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) {
            return Ok(*function);
        }
        let fault = FormulaFault::new(at, format!("there is no function `{name}`"));
        let names = FUNCTIONS.map(|(known, _)| known);
        Err(match name.to_ascii_lowercase().as_str() {
            "ln" => fault.help("`log` is the natural logarithm"),
            "pow" => fault.help("write `x^y`"),
            "fabs" => fault.help("write `abs`"),
            "if" => fault.help("write `where(condition, a, b)`"),
            _ => fault.help(match nearest(name, names) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("there are {}", list_of(&names, "and")),
            }),
        })
    }

    pub fn arguments(self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Two(_) => 2,
            Self::Where => 3,
        }
    }
}

impl One {
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Negate => -x,
            Self::Abs => x.abs(),
            Self::Acos => x.acos(),
            Self::Asin => x.asin(),
            Self::Asinh => x.asinh(),
            Self::Atan => x.atan(),
            Self::Cos => x.cos(),
            Self::Cosh => x.cosh(),
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
            Self::Log10 => x.log10(),
            Self::Sin => x.sin(),
            Self::Sinh => x.sinh(),
            Self::Sqrt => x.sqrt(),
            Self::Tan => x.tan(),
            Self::Tanh => x.tanh(),
        }
    }
}

impl Two {
    pub fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => raise(a, b),
            Self::Atan2 => a.atan2(b),
            Self::Hypot => a.hypot(b),
            Self::Max => a.max(b),
            Self::Min => a.min(b),
        }
    }
}

impl Comparison {
    pub fn of_sign(sign: char) -> Option<Self> {
        Some(match sign {
            '<' => Self::Less,
            '≤' => Self::AtMost,
            '>' => Self::More,
            '≥' => Self::AtLeast,
            '=' => Self::Equal,
            '≠' => Self::Unequal,
            _ => return None,
        })
    }

    pub fn of(self, a: f64, b: f64) -> bool {
        match self {
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::More => a > b,
            Self::AtLeast => a >= b,
            Self::Equal => a == b,
            Self::Unequal => a != b,
        }
    }
}
