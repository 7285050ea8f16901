//! The toy benchmark of ALP-GMM's authors (flowersteam/teachDeepRL, `toy_env.py`): a grid whose cubes are learned one from
//! another, so that it takes tasks in the right order.

use toml::Table;

use super::{Bounds, Entry, Teacher};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::check;

/// Cubes along each dimension.
pub const CUBES: usize = 10;
/// Competence that unlocks the next cubes; a cube with more is mastered.
const UNLOCKS: u8 = 75;
/// Competence at most.
const MOST: u8 = 100;
/// Dimensions that count, at most: 10^6 cubes.
pub const MOST_DIMENSIONS: usize = 6;

/// The grid over the box from 0 to 1, and what is mastered in it.
#[derive(Debug, Clone)]
pub struct ToyGrid {
    dimensions: usize,
    /// By cube; the index of the last dimension runs fastest.
    competence: Vec<u8>,
}

impl ToyGrid {
    /// Nothing is learned yet.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] for 0 or more than [`MOST_DIMENSIONS`] dimensions.
    pub fn new(dimensions: usize) -> Result<Self> {
        let range = format!("1 to {MOST_DIMENSIONS}");
        check("dimensions", dimensions, &range, (1..=MOST_DIMENSIONS).contains(&dimensions))?;
        Ok(Self { dimensions, competence: vec![0; CUBES.pow(dimensions as u32)] })
    }

    /// An episode of a task, 0 to 1 in each dimension; what lies behind the dimensions of the grid is useless. The return is
    /// the competence in its cube, 0 to 1, one hundredth more than before if the cube can be learned.
    pub fn episode(&mut self, task: &[f64]) -> f64 {
        let at = |&x: &f64| ((x * CUBES as f64) as usize).min(CUBES - 1);
        let cube: Vec<usize> = task[..self.dimensions].iter().map(at).collect();
        let index = |below: u32| {
            let cell = cube.iter().enumerate().map(|(d, &i)| (below >> d & 1 == 0).then_some(i).or(i.checked_sub(1)));
            cell.reduce(|sum, i| Some(sum? * CUBES + i?)).flatten()
        };
        let own = index(0).expect("the cube itself");
        // Neighbours with an index lowered by one in any dimensions, diagonals among them.
        let unlocked = |below| index(below).is_some_and(|neighbour| self.competence[neighbour] >= UNLOCKS);
        if own == 0 || (1..1u32 << self.dimensions).any(unlocked) {
            self.competence[own] = (self.competence[own] + 1).min(MOST);
        }
        f64::from(self.competence[own]) / f64::from(MOST)
    }

    /// Share of cubes that are mastered, in percent.
    pub fn mastered(&self) -> f64 {
        let mastered = self.competence.iter().filter(|&&competence| competence > UNLOCKS).count();
        100.0 * mastered as f64 / self.competence.len() as f64
    }
}

/// What a teacher is told here beside its defaults, as returns are 0 to 1 and the corner is what is easy.
pub fn options(entry: &Entry, dimensions: usize) -> Table {
    let text = match entry.name {
        "random" => String::new(),
        "oracle" => format!("threshold = {}", f64::from(UNLOCKS) / f64::from(MOST)),
        "adr" => format!("reward_low = 0\nreward_high = 1\nstart = {:?}", vec![0.0; dimensions]),
        _ => "reward_low = 0\nreward_high = 1".to_owned(),
    };
    text.parse().expect("options as they are written")
}

/// Percent of cubes that are mastered after each `every` of the episodes, from 0 on, one teacher and one seed.
///
/// # Errors
/// [`crate::Error::InvalidOption`].
pub fn run(
    entry: &'static Entry,
    (dimensions, useless): (usize, usize),
    episodes: u64,
    every: u64,
    seed: u64,
) -> Result<Vec<f64>> {
    let (mut grid, all) = (ToyGrid::new(dimensions)?, dimensions + useless);
    let bounds = Bounds::new(vec![0.0; all], vec![1.0; all])?;
    let mut teacher = Teacher::new(entry, &options(entry, all), bounds, seed)?;
    let (noise, mut task) = (Noise::new(seed, "toy"), vec![0.0; all]);
    let mut mastered = vec![grid.mastered()];
    for episode in 1..=episodes {
        teacher.sample(&mut noise.at(episode, 0), &mut task);
        let episode_return = grid.episode(&task);
        teacher.update(&task, episode_return)?;
        if episode.is_multiple_of(every) {
            mastered.push(grid.mastered());
        }
    }
    Ok(mastered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubes_are_learned_one_from_another() {
        let mut grid = ToyGrid::new(2).unwrap();
        assert_eq!(grid.episode(&[0.25, 0.05]), 0.0, "locked");
        for n in 1..=74 {
            assert_eq!(grid.episode(&[0.05, 0.05, 0.7]), f64::from(n) / 100.0);
        }
        assert_eq!(grid.episode(&[0.15, 0.15]), 0.0, "74 is too little");
        grid.episode(&[0.0, 0.0]);
        assert_eq!(grid.episode(&[0.15, 0.15]), 0.01, "over the diagonal");
        assert_eq!(grid.episode(&[0.05, 0.15]), 0.01);
        assert_eq!(grid.episode(&[0.25, 0.15]), 0.0, "two away");
        assert_eq!(grid.mastered(), 0.0, "75 unlocks, more is mastered");
        let mut last = 0.0;
        (0..200).for_each(|_| last = grid.episode(&[0.0, 0.0]));
        assert_eq!((grid.mastered(), last, grid.episode(&[1.0, 1.0])), (1.0, 1.0, 0.0));
        assert!(ToyGrid::new(0).is_err() && ToyGrid::new(7).is_err());
    }
}
