//! What the compiler knows of an environment: everything that the rest of the project derives from its file.

use serde::{Deserialize, Serialize};

/// Kind of a 32-bit word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 32-bit float.
    F32,
    /// 32-bit unsigned integer.
    U32,
    /// 32-bit signed integer.
    I32,
}

/// One documented member of a struct, down to scalars and arrays of scalars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Path inside the struct: `x`, `bodies[0].angle`.
    pub name: String,
    /// Kind of every word of it.
    pub kind: Kind,
    /// Array and vector dimensions; empty for a scalar.
    pub shape: Vec<usize>,
    /// First word.
    pub offset: usize,
    /// Unit, `1` for a pure number.
    pub unit: String,
    /// Meaning.
    pub doc: String,
}

impl Field {
    /// Number of words.
    pub fn words(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A struct as a row of 32-bit words without padding.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Layout {
    /// Number of words.
    pub words: usize,
    /// The members in word order.
    pub fields: Vec<Field>,
}

impl Layout {
    /// Words up to which a struct or an array is copied; larger ones stay in the memory of their instance.
    pub const LARGE_WORDS: usize = 64;

    /// Whether it stays in memory.
    pub fn is_large(&self) -> bool {
        self.words > Self::LARGE_WORDS
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// The kind of each word.
    pub fn kinds(&self) -> Vec<Kind> {
        self.fields.iter().flat_map(|f| std::iter::repeat_n(f.kind, f.words())).collect()
    }
}

/// The action space of one agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ActionSpace {
    /// One of `n` actions, 0 to n-1.
    Discrete {
        /// Number of actions.
        n: u32,
    },
    /// Several discrete choices at once.
    MultiDiscrete {
        /// Number of actions of each choice.
        nvec: Vec<u32>,
    },
    /// Real numbers within bounds.
    Box {
        /// Lowest value of each element.
        low: Vec<f32>,
        /// Highest value of each element.
        high: Vec<f32>,
    },
}

impl ActionSpace {
    /// 32-bit words of one agent's action.
    pub fn words(&self) -> usize {
        match self {
            Self::Discrete { .. } => 1,
            Self::MultiDiscrete { nvec } => nvec.len(),
            Self::Box { low, .. } => low.len(),
        }
    }

    /// Bits of one agent's mask of legal actions: one for each action, those of several choices one after the other.
    /// 0 for real numbers, which have no masks.
    pub fn mask_bits(&self) -> usize {
        match self {
            Self::Discrete { n } => *n as usize,
            Self::MultiDiscrete { nvec } => nvec.iter().fold(0, |sum: usize, &n| sum.saturating_add(n as usize)),
            Self::Box { .. } => 0,
        }
    }

    /// The same in 32-bit words; bit b lies at bit b % 32 of word b / 32.
    pub fn mask_words(&self) -> usize {
        self.mask_bits().div_ceil(32)
    }
}

/// How observations lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// One `f32` per element.
    F32,
    /// Four elements of 8 bits per word, the first in the lowest bits.
    U8,
    /// Thirty-two elements of one bit per word, the first in the lowest bit.
    Bit,
}

/// The observation space of one agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObservationSpace {
    /// Memory layout.
    pub encoding: Encoding,
    /// Logical shape, row-major.
    pub shape: Vec<usize>,
    /// 32-bit words of one observation.
    pub words: usize,
    /// Lowest value of each element; -f32::MAX means unbounded.
    pub low: Vec<f32>,
    /// Highest value of each element; f32::MAX means unbounded.
    pub high: Vec<f32>,
    /// The documented members, if the observation is a struct.
    pub fields: Vec<Field>,
    /// Docs of the whole.
    pub doc: String,
}

impl ObservationSpace {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// One section of the module docs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Heading, without `#`.
    pub heading: String,
    /// Text, lines joined by `\n`.
    pub text: String,
}

