//! Which network acts for which row.

/// Which network acts for which agent of an instance. Rows are agents of instances, those of an instance side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowMap {
    of_agents: Vec<usize>,
}

impl RowMap {
    /// One network for all agents.
    pub fn shared(agents: usize) -> Self {
        Self { of_agents: vec![0; agents] }
    }

    /// The number of each agent's network; agents with the same number share one.
    ///
    /// # Panics
    /// If there is no agent, or a number between is left out.
    pub fn of_agents(of_agents: Vec<usize>) -> Self {
        let map = Self { of_agents };
        assert!((0..map.networks()).all(|network| map.of_agents.contains(&network)), "{:?}", map.of_agents);
        map
    }

    /// Number of networks.
    pub fn networks(&self) -> usize {
        self.of_agents.iter().max().expect("an environment has an agent") + 1
    }

    /// The network of a row.
    pub fn network(&self, row: usize) -> usize {
        self.of_agents[row % self.of_agents.len()]
    }

    /// Which of `rows` rows are those of a network, ascending.
    pub fn rows_of(&self, network: usize, rows: usize) -> Vec<usize> {
        (0..rows).filter(|&row| self.network(row) == network).collect()
    }
}
