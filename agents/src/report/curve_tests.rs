use super::*;

fn series(label: &str, points: &[(f64, f64)]) -> Series {
    Series { label: label.to_owned(), points: points.to_vec(), band: Vec::new() }
}

/// Every number of an attribute that places something; a NaN in a file is a broken file.
fn check(svg: &str) {
    for bad in ["NaN", "inf", "\"-0.0\""] {
        assert!(!svg.contains(bad), "{bad} in {svg}");
    }
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    // Well-formed as far as brackets go: every element is closed.
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        assert!(part.contains('>'), "{part}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap().to_owned();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn steps_and_ticks_are_round() {
    let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
    for (step, nice) in
        [(0.7, 1.0), (1.0, 1.0), (1.3, 2.0), (3.0, 5.0), (6.0, 10.0), (62_500.0, 100_000.0), (0.03, 0.05)]
    {
        close(nice_step(step), nice);
    }
    let values: Vec<f64> = vec![0.0, 1e6];
    let axis = Axis::new(values.into_iter(), 0.0, 100.0, false, 5);
    let texts: Vec<&str> = axis.ticks.iter().map(|t| t.1.as_str()).collect();
    assert_eq!(texts, ["0", "200k", "400k", "600k", "800k", "1M"]);
    assert_eq!(axis.place(5e5), 50.0);
    for (value, step, text) in [
        (-172.0, 1.0, "\u{2212}172"),
        (0.25, 0.05, "0.25"),
        (0.1 + 0.2, 0.1, "0.3"),
        (1.5e6, 5e5, "1.5M"),
        (2500.0, 500.0, "2500"),
        (12_500.0, 500.0, "12.5k"),
        (100.0, 20.0, "100"),
        (999_999.999_999_999, 1e5, "1M"),
        (2e9, 1e9, "2G"),
        (3e15, 1e15, "3e15"),
        (-2e-7, 1e-7, "\u{2212}2e\u{2212}7"),
        (1e-17, 0.1, "0"),
    ] {
        assert_eq!(tick(value, step, value), text);
    }
}

#[test]
fn lines_and_bands_are_where_the_values_are() {
    let band = vec![(0.0, 0.0, 2.0), (10.0, 1.0, 3.0)];
    let svg = curves("t", "x", "y", &[Series { band, ..series("a", &[(0.0, 1.0), (10.0, 2.0)]) }]);
    check(&svg);
    // Values from 0 to 3, 4 % of room: 1 is at (1 + 0.12) / 3.24 of the height.
    let (top, bottom) = (TITLE_LINE + 14.0 + LEGEND_LINE, HEIGHT - BOTTOM);
    let at = |v: f64| bottom - (v + 0.12) / 3.24 * (bottom - top);
    let line = format!("M{LEFT:.1} {:.1}L{:.1} {:.1}\"", at(1.0), WIDTH - RIGHT, at(2.0));
    assert!(svg.contains(&line), "{line} is missing in {svg}");
    let right = WIDTH - RIGHT;
    let area = format!(
        "M{LEFT:.1} {:.1}L{right:.1} {:.1}L{right:.1} {:.1}L{LEFT:.1} {:.1}Z",
        at(2.0),
        at(3.0),
        at(1.0),
        at(0.0)
    );
    assert!(svg.contains(&area), "{area} is missing in {svg}");
}

#[test]
fn odd_values_do_not_break_it() {
    let nan = f64::NAN;
    for points in [
        &[][..],
        &[(3.0, 5.0)],
        &[(0.0, nan), (1.0, nan)],
        &[(0.0, 2.0), (1.0, 2.0), (2.0, 2.0)],
        &[(0.0, 0.0), (1.0, 0.0)],
        &[(0.0, 1e300), (1.0, -1e300), (2.0, 1.0)],
        &[(nan, 1.0), (1.0, f64::INFINITY)],
        &[(5.0, 1.0), (5.0, 2.0)],
        &[(1e15, 1e15 + 1.0), (1e15 + 1.0, 1e15)],
    ] {
        let svg = curves("t", "x", "y", &[series("a", points), series("", points)]);
        check(&svg);
        let finite = points.iter().any(|p| p.0.is_finite() && p.1.abs() < 1e100);
        assert_eq!(svg.contains("no finite values"), !finite, "{points:?}");
    }
    check(&curves("", "", "", &[]));
    check(&panels(&[]));
}

#[test]
fn a_gap_divides_a_line_and_a_lone_point_is_a_dot() {
    let points = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, 2.0), (5.0, f64::NAN), (6.0, 1.0)];
    let svg = curves("t", "x", "y", &[series("", &points)]);
    assert_eq!(svg.matches("stroke-width=\"2.2\"").count(), 2);
    assert_eq!(svg.matches("<circle").count(), 1);
}

#[test]
fn texts_are_escaped_and_long_ones_cut() {
    let svg = curves("<b> & \"c\"", "it's", "\u{1}", &[series("</svg>", &[(0.0, 0.0)])]);
    check(&svg);
    for text in ["&lt;b&gt; &amp; &quot;c&quot;", "it&#39;s", "&lt;/svg&gt;", "\u{fffd}"] {
        assert!(svg.contains(text), "{text}");
    }
    let long = curves(&"title ".repeat(100), "x", "y", &[series(&"label ".repeat(100), &[(0.0, 0.0)])]);
    check(&long);
    assert!(long.matches('…').count() == 2, "{long}");
}

#[test]
fn many_series_wrap_and_panels_tile() {
    let many: Vec<Series> = (0..100).map(|i| series(&format!("series {i}"), &[(0.0, f64::from(i))])).collect();
    let svg = curves("t", "x", "y", &many);
    check(&svg);
    let listed = svg.matches(">series ").count();
    assert!(svg.contains(&format!(">and {} more<", 100 - listed)) && listed > 20, "{listed}");
    // 24 kinds of lines before one comes again.
    let kinds: std::collections::BTreeSet<String> = (0..24).map(stroke).collect();
    assert_eq!(kinds.len(), 24);
    let three = panels(&vec![Panel { title: "p".to_owned(), ..Panel::default() }; 3]);
    check(&three);
    assert!(three.contains("viewBox=\"0 0 1600 1000\"") && three.contains("translate(0 500)"), "{three}");
}
