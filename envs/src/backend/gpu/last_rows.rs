//! Reading a step back. Under SAME_STEP its last observations are a region as large as that of the observations, of which
//! only the rows of instances that ended mean anything: mostly few, often none. Then the rest of the outputs is read first.

use super::*;

/// What one more submission costs, as bytes read back.
const SUBMISSION_BYTES: usize = 256 << 10;
/// What one more copy within a submission costs likewise.
const COPY_BYTES: usize = 4 << 10;

impl GpuBackend {
    /// Lets `encode` record a step, if there is one to make, and takes over what the newest step left in the outputs.
    pub(super) fn read_step(
        &mut self,
        encode: impl FnOnce(&Self, &mut wgpu::CommandEncoder),
        out: &mut Outputs,
    ) -> Result<()> {
        let outputs = self.outputs.clone();
        let apart = self.few_end;
        let len = if apart { self.regions.last.start } else { self.regions.step().len() };
        self.run_and_read(&[Piece { buffer: &outputs, start: 0, len }], encode, |backend, words| {
            if any_cut(&words[backend.regions.last_flags()]) {
                return Err(backend.cut("a step"));
            }
            backend.regions.unpack(words, &backend.facts, 0, None, out);
            backend.regions.unpack_totals(words, &backend.facts, out);
            Ok(())
        })??;
        if self.regions.last.is_empty() {
            return Ok(());
        }
        let ended: Vec<usize> = (0..self.n).filter(|&i| out.terminated[i] | out.truncated[i]).collect();
        let runs = runs(&ended);
        let row_bytes = 4 * (self.facts.observation_words() + self.facts.global_words());
        let (whole, rows) = (self.n * row_bytes, runs.len() * COPY_BYTES + ended.len() * row_bytes);
        // As many will end in the next step as in this one, more or less.
        self.few_end = SUBMISSION_BYTES + rows < whole;
        match apart && !ended.is_empty() {
            true if rows < whole => self.read_last_rows(&outputs, &runs, out),
            true => self.read_last_rows(&outputs, &[(0, 0, self.n)], out),
            false => Ok(()),
        }
    }

    /// Reads the rows of instances in runs and takes over those of instances that ended.
    fn read_last_rows(
        &mut self,
        outputs: &wgpu::Buffer,
        runs: &[(usize, usize, usize)],
        out: &mut Outputs,
    ) -> Result<()> {
        let parts = [
            (self.regions.last.start, self.facts.observation_words()),
            (self.regions.last_global.start, self.facts.global_words()),
        ];
        let of_run = |&(first, _, len): &(usize, usize, usize)| {
            parts.map(|(start, width)| Piece { buffer: outputs, start: start + first * width, len: len * width })
        };
        let pieces: Vec<Piece<'_>> = runs.iter().flat_map(of_run).filter(|piece| piece.len > 0).collect();
        self.run_and_read(
            &pieces,
            |_, _| {},
            |_, mut words| {
                for &(first, _, len) in runs {
                    let targets = [&mut out.final_observations, &mut out.final_global_states];
                    for (to, (_, width)) in targets.into_iter().zip(parts) {
                        let (rows, rest) = words.split_at(len * width);
                        words = rest;
                        for i in (first..first + len).filter(|&i| out.terminated[i] | out.truncated[i]) {
                            to[i * width..][..width].copy_from_slice(&rows[(i - first) * width..][..width]);
                        }
                    }
                }
            },
        )
    }
}
