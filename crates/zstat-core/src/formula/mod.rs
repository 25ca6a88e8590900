//! Formulas: arithmetic over named parameters, with exact first and second derivatives.
//!
//! Text like `mu * kappa^2` is parsed once ([`Formula::parse`]) into a short program for a stack machine. Its slots hold
//! numbers, or numbers with first and second derivatives ([`Jet`]) carried along by the chain rule.

mod expression;
mod jet;
mod parse;
mod tokens;

pub use expression::{Expression, Kind, RowFault, Used};
pub use jet::{Jet, Jets};

use crate::text::list_of;

/// A parsed formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    names: Vec<String>,
    ops: Vec<Op>,
    depth: usize,
}

/// What is wrong with the text of a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaFault {
    /// Where: characters from the start of the text.
    pub at: usize,
    /// What was found and expected, without the place.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Functions of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Exp,
    /// Natural logarithm.
    Log,
    Sqrt,
}

impl Function {
    pub const NAMES: [&'static str; 3] = ["exp", "log", "sqrt"];

    pub fn of(name: &str) -> Option<Self> {
        match name {
            "exp" => Some(Self::Exp),
            "log" => Some(Self::Log),
            "sqrt" => Some(Self::Sqrt),
            _ => None,
        }
    }
}

/// One step of the stack machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Op {
    Number(f64),
    /// The argument with this index.
    Name(usize),
    Negate,
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Raised to a constant.
    Raise(f64),
    /// Raised to something that varies; the base must be positive.
    Power,
    Call(Function),
}

impl Formula {
    /// Reads a formula: numbers, names, `+ - * / ^`, brackets, `exp`, `log` (natural) and `sqrt`.
    ///
    /// `^` binds strongest and to the right; a sign binds less than `^`. A name starts with a letter or `_` and goes on
    /// with letters, digits, `_` and `.`, with `[i]` behind it for one component of a vector; any other name stands in
    /// backticks.
    ///
    /// # Errors
    /// The first thing that makes no sense, with its place.
    pub fn parse(text: &str) -> Result<Self, FormulaFault> {
        parse::parse(text)
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it uses, in order of appearance, each once: arguments are passed in this order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The value; NaN or infinite outside the formula's domain.
    ///
    /// # Panics
    /// If there are fewer arguments than names.
    pub fn value(&self, arguments: &[f64]) -> f64 {
        let mut stack = Vec::with_capacity(self.depth);
        self.value_on(&mut stack, |i| arguments[i])
    }

    /// [`Formula::value`] with a stack to reuse and arguments by index.
    pub(crate) fn value_on(&self, stack: &mut Vec<f64>, argument: impl Fn(usize) -> f64) -> f64 {
        stack.clear();
        for op in &self.ops {
            match *op {
                Op::Number(value) => stack.push(value),
                Op::Name(i) => stack.push(argument(i)),
                Op::Negate => unary(stack, |x| -x),
                Op::Add => binary(stack, |a, b| a + b),
                Op::Subtract => binary(stack, |a, b| a - b),
                Op::Multiply => binary(stack, |a, b| a * b),
                Op::Divide => binary(stack, |a, b| a / b),
                Op::Raise(p) => unary(stack, |x| raise(x, p)),
                Op::Power => binary(stack, f64::powf),
                Op::Call(Function::Exp) => unary(stack, f64::exp),
                Op::Call(Function::Log) => unary(stack, f64::ln),
                Op::Call(Function::Sqrt) => unary(stack, f64::sqrt),
            }
        }
        stack.pop().unwrap_or(f64::NAN)
    }

    /// Value, first and second derivatives, left in the first slot of `jets`. `argument` fills a slot with an argument
    /// and its derivatives.
    ///
    /// Outside the domain, and where a derivative does not exist (√x at 0), the numbers are NaN or infinite.
    pub fn jet<'j>(&self, jets: &'j mut Jets, argument: impl Fn(usize, &mut Jet)) -> &'j Jet {
        jets.prepare(self.depth.max(1));
        let mut top = 0;
        for op in &self.ops {
            match *op {
                Op::Number(value) => {
                    jets.slot(top).set_constant(value);
                    top += 1;
                }
                Op::Name(i) => {
                    argument(i, jets.slot(top));
                    top += 1;
                }
                Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Power => {
                    top -= 1;
                    let (left, right) = jets.pair(top - 1);
                    match *op {
                        Op::Add => left.add(right, 1.0),
                        Op::Subtract => left.add(right, -1.0),
                        Op::Multiply => left.multiply(right),
                        Op::Divide => left.divide(right),
                        _ => left.power(right),
                    }
                }
                Op::Negate => jets.slot(top - 1).scale(-1.0),
                Op::Raise(p) => jets.slot(top - 1).raise(p),
                Op::Call(function) => jets.slot(top - 1).call(function),
            }
        }
        jets.slot(0)
    }
}

/// x^p: by repeated multiplication for small whole p, so that a negative x keeps its exact sign.
fn raise(x: f64, p: f64) -> f64 {
    if p.fract() == 0.0 && p.abs() <= 64.0 { x.powi(p as i32) } else { x.powf(p) }
}

fn unary(stack: &mut [f64], f: impl Fn(f64) -> f64) {
    if let Some(top) = stack.last_mut() {
        *top = f(*top);
    }
}

fn binary(stack: &mut Vec<f64>, f: impl Fn(f64, f64) -> f64) {
    if let (Some(right), Some(left)) = (stack.pop(), stack.last_mut()) {
        *left = f(*left, right);
    }
}

impl FormulaFault {
    /// Where in `text`, in words: ``at character 5 (`^ 2`)``.
    pub fn place(&self, text: &str) -> String {
        let rest: String = text.chars().skip(self.at).take(12).collect();
        match self.at {
            0 => "at its start".to_owned(),
            _ if rest.is_empty() => "at its end".to_owned(),
            at => format!("at character {} (`{rest}`)", at + 1),
        }
    }

    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn unknown_function(at: usize, name: &str) -> Self {
        let fault = Self::new(at, format!("there is no function `{name}`"));
        match name.to_ascii_lowercase().as_str() {
            "ln" => fault.help("`log` is the natural logarithm"),
            "pow" => fault.help("write `x^y`"),
            _ => fault.help(format!("there are {}", list_of(&Function::NAMES, "and"))),
        }
    }
}

#[cfg(test)]
mod tests;
