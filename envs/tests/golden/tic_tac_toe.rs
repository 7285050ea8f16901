//! The rules of TicTacToe-v0, written a second time on boards of cells: every move in every position that the agent can
//! meet, and the value of the best play by exhaustive search, which the environment must pay out.

use std::collections::{BTreeMap, HashMap};

use libtest_mimic::{Failed, Trial};
use shadergym_envs::{AutoresetMode, BatchOptions, Device, ids, make_with};

use crate::bare;

const ID: &str = "TicTacToe-v0";
/// Times that each move is made in each position.
const REPEATS: usize = 8;
/// Games that are played by the best moves, from either start.
const GAMES: usize = 20_000;
/// Allowed deviation of counts and means in standard errors.
const SIGMAS: f64 = 6.0;

/// Rows from the top: 0 free, 1 the agent's mark, 2 the opponent's.
type Board = [u8; 9];

pub fn trials(gpu: bool) -> Vec<Trial> {
    if !ids().any(|id| id == ID) {
        return Vec::new();
    }
    let mut trials = Vec::new();
    for (label, device) in [("cpu", Device::Cpu), ("gpu", Device::Gpu(None))] {
        for (name, test) in [("every_move", every_move as fn(&Device) -> Result<(), Failed>), ("best_play", best_play)]
        {
            let device = device.clone();
            let trial = Trial::test(format!("tic_tac_toe::{name}::{label}"), move || test(&device));
            trials.push(trial.with_ignored_flag(label == "gpu" && !gpu));
        }
    }
    trials
}

fn wins(board: &Board, player: u8) -> bool {
    let of = |x: usize, y: usize| board[y * 3 + x] == player;
    (0..3).any(|i| (0..3).all(|j| of(i, j)) || (0..3).all(|j| of(j, i)))
        || (0..3).all(|i| of(i, i))
        || (0..3).all(|i| of(2 - i, i))
}

fn free(board: &Board) -> Vec<usize> {
    (0..9).filter(|&i| board[i] == 0).collect()
}

fn with(mut board: Board, cell: usize, player: u8) -> Board {
    board[cell] = player;
    board
}

/// What may follow a move: reward, end and board, each with the same probability.
fn follow(board: &Board, cell: usize) -> Vec<(f32, bool, Board)> {
    if board[cell] != 0 {
        return vec![(-1.0, true, *board)];
    }
    let moved = with(*board, cell, 1);
    if wins(&moved, 1) {
        return vec![(1.0, true, moved)];
    }
    let answers = free(&moved);
    if answers.is_empty() {
        return vec![(0.0, true, moved)];
    }
    let after = |&answer: &usize| {
        let board = with(moved, answer, 2);
        let lost = wins(&board, 2);
        (if lost { -1.0 } else { 0.0 }, lost || free(&board).is_empty(), board)
    };
    answers.iter().map(after).collect()
}

/// All positions in which the agent may have to move, by their words.
fn positions() -> BTreeMap<[u32; 2], Board> {
    let mut found = BTreeMap::new();
    let mut todo = vec![[0; 9]];
    todo.extend((0..9).map(|cell| with([0; 9], cell, 2)));
    while let Some(board) = todo.pop() {
        if found.insert(words(&board), board).is_none() {
            let next = free(&board).into_iter().flat_map(|cell| follow(&board, cell));
            todo.extend(next.filter(|(_, ended, _)| !ended).map(|(.., board)| board));
        }
    }
    found
}

/// The state of a board: the agent's marks, the opponent's.
fn words(board: &Board) -> [u32; 2] {
    [1, 2].map(|player| (0..9).map(|i| u32::from(board[i] == player) << i).sum())
}

