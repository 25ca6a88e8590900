//! Figures as a whole: well-formed, safe from any value, the same bytes every time, and as accepted in `tests/golden`;
//! `ZSTAT_BLESS=1` writes what is given now.

use std::path::Path;

use zstat_report::figure::{
    Axis, Colour, Dash, Ellipse, Figure, Legend, Mark, Marker, Panel, Point, Scale, Series,
};

/// One series of every kind through the given values.
fn everything(values: &[f64]) -> Vec<Series> {
    let pairs = || values.iter().flat_map(|&x| values.iter().map(move |&y| (x, y)));
    let mut edges = values.to_vec();
    edges.sort_by(f64::total_cmp);
    let mut all = vec![
        Series::line("line", pairs().collect()),
        Series::band("band", pairs().map(|(x, y)| (x, y, x)).collect()),
        Series::points("points", pairs().map(|(x, y)| Point { x, y, down: x, up: y }).collect()),
        Series::steps("steps", edges.clone(), values.to_vec()),
        Series { filled: true, ..Series::steps("filled", edges, values.to_vec()) },
        Series::ellipses(
            "ellipses",
            pairs().map(|(x, y)| Ellipse { centre: (x, y), radii: (y, x) }).collect(),
        ),
    ];
    for &value in values {
        all.push(Series::horizontal("", value));
        all.push(Series { width: value, opacity: value, ..Series::vertical("", value) });
        all.push(Series::label(value, value, "a < b"));
    }
    all
}

fn small() -> Figure {
    let left = Panel {
        title: "Case 1".to_owned(),
        x: Axis::linear("μ"),
        y: Axis::linear("−2Δ ln L"),
        series: vec![
            Series::band("scan", vec![(0.0, 3.0, 5.0), (1.0, 0.0, 0.5), (2.0, 3.5, 4.5)]),
            Series::line("scan", vec![(0.0, 4.0), (1.0, 0.1), (2.0, 4.0)]),
            Series::horizontal("", 1.0),
            Series::label(0.9, 1.0, "68 % & <more>"),
        ],
        ..Panel::default()
    };
    let right = Panel {
        x: Axis::categories("benchmark", &["B0", "B1"]),
        y: Axis::log("events"),
        series: vec![
            Series { filled: true, ..Series::steps("σ(μ)", vec![-0.5, 0.5, 1.5], vec![0.0, 20.0]) },
            Series {
                marker: Marker::Square,
                filled: false,
                colour: Colour::Palette(1),
                ..Series::points("data", vec![Point { x: 1.0, y: 25.0, down: 5.0, up: 6.0 }])
            },
        ],
        legend: Legend::Right,
        ..Panel::default()
    };
    Figure { height: 240.0, width: 640.0, ..Figure::new("a \"small\" figure", vec![left, right]) }
}

/// Opens and closes every element in order; returns names and attributes of all of them.
fn elements(svg: &str) -> Vec<(String, Vec<(String, String)>)> {
    let (mut open, mut out, mut rest) = (Vec::new(), Vec::new(), svg);
    while let Some(start) = rest.find('<') {
        check_text(&rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (name, mut text) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag, ""));
        let mut attributes: Vec<(String, String)> = Vec::new();
        while !text.is_empty() {
            let (key, after) = text.split_once("=\"").expect("an attribute has a value");
            let (value, after) = after.split_once('"').expect("a value ends");
            check_text(value);
            assert!(key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-'), "{key}");
            assert!(attributes.iter().all(|(known, _)| known != key), "{key} twice");
            attributes.push((key.to_owned(), value.to_owned()));
            text = after.trim_start();
        }
        if !tag.ends_with('/') {
            open.push(name.to_owned());
        }
        out.push((name.to_owned(), attributes));
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    out
}

/// No characters that have to be escaped.
fn check_text(text: &str) {
    assert!(!text.contains(['<', '>', '"']), "{text}");
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "{text}");
    }
}

fn attribute<'a>(attributes: &'a [(String, String)], key: &str) -> Option<&'a str> {
    attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

#[test]
fn golden() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/small.svg");
    let svg = small().svg();
    if std::env::var_os("ZSTAT_BLESS").is_some() {
        std::fs::write(&path, &svg).expect("the golden file can be written");
    }
    let accepted = std::fs::read_to_string(&path).expect("there is a golden file");
    assert!(svg == accepted, "{} differs; ZSTAT_BLESS=1 rewrites it", path.display());
}

#[test]
fn same_figure_same_bytes() {
    assert_eq!(small().svg(), small().svg());
}

#[test]
fn readers_without_eyes_get_a_title() {
    let svg = small().svg();
    let elements = elements(&svg);
    assert_eq!(attribute(&elements[0].1, "role"), Some("img"));
    assert!(svg.contains("<title>a &quot;small&quot; figure</title>"));
    assert!(svg.contains(">68 % &amp; &lt;more&gt;</text>") && svg.contains(">σ(μ)</text>"));
    assert_eq!(
        elements[2],
        ("rect".to_owned(), {
            let pairs = [("width", "640"), ("height", "240"), ("fill", "#ffffff")];
            pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
        })
    );
}

