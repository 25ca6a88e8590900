//! CSV out: RFC 4180 quoting, newline-terminated lines.

/// The table as text; the first row is the header.
pub fn document(rows: &[Vec<String>]) -> String {
    rows.iter().map(|row| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\n").collect()
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_with_commas_and_quotes_are_quoted() {
        let rows = [vec!["a,b".to_owned(), "say \"x\"".to_owned()], vec!["1".to_owned(), String::new()]];
        assert_eq!(super::document(&rows), "\"a,b\",\"say \"\"x\"\"\"\n1,\n");
    }
}
