#![allow(missing_docs, clippy::all, clippy::print_stdout)]
use serde::Deserialize;
use serde_saphyr::{Spanned, options::DuplicateKeyPolicy, options::NonFiniteFloatPolicy};
use std::collections::BTreeMap;
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct S { #[serde(default)] name: Option<String>, #[serde(default)] list: Vec<f64>, #[serde(default)] map: BTreeMap<String, f64>, #[serde(default)] inner: Option<Box<S>>, #[serde(default)] many: Vec<S> }

fn opts() -> serde_saphyr::Options {
    serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::Error, strict_booleans: true, no_schema: true, with_snippet: false,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        budget: serde_saphyr::budget!{ max_depth: 128, flow_nesting_limit: 128 } }
}
#[derive(Debug)]
enum Node { Scalar(String), List(Vec<Spanned<Node>>), Map(Vec<(Spanned<String>, Spanned<Node>)>) }
struct V;
impl<'de> serde::de::Visitor<'de> for V { type Value = Node;
 fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { f.write_str("x") }
 fn visit_bool<E>(self, v: bool) -> Result<Node, E> { Ok(Node::Scalar(format!("bool {v}"))) }
 fn visit_u64<E>(self, v: u64) -> Result<Node, E> { Ok(Node::Scalar(format!("u64 {v}"))) }
 fn visit_i64<E>(self, v: i64) -> Result<Node, E> { Ok(Node::Scalar(format!("i64 {v}"))) }
 fn visit_f64<E>(self, v: f64) -> Result<Node, E> { Ok(Node::Scalar(format!("f64 {v}"))) }
 fn visit_str<E>(self, v: &str) -> Result<Node, E> { Ok(Node::Scalar(format!("str {v}"))) }
 fn visit_unit<E>(self) -> Result<Node, E> { Ok(Node::Scalar(format!("unit"))) }
 fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut a: A) -> Result<Node, A::Error> { let mut v = vec![]; while let Some(x) = a.next_element()? { v.push(x) } Ok(Node::List(v)) }
 fn visit_map<A: serde::de::MapAccess<'de>>(self, mut a: A) -> Result<Node, A::Error> { let mut v = vec![]; while let Some(x) = a.next_entry()? { v.push(x) } Ok(Node::Map(v)) }
}
impl<'de> Deserialize<'de> for Node { fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> { d.deserialize_any(V) } }
fn show(n: &Spanned<Node>, d: usize) {
  let l = |x: &serde_saphyr::Location| format!("{}:{} {:?}+{:?}", x.line(), x.column(), x.span().byte_offset(), x.span().byte_len());
  match &n.value { Node::Scalar(s) => println!("{:d$}{s} ref {} def {}", "", l(&n.referenced), l(&n.defined)),
   Node::List(v) => { println!("{:d$}list ref {} def {}", "", l(&n.referenced), l(&n.defined)); for x in v { show(x, d+2) } }
   Node::Map(v) => { println!("{:d$}map ref {} def {}", "", l(&n.referenced), l(&n.defined)); for (k,x) in v { println!("{:d$}key {} ref {} def {}", "", k.value, l(&k.referenced), l(&k.defined)); show(x, d+2) } } }
}
fn main() {
    let cases = ["list:\n", "list: ~\n", "name: 2\n", "name: '2'\n", "name: yes\n", "name: true\n", "map: {2: 3}\n", "map: {true: 3}\n", "map: {~: 3}\n", "map: {1.5: 3}\n", "map: {[1]: 3}\n","list: ['1', 2, 0x10, 1_000, 010, .5, 1., 1e3, +1]\n",
     "list: [.nan, .inf, 1e400]\n", "list: [nan]\n", "name: a\nname: b\n", "map: {a: 1, a: 2}\n", "list: [1,\n 2\nname: x\n", "list:\n\t- 1\n", "list: [1 2]\n", "", "# c\n", "---\n", "- 1\n", "name: a\n---\nname: b\n", "name: !foo a\n", "inner: &a {name: x}\nmany: [*a, *b]\n", "inner: &a {name: x, zz: 1}\n", "inner: {<<: {name: x}, list: [1]}\n", "inner: {<<: 3, list: [1]}\n", "name: \"a\n", "list: [1,,2]\n", "list: 1, 2\n", "name: @x\n", "\u{feff}name: a\n", "a: b: c\n","name: é\n  x: 1\n", "name: a\n...\ngarbage\n", "name: x\n list: [1]\n", "'name: x\n", "%YAML 9.9\n---\nname: x\n", "name: \u{1}\n", "name:a\n", "list: {a: 1}\n", "map: [1]\n", "inner: []\n", "name: [a]\n", "many: {name: a}\n", "list: [a]"];
    for c in cases {
        let r: Result<S, _> = serde_saphyr::from_str_with_options(c, opts());
        match r { Ok(s) => println!("{c:?} OK {s:?}"), Err(e) => println!("{c:?} ERR {:?} :: {} @ {:?}", e.without_snippet(), e, e.location().map(|l| (l.line(), l.column(), l.span().byte_offset(), l.span().byte_len()))) }
    }
    for c in ["inner: &a {name: é, list: [1, .nan]}\nmany:\n  - *a\n  - <<: *a\n    list: [0x10, 010, '3']\n  - name: |\n      text\n      more\n", "a: 1\na: 2\n2: 3\ntrue: x\n~: z\n1.5: 3\n", "[1]: 3\n", "? {a: b}\n: 3\n"] {
      let o = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::PassThrough, strict_booleans: true, no_schema: false, with_snippet: false,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough };
      match serde_saphyr::from_str_with_options::<Spanned<Node>>(c, o) { Ok(n) => { println!("--- {c:?}"); show(&n, 0) }, Err(e) => println!("{c:?} {e:?}") }
    }
}