#[test]
fn any_value_gives_a_figure() {
    let wild = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 5e-324, -0.0, 1.0, -1e-300];
    let tame = [0.0, 1.0, 2.0, 3.5];
    let names = Scale::Categories(vec!["a".to_owned(), "\u{0}<b>".to_owned()]);
    let one = |value: f64| vec![value];
    let mut sets = vec![wild.to_vec(), tame.to_vec(), Vec::new()];
    sets.extend(wild.into_iter().map(one));
    let ranges =
        [None, Some((0.0, 0.0)), Some((2.0, f64::NAN)), Some((f64::MIN, f64::MAX)), Some((1e-7, 1e-3))];
    for values in &sets {
        for scale in [Scale::Linear, Scale::Log, names.clone()] {
            for range in ranges {
                let axis = Axis { scale: scale.clone(), range, ..Axis::linear("&") };
                let (x, series) = (axis.clone(), everything(values));
                let panel = Panel { title: "'".to_owned(), x, y: axis, series, legend: Legend::Auto };
                let figure = Figure { width: f64::NAN, ..Figure::new("t", vec![panel.clone(), panel]) };
                let svg = figure.svg();
                for (name, attributes) in elements(&svg) {
                    for (key, value) in attributes.iter().filter(|(key, _)| key != "id" && key != "clip-path")
                    {
                        let bad = value.contains("NaN") || value.contains("inf") || value.len() > 1_000_000;
                        assert!(!bad, "{name} {key}={value:.80} for {values:?} {scale:?} {range:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn marks_are_clipped_and_paths_have_their_own_names() {
    let with = |y: f64| {
        let panel = Panel {
            x: Axis { range: Some((0.0, 1.0)), ..Axis::linear("x") },
            y: Axis { range: Some((0.0, 1.0)), ..Axis::linear("y") },
            series: vec![Series::line("", vec![(0.0, 0.5), (2.0, y)])],
            ..Panel::default()
        };
        Figure::new("", vec![panel]).svg()
    };
    let name = |svg: &str| {
        let all = elements(svg);
        let path = all.iter().find(|(name, _)| name == "clipPath").expect("there is a clip path");
        let id = attribute(&path.1, "id").expect("it has a name").to_owned();
        let used = format!("url(#{id})");
        assert!(all.iter().any(|(_, of)| attribute(of, "clip-path") == Some(&used)));
        id
    };
    let (one, other) = (with(0.7), with(1e300));
    assert_ne!(name(&one), name(&other));
    // The end outside the range is as far out as pixels go.
    assert!(other.contains(" -100000\" fill=\"none\""), "{other}");
}

#[test]
fn without_data_there_is_a_frame() {
    let panel = |series| Panel { series, ..Panel::default() };
    for series in
        [vec![], vec![Series::line("n", vec![(f64::NAN, 0.0)])], vec![Series::horizontal("", f64::NAN)]]
    {
        let svg = Figure::new("", vec![panel(series)]).svg();
        assert!(svg.contains(">no data</text>") && !svg.contains(">n</text>"));
    }
    let svg = Figure::new("", vec![panel(vec![Series::horizontal("", 1.0)])]).svg();
    assert!(!svg.contains("no data"));
    assert_eq!(elements(&Figure::new("", vec![]).svg()).len(), 3);
}

#[test]
fn looks_are_written() {
    let line = |dash| {
        let series = Series { dash, width: 3.0, ..Series::line("", vec![(0.0, 0.0), (1.0, 1.0)]) };
        Figure::new("", vec![Panel { series: vec![series], ..Panel::default() }]).svg()
    };
    assert!(line(Dash::Solid).contains("stroke=\"#3f90da\" stroke-width=\"3\"/>"));
    assert!(line(Dash::Dashed).contains("stroke-dasharray=\"7 4\""));
    assert!(line(Dash::Dotted).contains("stroke-dasharray=\"2 3\""));
    let mark = Mark::Points(vec![Point::new(1.0, 1.0)]);
    for (marker, element) in
        [(Marker::Circle, "<circle"), (Marker::Square, "<rect x"), (Marker::Triangle, "Z\"/>")]
    {
        let series = vec![Series { marker, filled: false, ..Series::new("", mark.clone()) }];
        let svg = Figure::new("", vec![Panel { series, ..Panel::default() }]).svg();
        assert!(svg.contains("<g fill=\"#ffffff\" stroke=\"#3f90da\"") && svg.contains(element));
    }
}

#[test]
fn powers_of_ten_are_raised() {
    let x = Axis { range: Some((1e-7, 1e-3)), ..Axis::log("") };
    let y = Axis { range: Some((0.0, 3e6)), ..Axis::linear("") };
    let svg = Figure::new("", vec![Panel { x, y, ..Panel::default() }]).svg();
    assert!(svg.contains(">10<tspan dy=\"-5.46\" font-size=\"9.36\">−7</tspan></text>"));
    assert!(svg.contains(">×10<tspan dy=\"-5.46\" font-size=\"9.36\">6</tspan></text>"));
}
