//! Streams that were made one by one, side by side; and those among them that diverge.

use super::{Algorithm, Core, Sums, put};
use crate::error::Error;
use crate::streaming::learner::{Learner, Lesson};

impl<A: Algorithm> Core<A> {
    /// Whether one stream can go beside another: the same networks, the same work in a step, and as far in their runs.
    pub fn goes_with(&self, other: &Self) -> bool {
        let (a, b) = (&self.members[0].options, &other.members[0].options);
        let alone = self.abreast == 1 && other.abreast == 1;
        let nets = self.nets.iter().zip(&other.nets);
        alone
            && (self.name, self.steps, a.overshoot) == (other.name, other.steps, b.overshoot)
            && self.nets.len() == other.nets.len()
            && nets.into_iter().all(|(a, b)| a.learner.goes_with(&b.learner))
    }

    /// Puts streams that go with the first one side by side; [`Self::ready`] follows where episodes have begun.
    ///
    /// # Panics
    /// If they do not, or if there are none or too many.
    pub fn merge(streams: Vec<Self>) -> Self {
        assert!(streams[1..].iter().all(|stream| streams[0].goes_with(stream)), "streams of one kind");
        let mut nets = streams[0].nets.clone();
        for (k, net) in nets.iter_mut().enumerate() {
            let learners: Vec<&Learner> = streams.iter().map(|stream| &stream.nets[k].learner).collect();
            net.learner = Learner::merge(&learners);
            (net.now, net.next) = (net.learner.pass(), net.learner.pass());
            net.probe = net.probe.is_some().then(|| net.learner.pass());
        }
        let (name, steps, abreast) = (streams[0].name, streams[0].steps, Learner::ABREAST);
        let members: Vec<_> = streams.into_iter().flat_map(|stream| stream.members).collect();
        for (index, member) in members.iter().enumerate() {
            nets.iter_mut().for_each(|net| put(&member.input, &mut net.now, index, abreast));
        }
        Self { name, nets, members, abreast, lessons: vec![Lesson::default(); abreast], steps }
    }

    /// A member whose step that is due is no number, and its error.
    pub fn diverged(&self) -> Option<(usize, Error)> {
        let mut changes = self.nets.iter().flat_map(|net| net.learner.change().iter().enumerate());
        let bad = changes.find(|(member, change)| !change.is_finite() && !self.members[*member].left);
        bad.map(|(member, change)| (member, self.bad("the step", *change)))
    }

    /// A member takes part no more: what it computes from now on is nothing, and nobody's.
    pub fn leave(&mut self, member: usize) {
        self.members[member].left = true;
    }

    /// What was summed for a member since it was last asked.
    pub fn take_sums(&mut self, member: usize) -> Sums {
        std::mem::take(&mut self.members[member].sums)
    }
}
