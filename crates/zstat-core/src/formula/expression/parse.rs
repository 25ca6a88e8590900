//! From words to parts: precedence climbing, numbers told from conditions, constant parts folded.

use super::super::FormulaFault;
use super::super::tokens::{Language, Token, spelling, tokens};
use super::functions::{Comparison, Function, One, Two};
use super::{Expression, Kind, Node, Op, Used, evaluate};

/// Brackets, signs and powers within each other.
const MAX_DEPTH: usize = 200;

/// Parts of an expression; evaluation goes as deep as there are parts.
const MAX_PARTS: usize = 1000;

pub(super) fn parse(text: &str) -> Result<Expression, FormulaFault> {
    let tokens = tokens(text, Language::Expression)?;
    if tokens.is_empty() {
        return Err(FormulaFault::new(0, "the expression is empty"));
    }
    let chars = text.chars().collect();
    let mut parser = Parser { tokens, chars, at: 0, used: Vec::new(), nodes: Vec::new(), depth: 0 };
    parser.or()?;
    if let Some((at, token)) = parser.peek() {
        let message = format!("found {}, expected an operator or the end", token.shown());
        let fault = FormulaFault::new(at, message);
        return Err(match token {
            Token::Sign(')') => fault.help("one closing bracket too many"),
            Token::Number(_) | Token::Name(_) | Token::Sign('(') => {
                fault.help("products are written with `*`")
            }
            Token::Sign(sign) if Comparison::of_sign(*sign).is_some() => fault.help(CHAINS),
            Token::Sign(_) => fault,
        });
    }
    Ok(Expression { text: text.to_owned(), used: parser.used, nodes: parser.nodes })
}

const CHAINS: &str = "comparisons do not chain: write `1 < x && x < 2`";

