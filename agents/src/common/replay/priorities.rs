//! How often a transition comes back.

/// Proportional priorities (Schaul et al. 2016) as a tree of sums.
#[derive(Debug, Clone)]
pub struct Priorities {
    /// Node k has children 2k and 2k + 1; the leaves are the last half.
    pub tree: Vec<f64>,
    leaves: usize,
    exponent: f64,
    /// Of all so far: what new transitions get, so that each is seen soon.
    pub largest: f64,
}

impl Priorities {
    pub fn new(slots: usize, exponent: f32) -> Self {
        let leaves = slots.next_power_of_two();
        Self { tree: vec![0.0; 2 * leaves], leaves, exponent: f64::from(exponent), largest: 1.0 }
    }

    pub fn push(&mut self, slot: usize) {
        self.put(slot, self.largest);
    }

    pub fn set(&mut self, slot: usize, error: f32) {
        // Never 0, so that every transition can come back.
        let priority = (f64::from(error.abs()) + 1e-6).powf(self.exponent);
        self.largest = self.largest.max(priority);
        self.put(slot, priority);
    }

    pub fn put(&mut self, slot: usize, priority: f64) {
        let mut node = self.leaves + slot;
        self.tree[node] = priority;
        while node > 1 {
            node /= 2;
            // Summed anew, not adjusted: rounding does not add up.
            self.tree[node] = self.tree[2 * node] + self.tree[2 * node + 1];
        }
    }

    pub fn share(&self, slot: usize) -> f32 {
        (self.tree[self.leaves + slot] / self.tree[1]) as f32
    }

    pub fn draw(&self, uniform: f64) -> usize {
        let mut rest = uniform * self.tree[1];
        let mut node = 1;
        while node < self.leaves {
            node *= 2;
            // An empty right half is never entered, whatever rounding says.
            if rest >= self.tree[node] && self.tree[node + 1] > 0.0 {
                rest -= self.tree[node];
                node += 1;
            }
        }
        node - self.leaves
    }
}