fn every_move(device: &Device) -> Result<(), Failed> {
    let positions: Vec<Board> = positions().into_values().collect();
    let rows: Vec<(Board, usize)> =
        (0..REPEATS).flat_map(|_| positions.iter().flat_map(|b| (0..9).map(|cell| (*b, cell)))).collect();
    let mut batch = bare(ID, rows.len(), device, None);
    batch.reset(1)?;
    batch.set_state(.., &rows.iter().flat_map(|(board, _)| words(board)).collect::<Vec<_>>())?;
    let masks = batch.view().action_masks().ok_or("no masks")?;
    for ((board, _), &mask) in rows.iter().zip(masks) {
        let expected: u32 = free(board).iter().map(|cell| 1 << cell).sum();
        check(mask == expected, || format!("{board:?} has the mask {mask:#x}"))?;
    }
    let actions: Vec<u32> = rows.iter().map(|(_, cell)| *cell as u32).collect();
    let view = batch.step(&actions)?;
    let (rewards, ended) = (view.rewards().to_vec(), view.terminated().to_vec());
    let masks = view.action_masks().ok_or("no masks")?.to_vec();
    let observations = view.observations().words().to_vec();
    let after = batch.get_state(..)?;
    // By number of answers: how often the answer was the first, the second, ... of them.
    let mut answers = vec![vec![0u32; 9]; 9];
    for (i, (board, cell)) in rows.iter().enumerate() {
        let choices = follow(board, *cell);
        let got = [after[2 * i], after[2 * i + 1]];
        let rank = choices.iter().position(|(r, e, b)| (*r, *e, words(b)) == (rewards[i], ended[i], got));
        let told = || format!("{board:?}, move {cell}: {} {} {got:x?}", rewards[i], ended[i]);
        let rank = rank.ok_or_else(told)?;
        answers[choices.len()][rank] += 1;
        let board = choices[rank].2;
        let bit = |e: usize| u32::from(board[e / 2] == 1 + (e % 2) as u8) << e;
        check(observations[i] == (0..18).map(bit).sum::<u32>(), || {
            format!("{board:?} is seen as {:#x}", observations[i])
        })?;
        let over = [1, 2].iter().any(|&p| wins(&board, p)) || free(&board).is_empty();
        let legal: u32 = (0..9).filter(|&c| over || board[c] == 0).map(|c| 1 << c).sum();
        check(masks[i] == legal, || format!("{board:?} has the mask {:#x}", masks[i]))?;
    }
    for (n, counts) in answers.iter().enumerate().skip(2) {
        let (total, chance) = (f64::from(counts.iter().sum::<u32>()), 1.0 / n as f64);
        let error = (total * chance * (1.0 - chance)).sqrt();
        for (rank, &count) in counts[..n].iter().enumerate() {
            let off = (f64::from(count) - total * chance).abs();
            check(off <= SIGMAS * error, || format!("answer {rank} of {n} was given {count} times of {total}"))?;
        }
    }
    Ok(())
}

/// Value and best move of every position that is reached from this one.
fn search(board: Board, known: &mut HashMap<Board, (f64, usize)>) -> f64 {
    if let Some((value, _)) = known.get(&board) {
        return *value;
    }
    let mut best = (f64::NEG_INFINITY, 0);
    for cell in free(&board) {
        let choices = follow(&board, cell);
        let sum: f64 = choices.iter().map(|(r, ended, b)| if *ended { f64::from(*r) } else { search(*b, known) }).sum();
        let value = sum / choices.len() as f64;
        if value > best.0 {
            best = (value, cell);
        }
    }
    known.insert(board, best);
    best.0
}

fn best_play(device: &Device) -> Result<(), Failed> {
    let mut known = HashMap::new();
    let moves_first = search([0; 9], &mut known);
    let moves_second = (0..9).map(|cell| search(with([0; 9], cell, 2), &mut known)).sum::<f64>() / 9.0;
    let policy: HashMap<[u32; 2], u32> = known.iter().map(|(b, (_, cell))| (words(b), *cell as u32)).collect();
    let mut threshold = 0.0;
    for (opponent_first, value) in [(0.0f32, moves_first), (1.0, moves_second)] {
        let options = BatchOptions::new(GAMES).device(device.clone()).autoreset_mode(AutoresetMode::NextStep);
        let mut batch = make_with(ID, &options)?;
        let params = batch.default_params().with("opponent_first", opponent_first)?;
        batch.set_params(.., &params)?;
        batch.reset(5)?;
        let mut results = vec![None; GAMES];
        for _ in 0..5 {
            let states = batch.get_state(..)?;
            let choose = |state: &[u32]| policy.get(&[state[0], state[1]]).copied().unwrap_or(0);
            let actions: Vec<u32> = states.chunks_exact(2).map(choose).collect();
            let view = batch.step(&actions)?;
            for i in view.ended_instances() {
                results[i].get_or_insert(f64::from(view.rewards()[i]));
            }
        }
        let results: Vec<f64> = results.into_iter().collect::<Option<_>>().ok_or("a game of more than five moves")?;
        let n = GAMES as f64;
        let mean = results.iter().sum::<f64>() / n;
        let error = (results.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / n / n).sqrt();
        let told = || format!("opponent first {opponent_first}: the best play gives {mean}, it is worth {value}");
        check((mean - value).abs() <= SIGMAS * error, told)?;
        threshold += value / 2.0;
    }
    // What the file says of the best play, to three places.
    let facts = shadergym_envs::spec(ID)?;
    for value in [moves_first, moves_second] {
        check(facts.section("Reward").contains(&format!("{value:.3}")), || format!("the docs do not say {value}"))?;
    }
    let claimed = facts.reward_threshold.ok_or("no threshold")?;
    check(f64::from(claimed) < threshold, || format!("{claimed} is out of reach, the best play gives {threshold}"))
}

fn check(holds: bool, text: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(text().into()) }
}
