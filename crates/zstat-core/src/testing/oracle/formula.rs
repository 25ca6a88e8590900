//! Formulas, evaluated straight from their text: a recursive descent that never builds anything.

use super::{Number, Oracle};

impl Oracle {
    /// The value of a scalar parameter, or of the formula that stands in its place.
    pub(super) fn scalar<T: Number>(&self, name: &str, theta: &[T]) -> T {
        match self.formulas.get(name) {
            Some(text) => {
                let characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
                let mut reader = Reader { oracle: self, theta, characters: &characters };
                let value = reader.sum();
                assert!(reader.characters.is_empty(), "left over in {text}: {:?}", reader.characters);
                value
            }
            None => match self.sets.get(name) {
                Some(set) => theta[set.first],
                None => theta[self.parameters.iter().position(|p| p.name == name).expect("a parameter")],
            },
        }
    }
}

struct Reader<'a, T> {
    oracle: &'a Oracle,
    theta: &'a [T],
    characters: &'a [char],
}

impl<T: Number> Reader<'_, T> {
    fn take(&mut self, sign: char) -> bool {
        let found = self.characters.first() == Some(&sign);
        if found {
            self.characters = &self.characters[1..];
        }
        found
    }

    fn sum(&mut self) -> T {
        let mut value = self.product();
        loop {
            if self.take('+') {
                value += self.product();
            } else if self.take('-') {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> T {
        let mut value = self.signed();
        loop {
            if self.take('*') {
                value *= self.signed();
            } else if self.take('/') {
                value /= self.signed();
            } else {
                return value;
            }
        }
    }

    fn signed(&mut self) -> T {
        if self.take('-') { -self.signed() } else { self.power() }
    }

    fn power(&mut self) -> T {
        let base = self.atom();
        if !self.take('^') {
            return base;
        }
        // A literal: an exponent that varies may be a whole number, too, but only by chance.
        let literal = self.characters.first().is_some_and(char::is_ascii_digit);
        let exponent = self.signed();
        if literal { base.powi(exponent.re() as i32) } else { (base.ln() * exponent).exp() }
    }

    fn atom(&mut self) -> T {
        if self.take('(') {
            let value = self.sum();
            assert!(self.take(')'), "a closing bracket");
            return value;
        }
        let word = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
        let length = self.characters.iter().take_while(|c| word(c)).count();
        let text: String = self.characters[..length].iter().collect();
        self.characters = &self.characters[length..];
        if let Ok(number) = text.parse::<f64>() {
            return T::from(number);
        }
        if self.characters.first() != Some(&'(') {
            return self.oracle.scalar(&text, self.theta);
        }
        let argument = self.atom();
        match text.as_str() {
            "exp" => argument.exp(),
            "log" => argument.ln(),
            "sqrt" => argument.sqrt(),
            other => panic!("the function {other}"),
        }
    }
}
