//! `shadergym watch`: a trained policy at play.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use shadergym_envs::{Device, Error as EnvsError, Image};

use super::bar::{catch_signals, interrupted};
use super::output::{Done, Failure, digits, grouped};
use super::target;
use crate::train::{FPS, Player, Trained, animation, replace};

/// Show a trained policy at play, as an animated GIF or in the terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  shadergym watch runs/cart_pole-ppo-0-1                      writes watch.gif
  shadergym watch runs/cart_pole-ppo-0-1 -o cart_pole.gif --episodes 3
  shadergym watch policy.safetensors --terminal               in colour, two pixels per character")]
pub struct Args {
    /// Folder of a run, a policy or a checkpoint
    path: PathBuf,
    /// File to write, .gif; an existing one is replaced
    #[arg(short, long, value_name = "FILE", default_value = "watch.gif", conflicts_with = "terminal")]
    output: PathBuf,
    /// Number of episodes
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = target::positive)]
    episodes: usize,
    /// Most pictures
    #[arg(long, default_value_t = 2000, allow_negative_numbers = true, value_parser = target::positive)]
    frames: usize,
    /// Play in the terminal
    #[arg(long)]
    terminal: bool,
    /// Width in pixels; default: 320, in the terminal 64
    #[arg(long, allow_negative_numbers = true, value_parser = width)]
    width: Option<usize>,
    /// Seed of the episodes
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Draw actions with the policy's probabilities instead of taking the best
    #[arg(long)]
    stochastic: bool,
    /// Another environment with the same observations and actions
    #[arg(long)]
    env: Option<String>,
    /// auto, cpu, gpu, gpu:<index> or gpu:<part of the name>
    #[arg(long, default_value = "auto", value_parser = target::device)]
    device: Device,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    if !args.terminal && args.output.extension().is_none_or(|e| !e.eq_ignore_ascii_case("gif")) {
        return Err(Failure::Usage(format!("the output `{}` must end in .gif", args.output.display())));
    }
    catch_signals()?;
    let mut trained = Trained::load(&args.path, args.env.as_deref())?;
    trained.config.device = args.device.clone();
    let setup = trained.setup();
    let Some(aspect) = setup.facts.pixel_aspect else {
        return Err(EnvsError::NotRenderable { id: setup.facts.id.clone() }.into());
    };
    let mut player = Player::new(&setup, 1, args.seed, "watch", !args.stochastic)?;
    if args.terminal {
        return play(args, &mut player, &trained, aspect, out);
    }
    let width = args.width.unwrap_or(320);
    let gif = animation(&mut player, &trained.policy, aspect, width, args.episodes, args.frames)?;
    replace(&args.output, |file| file.write_all(&gif))?;
    let (shown, bytes) = (args.output.display(), grouped(gif.len() as u64));
    writeln!(out, "wrote {shown}: {} on {}, {bytes} bytes", trained.config.agent, setup.facts.id)?;
    Ok(())
}

/// Pictures one over the other, at the speed of the GIF on a terminal and as they come elsewhere.
fn play(args: &Args, player: &mut Player, trained: &Trained, aspect: f32, out: &mut dyn Write) -> Done {
    let width = args.width.unwrap_or(64);
    // Two rows of pixels per line.
    let height = (((width as f32 / aspect) / 2.0).round() as usize).clamp(4, 2048) * 2;
    let paced = std::io::stdout().is_terminal();
    let mut left = args.episodes;
    for frame in 0..args.frames {
        let start = Instant::now();
        let mut ended = None;
        if frame > 0 {
            player.step(&trained.policy)?;
            ended = player.ended().pop();
            write!(out, "\x1b[{}A", height / 2)?;
        }
        let image = player.batch().render(0, width, height)?;
        out.write_all(blocks(&image).as_bytes())?;
        out.flush()?;
        if let Some((_, episode)) = ended {
            left -= 1;
            if left == 0 || paced {
                writeln!(out, "return {} in {} steps", digits(episode.episode_return.into()), episode.length)?;
            }
        }
        if left == 0 || interrupted() {
            break;
        }
        if paced {
            std::thread::sleep(Duration::from_secs(1).div_f32(FPS.into()).saturating_sub(start.elapsed()));
        }
    }
    Ok(())
}

/// A picture as lines of half blocks: the upper pixel is the foreground, the lower one the background.
fn blocks(image: &Image) -> String {
    let mut text = String::new();
    let row = |y: usize| image.rgb[3 * image.width * y..3 * image.width * (y + 1)].as_chunks::<3>().0;
    for y in (0..image.height).step_by(2) {
        let mut last = None;
        for (upper, lower) in row(y).iter().zip(row(y + 1)) {
            if last != Some((upper, lower)) {
                let ([r, g, b], [x, y, z]) = (upper, lower);
                text += &format!("\x1b[38;2;{r};{g};{b};48;2;{x};{y};{z}m");
                last = Some((upper, lower));
            }
            text.push('▀');
        }
        text += "\x1b[0m\n";
    }
    text
}

fn width(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(width @ 16..=4096) => Ok(width),
        _ => Err("allowed is a whole number of pixels, 16 to 4096".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pixels_share_a_character() {
        let image = Image { width: 2, height: 2, rgb: vec![1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6] };
        assert_eq!(blocks(&image), "\x1b[38;2;1;2;3;48;2;4;5;6m▀▀\x1b[0m\n");
    }
}
