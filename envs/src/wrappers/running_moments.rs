//! Running mean and variance.

/// Running mean and variance of rows of numbers, in `f64` (Welford's method).
#[derive(Debug, Clone, PartialEq)]
pub struct RunningMoments {
    count: f64,
    mean: Vec<f64>,
    /// Sum of squared deviations from the mean.
    squares: Vec<f64>,
}

impl RunningMoments {
    /// Of rows of `width` numbers; none seen yet.
    pub fn new(width: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; width], squares: vec![0.0; width] }
    }

    /// From saved numbers: rows seen, and the mean and population variance of each column.
    ///
    /// # Panics
    /// If mean and variance have different lengths.
    pub fn from_parts(count: f64, mean: &[f64], variance: &[f64]) -> Self {
        assert_eq!(mean.len(), variance.len(), "one mean and one variance per column");
        Self { count, mean: mean.to_vec(), squares: variance.iter().map(|v| v * count).collect() }
    }

    /// From saved numbers, bit by bit: rows seen, mean and [`Self::squares`] of each column.
    ///
    /// # Panics
    /// If the two have different lengths.
    pub fn from_squares(count: f64, mean: &[f64], squares: &[f64]) -> Self {
        assert_eq!(mean.len(), squares.len(), "one mean and one sum of squares per column");
        Self { count, mean: mean.to_vec(), squares: squares.to_vec() }
    }

    /// Sum of squared deviations from the mean of each column.
    pub fn squares(&self) -> &[f64] {
        &self.squares
    }

    /// Rows seen.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// Mean of each column; 0 before the first row.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Population variance of a column; 0 before the first row.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn variance(&self, column: usize) -> f64 {
        if self.count > 0.0 { self.squares[column] / self.count } else { 0.0 }
    }

    /// Takes one row in.
    ///
    /// # Panics
    /// If the row has another width.
    pub fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.mean.len(), "a row has one number per column");
        self.count += 1.0;
        let weight = 1.0 / self.count;
        for ((mean, squares), &value) in self.mean.iter_mut().zip(&mut self.squares).zip(row) {
            let before = f64::from(value) - *mean;
            *mean += before * weight;
            *squares += before * (f64::from(value) - *mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variance_of_known_numbers() {
        let mut moments = RunningMoments::new(2);
        for row in [
            [2.0, 1e6 + 1.0],
            [4.0, 1e6 + 2.0],
            [4.0, 1e6 + 3.0],
            [4.0, 1e6],
            [5.0, 1e6],
            [5.0, 1e6],
            [7.0, 1e6],
            [9.0, 1e6],
        ] {
            moments.push(&row);
        }
        assert_eq!(moments.mean()[0], 5.0);
        assert_eq!(moments.variance(0), 4.0);
        assert!((moments.mean()[1] - (1e6 + 0.75)).abs() < 1e-6);
        // (1 + 4 + 9) / 8 - 0.75^2
        assert!((moments.variance(1) - (14.0 / 8.0 - 0.5625)).abs() < 1e-6);
        let copy = RunningMoments::from_parts(8.0, moments.mean(), &[4.0, moments.variance(1)]);
        assert_eq!(copy.variance(0), 4.0);
        assert_eq!(RunningMoments::new(1).variance(0), 0.0);
    }
}
