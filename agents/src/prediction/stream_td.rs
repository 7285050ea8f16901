//! Stream TD(λ): state values of whatever is done, with eligibility traces from one transition at a time.
//!
//! Source: Elsayed et al. 2024, "Streaming Deep Reinforcement Learning Finally Works" (arXiv 2410.14606).

use toml::Table;

use crate::algorithms::MakeOnline;
use crate::common::distribution::Distribution;
use crate::common::head::Head;
use crate::error::Result;
use crate::options::{check, options};
use crate::streaming::{Algorithm, Interface, Online, Options, Parts, Transition, Verdict};

/// Its name among the learners.
pub const NAME: &str = "stream_td";

/// Makes one for a user's own loop. Actions are not looked at.
pub const MAKE: MakeOnline = |table, interface, (seed, _)| {
    let (options, parts) = Config::parts(table, interface)?;
    Ok(Box::new(Online::new(NAME, &options.stream, interface, seed, parts)))
};

options! {
    /// Options of stream TD(λ).
    pub struct Config {
        ..stream: Options,
        /// How much smaller than the correction of its error a step is kept; only for obgd and adaptive_obgd.
        kappa: f32 = 2.0,
        /// Widths of the hidden layers.
        hidden: Vec<usize> = vec![128, 128],
    }
}

impl Config {
    /// What a table says, after a check of its ranges.
    pub(super) fn checked(table: &Table, interface: &Interface) -> Result<Self> {
        let mut c = Self::from_table(NAME, table)?;
        c.stream.settle(interface);
        c.stream.check(&c.hidden, interface)?;
        check("kappa", c.kappa, "above 0", c.kappa > 0.0)?;
        Ok(c)
    }

    fn parts(table: &Table, interface: &Interface) -> Result<(Self, Parts<StreamTd>)> {
        let c = Self::checked(table, interface)?;
        let network = c.stream.network("value", &c.hidden, 1, c.kappa, true, interface)?;
        // Nothing acts.
        let acting = (0, Head::Policy(Distribution::Categorical { nvec: Vec::new() }));
        let algorithm = StreamTd { gamma: c.stream.gamma };
        Ok((c, Parts { networks: vec![network], algorithm, acting }))
    }
}

/// The algorithm without its network.
#[derive(Debug)]
pub(crate) struct StreamTd {
    /// Discount factor.
    pub gamma: f32,
}

impl Algorithm for StreamTd {
    fn act(&mut self, _step: u64, _outputs: &[Vec<f32>], _mask: Option<&[u32]>, _action: &mut [u32]) {}

    fn judge(&mut self, transition: &Transition<'_>, gradients: &mut [Vec<f32>]) -> Verdict {
        gradients[0][0] = -1.0;
        Verdict { delta: self.error(transition), value: transition.now[0][0], cut: false }
    }

    fn error(&self, t: &Transition<'_>) -> f32 {
        let ahead = if t.bootstraps { t.next[0][0] } else { 0.0 };
        t.reward + self.gamma * ahead - t.now[0][0]
    }
}
