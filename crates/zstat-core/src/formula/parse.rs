//! From words to a program: precedence climbing, constant parts folded.

use super::tokens::{Language, Token, tokens};
use super::{Formula, FormulaFault, Function, Op};

/// Brackets, signs and powers within each other.
const MAX_DEPTH: usize = 200;

pub(super) fn parse(text: &str) -> Result<Formula, FormulaFault> {
    let tokens = tokens(text, Language::Formula)?;
    let end = text.chars().count();
    let mut parser = Parser { tokens, at: 0, end, names: Vec::new(), ops: Vec::new(), depth: 0 };
    if parser.tokens.is_empty() {
        return Err(FormulaFault::new(0, "the formula is empty"));
    }
    parser.sum()?;
    if let Some((at, token)) = parser.peek() {
        let message = format!("found {}, expected an operator or the end", token.shown());
        let fault = FormulaFault::new(at, message);
        return Err(match token {
            Token::Sign(')') => fault.help("one closing bracket too many"),
            Token::Number(_) | Token::Name(_) | Token::Sign('(') => {
                fault.help("products are written with `*`")
            }
            Token::Sign(_) => fault,
        });
    }
    let depth = stack_depth(&parser.ops);
    Ok(Formula { text: text.to_owned(), names: parser.names, ops: parser.ops, depth })
}

/// The largest number of slots in use at a time.
fn stack_depth(ops: &[Op]) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for op in ops {
        match op {
            Op::Number(_) | Op::Name(_) => now += 1,
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Power => now -= 1,
            Op::Negate | Op::Raise(_) | Op::Call(_) => {}
        }
        most = most.max(now);
    }
    most
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
    names: Vec<String>,
    ops: Vec<Op>,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<(usize, &Token)> {
        self.tokens.get(self.at).map(|(at, token)| (*at, token))
    }

    /// Takes the next word if it is one of these signs.
    fn take(&mut self, signs: &[char]) -> Option<char> {
        match self.peek() {
            Some((_, &Token::Sign(sign))) if signs.contains(&sign) => {
                self.at += 1;
                Some(sign)
            }
            _ => None,
        }
    }

    fn place(&self) -> usize {
        self.peek().map_or(self.end, |(at, _)| at)
    }

    /// Where the last word taken starts.
    fn last(&self) -> usize {
        self.tokens.get(self.at.saturating_sub(1)).map_or(0, |(at, _)| *at)
    }

    fn deeper(&mut self) -> Result<(), FormulaFault> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("more than {MAX_DEPTH} brackets, signs and powers within each other");
        Err(FormulaFault::new(self.place(), message))
    }

    fn sum(&mut self) -> Result<(), FormulaFault> {
        let start = self.ops.len();
        self.product()?;
        while let Some(sign) = self.take(&['+', '-']) {
            let right = self.ops.len();
            self.product()?;
            self.combine(if sign == '+' { Op::Add } else { Op::Subtract }, start, right)?;
        }
        Ok(())
    }

    fn product(&mut self) -> Result<(), FormulaFault> {
        let start = self.ops.len();
        self.signed()?;
        while let Some(sign) = self.take(&['*', '/']) {
            let (at, right) = (self.place(), self.ops.len());
            self.signed()?;
            if sign == '/' && matches!(self.ops[right..], [Op::Number(0.0)]) {
                return Err(FormulaFault::new(at, "a division by 0"));
            }
            self.combine(if sign == '*' { Op::Multiply } else { Op::Divide }, start, right)?;
        }
        Ok(())
    }

    fn signed(&mut self) -> Result<(), FormulaFault> {
        self.deeper()?;
        let start = self.ops.len();
        match self.take(&['+', '-']) {
            Some('-') => {
                self.signed()?;
                self.apply(Op::Negate, start)?;
            }
            Some(_) => self.signed()?,
            None => self.power()?,
        }
        self.depth -= 1;
        Ok(())
    }

    fn power(&mut self) -> Result<(), FormulaFault> {
        let start = self.ops.len();
        self.atom()?;
        if self.take(&['^']).is_some() {
            let right = self.ops.len();
            self.signed()?;
            self.combine(Op::Power, start, right)?;
        }
        Ok(())
    }

    fn atom(&mut self) -> Result<(), FormulaFault> {
        let at = self.place();
        let Some((_, token)) = self.peek() else {
            return Err(FormulaFault::new(at, "the formula ends where a number or a name should stand"));
        };
        let token = token.clone();
        self.at += 1;
        match token {
            Token::Number(value) => self.ops.push(Op::Number(value)),
            Token::Name(name) if matches!(self.peek(), Some((_, Token::Sign('(')))) => {
                let Some(function) = Function::of(&name) else {
                    return Err(FormulaFault::unknown_function(at, &name));
                };
                self.at += 1;
                let start = self.ops.len();
                self.bracket(at)?;
                self.apply(Op::Call(function), start)?;
            }
            Token::Name(name) => {
                let known = self.names.iter().position(|other| *other == name);
                let index = known.unwrap_or_else(|| {
                    self.names.push(name);
                    self.names.len() - 1
                });
                self.ops.push(Op::Name(index));
            }
            Token::Sign('(') => self.bracket(at)?,
            Token::Sign(_) => {
                let message = format!("found {}, expected a number, a name or `(`", token.shown());
                return Err(FormulaFault::new(at, message));
            }
        }
        Ok(())
    }

    /// What stands between brackets, the first of which is taken already.
    fn bracket(&mut self, opened: usize) -> Result<(), FormulaFault> {
        self.sum()?;
        if self.take(&[')']).is_some() {
            return Ok(());
        }
        Err(match self.peek() {
            None => FormulaFault::new(opened, "a bracket is opened and not closed"),
            Some((at, token)) => {
                FormulaFault::new(at, format!("found {}, expected an operator or `)`", token.shown()))
            }
        })
    }

    /// Appends an operation on two operands, the first from `left`, the second from `right` on.
    fn combine(&mut self, op: Op, left: usize, right: usize) -> Result<(), FormulaFault> {
        match (op, &self.ops[left..right], &self.ops[right..]) {
            (_, [Op::Number(_)], [Op::Number(_)]) => self.fold(op, left),
            (Op::Power, _, &[Op::Number(p)]) => {
                self.ops.truncate(right);
                self.ops.push(Op::Raise(p));
                Ok(())
            }
            _ => {
                self.ops.push(op);
                Ok(())
            }
        }
    }

    fn apply(&mut self, op: Op, start: usize) -> Result<(), FormulaFault> {
        if matches!(self.ops[start..], [Op::Number(_)]) {
            return self.fold(op, start);
        }
        self.ops.push(op);
        Ok(())
    }

    /// Works out an operation on constants at once.
    fn fold(&mut self, op: Op, start: usize) -> Result<(), FormulaFault> {
        let mut ops: Vec<Op> = self.ops.drain(start..).collect();
        ops.push(op);
        let depth = stack_depth(&ops);
        let constant = Formula { text: String::new(), names: Vec::new(), ops, depth };
        let value = constant.value(&[]);
        if !value.is_finite() {
            let message = format!("a constant part that ends here is {}", crate::text::number(value));
            return Err(FormulaFault::new(self.last(), message));
        }
        self.ops.push(Op::Number(value));
        Ok(())
    }
}