struct Parser {
    tokens: Vec<(usize, Token)>,
    chars: Vec<char>,
    at: usize,
    used: Vec<Used>,
    nodes: Vec<Node>,
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
        self.peek().map_or(self.chars.len(), |(at, _)| at)
    }

    fn deeper(&mut self) -> Result<(), FormulaFault> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("more than {MAX_DEPTH} brackets, signs and powers within each other");
        Err(FormulaFault::new(self.place(), message))
    }

    fn or(&mut self) -> Result<usize, FormulaFault> {
        let from = self.place();
        let mut left = self.and()?;
        while self.take(&['∨']).is_some() {
            let right = self.and()?;
            left = self.logic(from, Op::Or(left, right), '∨', &[left, right])?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<usize, FormulaFault> {
        let from = self.place();
        let mut left = self.not()?;
        while self.take(&['∧']).is_some() {
            let right = self.not()?;
            left = self.logic(from, Op::And(left, right), '∧', &[left, right])?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<usize, FormulaFault> {
        let from = self.place();
        if self.take(&['∼']).is_none() {
            return self.comparison();
        }
        self.deeper()?;
        let a = self.not()?;
        self.depth -= 1;
        self.logic(from, Op::Not(a), '∼', &[a])
    }

    fn comparison(&mut self) -> Result<usize, FormulaFault> {
        let from = self.place();
        let left = self.sum()?;
        let Some((_, &Token::Sign(sign))) = self.peek() else { return Ok(left) };
        let Some(comparison) = Comparison::of_sign(sign) else { return Ok(left) };
        self.at += 1;
        let right = self.sum()?;
        self.need(Kind::Number, sign, &[left, right])?;
        self.push(from, Op::Compare(comparison, left, right))
    }

    fn sum(&mut self) -> Result<usize, FormulaFault> {
        let from = self.place();
        let mut left = self.product()?;
        while let Some(sign) = self.take(&['+', '-']) {
            let right = self.product()?;
            let two = if sign == '+' { Two::Add } else { Two::Subtract };
            left = self.arithmetic(from, Op::Two(two, left, right), sign, &[left, right])?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<usize, FormulaFault> {
        let from = self.place();
        let mut left = self.signed()?;
        while let Some(sign) = self.take(&['*', '/']) {
            let at = self.place();
            let right = self.signed()?;
            if sign == '/' && matches!(self.nodes[right].op, Op::Number(0.0)) {
                return Err(FormulaFault::new(at, "a division by 0"));
            }
            let two = if sign == '*' { Two::Multiply } else { Two::Divide };
            left = self.arithmetic(from, Op::Two(two, left, right), sign, &[left, right])?;
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<usize, FormulaFault> {
        self.deeper()?;
        let from = self.place();
        let found = match self.take(&['+', '-']) {
            Some(sign) => {
                let a = self.signed()?;
                self.need(Kind::Number, sign, &[a])?;
                if sign == '-' { self.arithmetic(from, Op::One(One::Negate, a), sign, &[a])? } else { a }
            }
            None => self.power()?,
        };
        self.depth -= 1;
        Ok(found)
    }

    fn power(&mut self) -> Result<usize, FormulaFault> {
        let from = self.place();
        let left = self.atom()?;
        if self.take(&['^']).is_none() {
            return Ok(left);
        }
        let right = self.signed()?;
        self.arithmetic(from, Op::Two(Two::Power, left, right), '^', &[left, right])
    }

    fn atom(&mut self) -> Result<usize, FormulaFault> {
        let at = self.place();
        let Some((_, token)) = self.peek() else {
            return Err(FormulaFault::new(at, "the expression ends where a number or a name should stand"));
        };
        let token = token.clone();
        self.at += 1;
        match token {
            Token::Number(value) => self.push(at, Op::Number(value)),
            // In backticks it is a name, whatever follows.
            Token::Name(name)
                if matches!(self.peek(), Some((_, Token::Sign('(')))) && self.chars[at] != '`' =>
            {
                self.at += 1;
                self.call(at, Function::of(&name, at)?, &name)
            }
            Token::Name(name) => {
                let known = self.used.iter().position(|used| used.name == name);
                let index = known.unwrap_or_else(|| {
                    self.used.push(Used { name, at });
                    self.used.len() - 1
                });
                self.push(at, Op::Name(index))
            }
            Token::Sign('(') => {
                let inside = self.or()?;
                self.close(at, "an operator or `)`")?;
                // So that messages show the brackets.
                let end = self.end();
                (self.nodes[inside].from, self.nodes[inside].to) = (at, end);
                Ok(inside)
            }
            Token::Sign('¬') => {
                self.deeper()?;
                let a = self.atom()?;
                self.depth -= 1;
                self.logic(at, Op::Not(a), '¬', &[a])
            }
            Token::Sign(_) => {
                let message = format!("found {}, expected a number, a name or `(`", token.shown());
                Err(FormulaFault::new(at, message))
            }
        }
    }

    /// The arguments of a function, whose bracket is open already.
    fn call(&mut self, from: usize, function: Function, name: &str) -> Result<usize, FormulaFault> {
        let wanted = function.arguments();
        let mut arguments = Vec::with_capacity(wanted);
        loop {
            arguments.push(self.or()?);
            if self.take(&[',']).is_none() {
                break;
            }
        }
        self.close(from, "an operator, `,` or `)`")?;
        let count = |n: usize| if n == 1 { "1 argument".to_owned() } else { format!("{n} arguments") };
        let message = || format!("`{name}` has {}, found {}", count(wanted), arguments.len());
        let (op, numbers) = match (function, arguments.as_slice()) {
            (Function::One(one), &[a]) => (Op::One(one, a), 0),
            (Function::Two(two), &[a, b]) => (Op::Two(two, a, b), 0),
            (Function::Where, &[c, a, b]) => (Op::Where(c, a, b), 1),
            _ => return Err(FormulaFault::new(from, message())),
        };
        self.all_of(Kind::Condition, name, &arguments[..numbers])?;
        self.all_of(Kind::Number, name, &arguments[numbers..])?;
        self.folded(from, op, &arguments)
    }

    fn close(&mut self, opened: usize, expected: &str) -> Result<(), FormulaFault> {
        if self.take(&[')']).is_some() {
            return Ok(());
        }
        Err(match self.peek() {
            None => FormulaFault::new(opened, "a bracket is opened and not closed"),
            Some((at, token)) => {
                let fault = FormulaFault::new(at, format!("found {}, expected {expected}", token.shown()));
                match token {
                    Token::Sign(sign) if Comparison::of_sign(*sign).is_some() => fault.help(CHAINS),
                    _ => fault,
                }
            }
        })
    }

    fn logic(&mut self, from: usize, op: Op, sign: char, parts: &[usize]) -> Result<usize, FormulaFault> {
        self.need(Kind::Condition, sign, parts)?;
        self.push(from, op)
    }

    fn arithmetic(
        &mut self,
        from: usize,
        op: Op,
        sign: char,
        parts: &[usize],
    ) -> Result<usize, FormulaFault> {
        self.need(Kind::Number, sign, parts)?;
        self.folded(from, op, parts)
    }

    fn need(&self, kind: Kind, sign: char, parts: &[usize]) -> Result<(), FormulaFault> {
        self.all_of(kind, &spelling(sign), parts)
    }

    /// Whether all parts are what `who` needs.
    fn all_of(&self, kind: Kind, who: &str, parts: &[usize]) -> Result<(), FormulaFault> {
        let Some(&wrong) = parts.iter().find(|part| self.nodes[**part].op.kind() != kind) else {
            return Ok(());
        };
        let Node { from, to, .. } = self.nodes[wrong];
        let part: String = self.chars[from..to].iter().collect();
        Err(match kind {
            Kind::Condition => {
                FormulaFault::new(from, format!("`{who}` needs a condition, found the number `{part}`")).help(
                    format!(
                        "compare it with something, as in `{part} != 0`; `!` binds stronger than comparisons"
                    ),
                )
            }
            Kind::Number => {
                FormulaFault::new(from, format!("`{who}` needs a number, found the condition `{part}`"))
                    .help("`where(condition, 1, 0)` makes a number of a condition")
            }
        })
    }

    /// Appends a part, or its value if the parts it is made of are constants.
    fn folded(&mut self, from: usize, op: Op, parts: &[usize]) -> Result<usize, FormulaFault> {
        let node = self.push(from, op)?;
        if !parts.iter().all(|part| matches!(self.nodes[*part].op, Op::Number(_))) {
            return Ok(node);
        }
        let value = evaluate::constant(&self.nodes, node);
        if !value.is_finite() {
            let message = format!("a constant part that ends here is {}", crate::text::number(value));
            let last = self.tokens.get(self.at.saturating_sub(1)).map_or(0, |(at, _)| *at);
            return Err(FormulaFault::new(last, message));
        }
        // The constants stand at the end, one node each.
        self.nodes.truncate(node - parts.len());
        self.push(from, Op::Number(value))
    }

    fn push(&mut self, from: usize, op: Op) -> Result<usize, FormulaFault> {
        if self.nodes.len() >= MAX_PARTS {
            let message = format!("more than {MAX_PARTS} numbers, names and operations");
            return Err(FormulaFault::new(from, message).help("give parts of it names of their own"));
        }
        let to = self.end();
        self.nodes.push(Node { op, from, to });
        Ok(self.nodes.len() - 1)
    }

    /// Where the last word taken ends.
    fn end(&self) -> usize {
        let before = &self.chars[..self.place()];
        before.len() - before.iter().rev().take_while(|c| c.is_whitespace()).count()
    }
}
