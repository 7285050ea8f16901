//! The nearest of all points so far, in any number of dimensions.
//!
//! A structure of our own: `kiddo` wants the number of dimensions when it is compiled, `kdtree` does not balance and walks down a
//! path per point where many are alike. Here balanced trees of 128, 256, 512, ... points are merged as a binary counter
//! counts, so an insertion costs O(log^2 n) on average, and the shape follows from the number of points alone.

/// Newest points that are looked through one by one.
const LOOSE: usize = 128;

/// Points with a value each.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    dimensions: usize,
    /// `[points, dimensions]`, in their order.
    points: Vec<f64>,
    values: Vec<f64>,
    /// Trees over the points from the first on, the largest first: a subtree's root is the middle of its slice, and its
    /// dimension that of its depth.
    trees: Vec<Vec<u32>>,
    /// Points in trees.
    planted: usize,
}

impl Neighbours {
    /// No points yet.
    pub fn new(dimensions: usize) -> Self {
        Self { dimensions, points: Vec::new(), values: Vec::new(), trees: Vec::new(), planted: 0 }
    }

    /// Those of the points `[points, dimensions]` with their values.
    pub fn of(dimensions: usize, points: &[f64], values: &[f64]) -> Self {
        let mut all = Self { points: points.to_vec(), values: values.to_vec(), ..Self::new(dimensions) };
        // The trees that as many insertions one by one come to.
        let blocks = values.len() / LOOSE;
        for bit in (0..usize::BITS).rev().filter(|bit| blocks >> bit & 1 == 1) {
            all.plant(LOOSE << bit);
        }
        all
    }

    /// Numbers of a point.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All points `[points, dimensions]` in their order.
    pub fn points(&self) -> &[f64] {
        &self.points
    }

    /// Their values.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Adds a point.
    pub fn push(&mut self, point: &[f64], value: f64) {
        self.points.extend_from_slice(point);
        self.values.push(value);
        if self.len() - self.planted == LOOSE {
            let mut size = LOOSE;
            while self.trees.last().is_some_and(|tree| tree.len() == size) {
                self.trees.pop();
                self.planted -= size;
                size *= 2;
            }
            self.plant(size);
        }
    }

    /// A tree over the next so many points.
    fn plant(&mut self, size: usize) {
        let mut tree: Vec<u32> = (self.planted as u32..(self.planted + size) as u32).collect();
        self.sort(&mut tree, 0);
        self.trees.push(tree);
        self.planted += size;
    }

    fn sort(&self, tree: &mut [u32], depth: usize) {
        if tree.len() < 2 {
            return;
        }
        let (middle, d) = (tree.len() / 2, depth % self.dimensions);
        let at = |id: &u32| self.points[*id as usize * self.dimensions + d];
        tree.select_nth_unstable_by(middle, |a, b| at(a).total_cmp(&at(b)).then(a.cmp(b)));
        let (left, right) = tree.split_at_mut(middle);
        self.sort(left, depth + 1);
        self.sort(&mut right[1..], depth + 1);
    }

    /// The value of the nearest point (Euclidean), of the newest among equally near ones; None without points.
    pub fn nearest(&self, point: &[f64]) -> Option<f64> {
        let mut best = (f64::INFINITY, None);
        for id in (self.planted..self.len()).rev() {
            self.look(id as u32, point, &mut best);
        }
        for tree in self.trees.iter().rev() {
            self.search(tree, 0, point, &mut best);
        }
        best.1.map(|id| self.values[id as usize])
    }

    fn look(&self, id: u32, point: &[f64], best: &mut (f64, Option<u32>)) {
        let at = id as usize * self.dimensions;
        let own = &self.points[at..at + self.dimensions];
        let distance: f64 = own.iter().zip(point).map(|(a, b)| (a - b) * (a - b)).sum();
        if distance < best.0 || (distance == best.0 && Some(id) > best.1) {
            *best = (distance, Some(id));
        }
    }

    fn search(&self, tree: &[u32], depth: usize, point: &[f64], best: &mut (f64, Option<u32>)) {
        let Some(&id) = tree.get(tree.len() / 2) else { return };
        let (middle, d) = (tree.len() / 2, depth % self.dimensions);
        let beside = point[d] - self.points[id as usize * self.dimensions + d];
        let (near, far) =
            if beside < 0.0 { (&tree[..middle], &tree[middle + 1..]) } else { (&tree[middle + 1..], &tree[..middle]) };
        self.look(id, point, best);
        self.search(near, depth + 1, point, best);
        if beside * beside <= best.0 {
            self.search(far, depth + 1, point, best);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::noise::Noise;

    #[test]
    fn the_nearest_is_that_of_a_plain_scan_and_trees_follow_from_the_count() {
        for (dimensions, grid) in [(1, 0.0), (2, 0.0), (3, 4.0), (12, 0.0)] {
            let (mut all, mut noise) = (Neighbours::new(dimensions), Noise::new(3, "test"));
            for n in 0..1500usize {
                // On a coarse grid many points are alike.
                let point: Vec<f64> = (0..dimensions)
                    .map(|_| noise.uniform_f64())
                    .map(|x| if grid > 0.0 { (x * grid).floor() } else { x })
                    .collect();
                let distance = |id: usize| -> f64 {
                    let own = &all.points()[id * dimensions..(id + 1) * dimensions];
                    own.iter().zip(&point).map(|(a, b)| (a - b) * (a - b)).sum()
                };
                let nearest = (0..n).min_by(|&a, &b| distance(a).total_cmp(&distance(b)).then(b.cmp(&a)));
                assert_eq!(all.nearest(&point), nearest.map(|id| id as f64));
                all.push(&point, n as f64);
                if n % 97 == 0 || n == 1499 {
                    assert_eq!(Neighbours::of(dimensions, all.points(), all.values()), all);
                }
            }
            assert!(all.trees.len() > 2 && all.len() == 1500);
        }
    }

    #[test]
    fn points_that_are_all_alike_are_no_long_path() {
        let mut all = Neighbours::new(2);
        (0..100_000).for_each(|n| all.push(&[1.0, 1.0], f64::from(n)));
        assert_eq!(all.nearest(&[1.0, 1.0]), Some(99_999.0));
    }
}
