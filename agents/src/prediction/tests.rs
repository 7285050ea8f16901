use super::*;
use crate::test_folder::folder;

fn series(rows: usize) -> Series {
    Series::synthetic(rows, 3)
}

fn question<'a>(series: &'a Series, options: &'a Table) -> Question<'a> {
    Question { series, target: 6, beta: 0.999, options }
}

#[test]
fn outcomes_are_discounted_averages_of_what_came() {
    let series = Series { names: vec!["x".to_owned()], rows: [4.0, 1.0, 3.0, 5.0].map(|x| vec![x]).to_vec() };
    let options = Table::new();
    let question = Question { target: 0, ..question(&series, &options) };
    // Behind the last row its value goes on.
    let expected = [0.5 * 1.0 + 0.5 * (0.5 * 3.0 + 0.5 * 5.0), 0.5 * 3.0 + 0.5 * 5.0, 5.0];
    assert_eq!(question.outcome(0.5), expected);
    assert_eq!(rmse(&[1.0, 5.0], &[4.0, 9.0], 0..2), 12.5f64.sqrt());
}

#[test]
fn averages_forget() {
    let mut averages = Averages::new(1, 0.5);
    assert_eq!(averages.push(&[8.0]), [8.0], "corrected for the start at 0");
    // (0.25 * 8 + 0.5 * 2) / 0.75
    assert_eq!(averages.push(&[2.0]), [4.0]);
}

#[test]
fn learners_predict_a_made_up_series_better_than_its_mean() {
    let (series, options) = (series(20_000), Table::new());
    let question = question(&series, &options);
    let (outcome, known) = (question.outcome(0.99), question.known(0.99));
    // The second half, when there was something to learn from.
    let half = known.end / 2..known.end;
    let mean = outcome[half.clone()].iter().sum::<f64>() / half.len() as f64;
    let spread = rmse(&vec![mean; outcome.len()], &outcome, half.clone());
    let error = |forecast: Forecast| rmse(&forecast.values, &outcome, half.clone());
    let stream = error(question.stream_td(1).unwrap());
    assert!(stream < 0.9 * spread, "{stream} against {spread} of the mean");
    for scaled in [true, false] {
        let td0 = error(question.td0(1e-3, scaled, 1).unwrap());
        assert!(td0 < spread, "{td0} of TD(0) against {spread} of the mean, scaled {scaled}");
    }
    let again = question.stream_td(1).unwrap();
    assert_eq!(error(again), stream, "the same seed predicts the same");
}

#[test]
fn series_come_from_files_and_bad_ones_say_where() {
    let folder = folder("series");
    let path = folder.join("x.csv");
    let made = series(5);
    std::fs::write(&path, made.to_csv()).unwrap();
    assert_eq!(Series::read(&path).unwrap(), made, "numbers come back whole");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Series::read(&path)
    };
    let dated = read("date,a,\"b, quoted\"\r\n2016-07-01 00:00:00,1,2\r\n2016-07-01 00:15:00,3,-4e2\r\n").unwrap();
    assert_eq!(
        (dated.names, dated.rows),
        (vec!["a".to_owned(), "b, quoted".to_owned()], vec![vec![1., 2.], vec![3., -400.]])
    );
    for (text, part) in [
        ("", "0 rows"),
        ("a,b\n1,2\n", "1 rows"),
        ("a,b\nx,y\nz,w\n", "0 columns"),
        ("a,b\n1,2\n3,NaN\n", "line 3, column `b`: `NaN`"),
        ("a,b\n1,2\n3,\n", "line 3, column `b`: ``"),
        ("a,b\n1,2\n3\n", "the line has 1 values, the header 2"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
    assert!(Series::read(&folder.join("none.csv")).unwrap_err().to_string().contains("none.csv"));
    let error = made.column(Some("oil")).unwrap_err().to_string();
    assert!(error.contains("oil_temperature"), "{error}");
}

#[test]
fn what_cannot_be_known_is_refused() {
    let series = series(100);
    let with = |text: &str| {
        let options: Table = text.parse().unwrap();
        let question = question(&series, &options);
        question.stream_td(0).map(|forecast| forecast.values.len()).map_err(|e| e.to_string())
    };
    assert_eq!(with("gamma = 0.5"), Ok(99));
    assert!(with("gamma = 1.0").unwrap_err().contains("below 1"));
    assert!(with("").unwrap_err().contains("at least 690"), "{:?}", with(""));
    assert!(with("gama = 0.5").unwrap_err().contains("gamma"));
    let options: Table = "gamma = 0.5".parse().unwrap();
    let rate = |rate: f32| question(&series, &options).td0(rate, true, 0).map(|_| ()).map_err(|e| e.to_string());
    assert_eq!(rate(1e-3), Ok(()));
    assert!([0.0, -1.0, f32::NAN].map(rate).iter().all(|r| r.as_ref().is_err_and(|e| e.contains("above 0"))));
    let wide: Table = "gamma = 0.5\nhidden = [0]".parse().unwrap();
    assert!(question(&series, &wide).td0(1e-3, true, 0).is_err_and(|e| e.to_string().contains("hidden")));
    assert!(with("gamma = 0.5\nlambda = 2.0").unwrap_err().contains("lambda"));
}
