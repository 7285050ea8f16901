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

/// How the elements of a part of an observation lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// One `f32` per element.
    F32,
    /// Four elements of 8 bits per word, the first in the lowest bits.
    U8,
    /// Thirty-two elements of one bit per word, the first in the lowest bit.
    Bit,
    /// One `u32` per element, a number from 0 below its count.
    Count,
}

/// One part of an observation: an array of its own shape, type and bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObservationPart {
    /// Name of the member of `Observation`; empty where the observation is one thing.
    pub name: String,
    /// Memory layout.
    pub encoding: Encoding,
    /// Logical shape, row-major; empty for a single whole number.
    pub shape: Vec<usize>,
    /// First 32-bit word in the observation.
    pub offset: usize,
    /// 32-bit words.
    pub words: usize,
    /// Lowest value of each element; -f32::MAX means unbounded.
    pub low: Vec<f32>,
    /// Highest value of each element; f32::MAX means unbounded.
    pub high: Vec<f32>,
    /// Number of values of each element, if they are whole numbers that count something ([`Encoding::Count`]).
    pub counts: Vec<u32>,
    /// The documented members, if it is a struct.
    pub fields: Vec<Field>,
    /// Docs of the whole.
    pub doc: String,
}

impl ObservationPart {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Number of elements that a learner sees: a whole number with n values is n zeros and ones, of which one is 1.
    pub fn flat_elements(&self) -> usize {
        match self.encoding {
            Encoding::Count => self.counts.iter().map(|&n| n as usize).sum(),
            _ => self.elements(),
        }
    }
}

/// The observation space of one agent, or that of the global state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObservationSpace {
    /// 32-bit words of one observation.
    pub words: usize,
    /// The parts in word order: one without a name, or the members of a struct of several.
    pub parts: Vec<ObservationPart>,
}

impl ObservationSpace {
    /// The observation as one array; None if it has several parts.
    pub fn single(&self) -> Option<&ObservationPart> {
        self.parts.first().filter(|part| part.name.is_empty())
    }

    /// The kind of each word; packed elements and counts are u32.
    pub fn kinds(&self) -> Vec<Kind> {
        let kind = |encoding| if encoding == Encoding::F32 { Kind::F32 } else { Kind::U32 };
        self.parts.iter().flat_map(|part| std::iter::repeat_n(kind(part.encoding), part.words)).collect()
    }

    /// The only part, if its elements in memory are what learners take: no whole numbers, no further parts.
    fn as_is(&self) -> Option<&ObservationPart> {
        self.single().filter(|part| part.encoding != Encoding::Count)
    }

    /// Number of elements of an observation flattened for a learner: part after part, whole numbers as zeros and ones.
    pub fn flat_elements(&self) -> usize {
        self.parts.iter().map(ObservationPart::flat_elements).sum()
    }

    /// How a flattened observation lies in memory: as it is, or as floats where something has to be spread out.
    pub fn flat_encoding(&self) -> Encoding {
        self.as_is().map_or(Encoding::F32, |part| part.encoding)
    }

    /// 32-bit words of a flattened observation.
    pub fn flat_words(&self) -> usize {
        if self.as_is().is_some() { self.words } else { self.flat_elements() }
    }

    /// Whether an observation is its own flattened form.
    pub fn is_flat(&self) -> bool {
        self.as_is().is_some()
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
    /// File stem, e.g. `cart_pole`: names the golden file and the presets.
    pub stem: String,
    /// The file's own id, if this is a variant that the file lists.
    pub variant_of: Option<String>,
    /// Ids of the variants that the file lists.
    pub variants: Vec<String>,
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
    /// Whether the file says which actions are legal (`action_mask`, or AGENT_ACTION_COUNTS).
    pub action_mask: bool,
    /// Observation space of one agent.
    pub observation: ObservationSpace,
    /// What is to be known of the whole state, for central critics (`global_state`); None if the file does not say.
    pub global_state: Option<ObservationSpace>,
    /// Elements of each agent's observations, the rest of the common shape being 0; empty if all have all.
    pub agent_observations: Vec<usize>,
    /// Number of each agent's actions, at most that of the common space; empty if all have all.
    pub agent_actions: Vec<u32>,
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
    /// Which of them counts the transitions since the start of the episode.
    pub elapsed_word: usize,
    /// Sums over a rollout per instance, as the kernel on the GPU leaves them.
    pub totals: Totals,
    /// What the kernel tells of an instance's newest finished episode, likewise.
    pub finished: Finished,
    /// Words per instance that the GPU needs beside episode, state and parameters: large local variables.
    pub scratch_words: usize,
}

/// Where a row of sums over a rollout has what, in words: members of the kernel's `KernelTotals` in its order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Words of a row.
    pub words: usize,
    /// Transitions made.
    pub transitions: usize,
    /// Episodes finished.
    pub episodes: usize,
    /// Sum of their lengths.
    pub length_sum: usize,
    /// Sums of their returns, two words (value and rest) per agent.
    pub return_sum: usize,
    /// Sums of their infos, two words each.
    pub info_sum: usize,
}

/// Where a row of the newest finished episode has what, in words: members of the kernel's `KernelTotals` in its order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Words of a row.
    pub words: usize,
    /// Its length.
    pub length: usize,
    /// Returns, one word per agent.
    pub returns: usize,
    /// Sums of infos, one word each.
    pub infos: usize,
}

impl Facts {
    /// The text of a section, empty if there is none.
    pub fn section(&self, heading: &str) -> &str {
        self.sections.iter().find(|s| s.heading == heading).map_or("", |s| &s.text)
    }

    /// A name for files and tests: the stem, and of a variant its id behind it.
    pub fn slug(&self) -> String {
        match &self.variant_of {
            None => self.stem.clone(),
            Some(_) => {
                let id: String = self.id.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
                format!("{}.{id}", self.stem)
            }
        }
    }

    /// Words of all agents' actions of one instance.
    pub fn action_words(&self) -> usize {
        self.agents * self.action.words()
    }

    /// Words of all agents' masks of legal actions of one instance; 0 if the file has no `action_mask`.
    pub fn mask_words(&self) -> usize {
        if self.action_mask { self.agents * self.action.mask_words() } else { 0 }
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

    /// Words of the global state; 0 if the file has none.
    pub fn global_words(&self) -> usize {
        self.global_state.as_ref().map_or(0, |space| space.words)
    }

    /// Words of all agents' observations of one instance.
    pub fn observation_words(&self) -> usize {
        self.agents * self.observation.words
    }
}
