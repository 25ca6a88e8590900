//! The words of formulas and of expressions.

use super::FormulaFault;

/// Whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Arithmetic.
    Formula,
    /// With comparisons, logic and commas too.
    Expression,
}

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Name(String),
    /// `+ - * / ^ ( )`; in expressions also `, < > ≤ ≥ = ≠ ∧ ∨ ¬ ∼`, whatever way they were written: see [`spelling`].
    Sign(char),
}

/// How a sign is typed.
pub(super) fn spelling(sign: char) -> String {
    match sign {
        '≤' => "<=".to_owned(),
        '≥' => ">=".to_owned(),
        '=' => "==".to_owned(),
        '≠' => "!=".to_owned(),
        '∧' => "&&".to_owned(),
        '∨' => "||".to_owned(),
        '¬' => "!".to_owned(),
        '∼' => "not".to_owned(),
        other => other.to_string(),
    }
}

impl Token {
    /// As a message shows it.
    pub fn shown(&self) -> String {
        match self {
            Self::Number(value) => format!("the number {}", crate::text::number(*value)),
            Self::Name(name) => format!("the name `{name}`"),
            Self::Sign(sign) => format!("`{}`", spelling(*sign)),
        }
    }
}

/// Splits a text; each word with the character it starts at.
pub(super) fn tokens(text: &str, language: Language) -> Result<Vec<(usize, Token)>, FormulaFault> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let start = at;
        if language == Language::Expression
            && let Some((length, sign)) = logic(&chars, at)?
        {
            at += length;
            out.push((start, Token::Sign(sign)));
            continue;
        }
        let token = match c {
            _ if c.is_whitespace() => {
                at += 1;
                continue;
            }
            '*' if chars.get(at + 1) == Some(&'*') => {
                return Err(FormulaFault::new(at, "`**` is no operator").help("write `^` for a power"));
            }
            '+' | '-' | '*' | '/' | '^' | '(' | ')' => {
                at += 1;
                Token::Sign(c)
            }
            // As typeset text has it.
            '−' => {
                at += 1;
                Token::Sign('-')
            }
            '`' => quoted(&chars, &mut at)?,
            _ if c.is_ascii_digit() || c == '.' => number(&chars, &mut at)?,
            _ if c.is_alphabetic() || c == '_' => name(&chars, &mut at),
            _ => {
                return Err(FormulaFault::new(at, format!("the character `{c}` has no meaning here")).help(
                    match c {
                        ',' => "functions have one argument; write `a^b` for a power, and `.` in numbers",
                        _ => "a name with unusual characters stands in backticks",
                    },
                ));
            }
        };
        out.push((start, token));
    }
    Ok(out)
}

/// A sign that only expressions have: how many characters it takes, and which it is.
fn logic(chars: &[char], at: usize) -> Result<Option<(usize, char)>, FormulaFault> {
    let single =
        |sign: char, help: &str| Err(FormulaFault::new(at, format!("`{sign}` is no operator")).help(help));
    Ok(Some(match (chars[at], chars.get(at + 1)) {
        ('<', Some('=')) => (2, '≤'),
        ('>', Some('=')) => (2, '≥'),
        ('=', Some('=')) => (2, '='),
        ('!', Some('=')) => (2, '≠'),
        ('&', Some('&')) => (2, '∧'),
        ('|', Some('|')) => (2, '∨'),
        ('=', _) => {
            return single(
                '=',
                "equality is `==`; mind that few computed numbers are equal to the last digit",
            );
        }
        ('&', _) => return single('&', "write `&&` or `and`"),
        ('|', _) => return single('|', "write `||` or `or`"),
        ('!', _) => (1, '¬'),
        (sign @ (',' | '<' | '>' | '≤' | '≥' | '≠'), _) => (1, sign),
        (c, _) if c.is_alphabetic() => {
            let word: String = chars[at..].iter().take_while(|&&c| in_name(c)).collect();
            match word.as_str() {
                "and" => (3, '∧'),
                "or" => (2, '∨'),
                "not" => (3, '∼'),
                _ => return Ok(None),
            }
        }
        _ => return Ok(None),
    }))
}

/// May a name go on with it?
fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

fn quoted(chars: &[char], at: &mut usize) -> Result<Token, FormulaFault> {
    let start = *at;
    *at += 1;
    let from = *at;
    while chars.get(*at).is_some_and(|&c| c != '`') {
        *at += 1;
    }
    if *at >= chars.len() {
        return Err(FormulaFault::new(start, "a backtick opens a name that no backtick closes"));
    }
    let name: String = chars[from..*at].iter().collect();
    *at += 1;
    if name.is_empty() {
        return Err(FormulaFault::new(start, "there is no name between the backticks"));
    }
    Ok(Token::Name(name))
}

fn name(chars: &[char], at: &mut usize) -> Token {
    let start = *at;
    while chars.get(*at).is_some_and(|&c| in_name(c)) {
        *at += 1;
    }
    if chars.get(*at) == Some(&'[') {
        let digits = chars[*at + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits > 0 && chars.get(*at + 1 + digits) == Some(&']') {
            *at += digits + 2;
        }
    }
    Token::Name(chars[start..*at].iter().collect())
}

/// Digits, a point, an exponent: what is a number in YAML and JSON, and `.5` and `5.`.
fn number(chars: &[char], at: &mut usize) -> Result<Token, FormulaFault> {
    let start = *at;
    let digits = |at: &mut usize| {
        while chars.get(*at).is_some_and(char::is_ascii_digit) {
            *at += 1;
        }
    };
    digits(at);
    if chars.get(*at) == Some(&'.') {
        *at += 1;
        digits(at);
    }
    if matches!(chars.get(*at), Some('e' | 'E')) {
        let signed = usize::from(matches!(chars.get(*at + 1), Some('+' | '-')));
        if chars.get(*at + 1 + signed).is_some_and(char::is_ascii_digit) {
            *at += 1 + signed;
            digits(at);
        }
    }
    let text: String = chars[start..*at].iter().collect();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Token::Number(value)),
        Ok(_) => Err(FormulaFault::new(start, format!("the number {text} is too large"))),
        Err(_) => Err(FormulaFault::new(start, format!("`{text}` is not a number"))),
    }
}
