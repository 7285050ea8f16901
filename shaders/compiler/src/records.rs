//! The kernel's records: their words, in the order of their declaration, for those who move and read them.

use naga::Module;

use crate::facts::{Facts, Finished, Kind, Totals};
use crate::words::{Word, from_bits, to_bits, type_words};

/// Words of the kernel's records, in memory order: what its glue moves and what the hosts read.
pub(crate) struct Records {
    /// `KernelEpisode`.
    pub episode: Vec<Word>,
    /// Of `KernelTotals` what adds up over dispatches.
    pub sums: Vec<Word>,
    /// Of `KernelTotals` what it holds of the newest finished episode.
    pub finished: Vec<Word>,
}

/// The kernel's records, linked with an environment.
pub(crate) fn records(module: &Module) -> Records {
    let words = |name: &str| {
        let record = module.types.iter().find(|(_, t)| t.name.as_deref() == Some(name));
        record.map(|(ty, _)| type_words(module, ty)).unwrap_or_default()
    };
    // What is told of a single transition belongs to neither.
    let told = |path: &str| path.starts_with(".info[") || path.starts_with(".done[");
    let totals = words("KernelTotals").into_iter().filter(|(path, _)| !told(path));
    let (finished, sums) = totals.partition(|(path, _)| path.starts_with(".finished_"));
    Records { episode: words("KernelEpisode"), sums, finished }
}

/// Index of the first word of a member; where the record has none, of what it would begin with.
fn first(words: &[Word], member: &str) -> usize {
    let of_member =
        |path: &str| path.strip_prefix(member).is_some_and(|rest| rest.is_empty() || !rest.starts_with('_'));
    words.iter().position(|(path, _)| of_member(path)).unwrap_or(words.len())
}

impl Records {
    /// Takes over into the facts where the hosts find what they read.
    pub fn locate(&self, facts: &mut Facts) {
        facts.episode_words = self.episode.len();
        facts.elapsed_word = first(&self.episode, ".elapsed");
        facts.totals = Totals {
            words: self.sums.len(),
            transitions: first(&self.sums, ".transitions"),
            episodes: first(&self.sums, ".episodes"),
            length_sum: first(&self.sums, ".length_sum"),
            return_sum: first(&self.sums, ".return_sum"),
            info_sum: first(&self.sums, ".info_sum"),
        };
        facts.finished = Finished {
            words: self.finished.len(),
            length: first(&self.finished, ".finished_length"),
            returns: first(&self.finished, ".finished_return"),
            infos: first(&self.finished, ".finished_info"),
        };
    }

    /// The WGSL that moves `KernelTotals` to and from the outputs: what adds up over dispatches, and what an episode ended with.
    pub fn moves(&self) -> String {
        let each = |words: &[Word], text: &dyn Fn(usize, &str, Kind) -> String| {
            words
                .iter()
                .enumerate()
                .map(|(w, (path, kind))| format!("    {}\n", text(w, path, *kind)))
                .collect::<String>()
        };
        let load = |w: usize, path: &str, kind: Kind| {
            format!("(*v){path} = {};", from_bits(kind, &format!("kernel_outputs[at + {w}u]")))
        };
        let store = |w: usize, path: &str, kind: Kind| {
            format!("kernel_outputs[at + {w}u] = {};", to_bits(kind, &format!("(*v){path}")))
        };
        let arguments = "(at: u32, v: ptr<function, KernelTotals>)";
        format!(
            "fn kernel_load_sums{arguments} {{\n{}}}\nfn kernel_store_sums{arguments} {{\n{}}}\nfn kernel_store_finished{arguments} {{\n{}}}\n",
            each(&self.sums, &load),
            each(&self.sums, &store),
            each(&self.finished, &store)
        )
    }
}