/// Everything reflected from one environment file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Public id, e.g. `CartPole-v1` or `MinAtar/Breakout-v1`.
    pub id: String,
    /// File stem, e.g. `cart_pole`: names the golden file, the bench case and the docs anchor.
    pub stem: String,
    /// Folder, e.g. `classic_control`; empty for a file of a user's own.
    pub family: String,
    /// First sentence of the docs.
    pub summary: String,
    /// The rest of the docs.
    pub sections: Vec<Section>,
    /// Default time limit in steps, 0 = none.
    pub max_episode_steps: u32,
    /// Mean return at which the task counts as solved.
    pub reward_threshold: Option<f32>,
    /// Default probability of the kernel's sticky actions.
    pub sticky_action_probability: f32,
    /// Agents per instance.
    pub agents: usize,
    /// Width over height of the picture; None if the file has no `pixel`.
    pub pixel_aspect: Option<f32>,
    /// The task.
    pub params: Layout,
    /// Default parameters, as raw words.
    pub default_params: Vec<u32>,
    /// Lowest and highest parameters, as raw words.
    pub params_bounds: (Vec<u32>, Vec<u32>),
    /// State of one instance.
    pub state: Layout,
    /// Action space of one agent.
    pub action: ActionSpace,
    /// Docs of the action.
    pub action_doc: String,
    /// Whether the file says which actions are legal (`action_mask`).
    pub action_mask: bool,
    /// Observation space of one agent.
    pub observation: ObservationSpace,
    /// What every transition tells beside observation and reward (`Outcome.info`); None if the file has no `Info`.
    pub info: Option<Layout>,
    /// Whether the environment itself cuts episodes (`Outcome.truncated`), not the time limit alone.
    pub truncates: bool,
    /// Whether agents may be out of the game while the episode goes on (`Outcome.done`).
    pub agent_done: bool,
    /// No float in state or observation: CPU and GPU must agree bitwise.
    pub integer: bool,
    /// Words of the kernel's bookkeeping per instance.
    pub episode_words: usize,
    /// Words per instance that the GPU needs beside episode, state and parameters: large local variables.
    pub scratch_words: usize,
}

impl Facts {
    /// The text of a section, empty if there is none.
    pub fn section(&self, heading: &str) -> &str {
        self.sections.iter().find(|s| s.heading == heading).map_or("", |s| &s.text)
    }

    /// Words of all agents' actions of one instance.
    pub fn action_words(&self) -> usize {
        self.agents * self.action.words()
    }

    /// Words of all agents' masks of legal actions of one instance; 0 if the file has no `action_mask`.
    pub fn mask_words(&self) -> usize {
        if self.action_mask { self.agents * self.action.mask_words() } else { 0 }
    }

    /// Where the kernel's bookkeeping of an instance holds the transitions since the start of the episode.
    pub fn elapsed_word(&self) -> usize {
        4 + self.action_words()
    }

    /// Words of what the kernel tells of an instance's newest finished episode: length, returns, sums of infos.
    pub fn finished_words(&self) -> usize {
        1 + self.agents + self.info_words()
    }

    /// Words of an instance's sums over a rollout: transitions, episodes, lengths, and of two words each returns and infos.
    pub fn totals_words(&self) -> usize {
        3 + 2 * (self.agents + self.info_words())
    }

    /// Words of one transition's info; 0 if the file has no `Info`.
    pub fn info_words(&self) -> usize {
        self.info.as_ref().map_or(0, |info| info.words)
    }

    /// The infos as figures for tables and curves: name, and the words whose mean it is. What is told per agent is the mean
    /// over agents, other elements are figures of their own, `name[2]`.
    pub fn info_scalars(&self) -> Vec<(String, Vec<usize>)> {
        let mut scalars = Vec::new();
        for field in self.info.iter().flat_map(|info| &info.fields) {
            let per_agent = self.agents > 1 && field.shape.first() == Some(&self.agents);
            let count = if per_agent { field.words() / self.agents } else { field.words() };
            for element in 0..count {
                let words = (field.offset + element..field.offset + field.words()).step_by(count).collect();
                let name = if count > 1 { format!("{}[{element}]", field.name) } else { field.name.clone() };
                scalars.push((name, words));
            }
        }
        scalars
    }

    /// Words of the bits that say which agents are out of the game; 0 if the file does not.
    pub fn done_words(&self) -> usize {
        if self.agent_done { self.agents.div_ceil(32) } else { 0 }
    }

    /// Words of all agents' observations of one instance.
    pub fn observation_words(&self) -> usize {
        self.agents * self.observation.words
    }
}
