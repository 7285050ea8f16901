//! `shadergym render`: random play as an animation, or one picture.

mod file;

use std::io::Write;
use std::path::PathBuf;

use shadergym_envs::{Batch, BatchOptions, Device, Error, Image};

use super::output::{Done, Failure, Progress, grouped};
use super::target::{self, Target};
use crate::animation::Animation;
use file::NewFile;

/// Draw random play as an animated GIF, or one moment of it as a PNG.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  shadergym render CartPole-v1 -o cart_pole.gif
  shadergym render MinAtar/Breakout-v1 -o breakout.gif --grid 2x4 --steps 300
  shadergym render Acrobot-v1 -o acrobot.png --steps 40
  shadergym render my_env.wgsl -o my_env.gif")]
pub struct Args {
    /// Id as in `shadergym list`, or a .wgsl file
    env: String,
    /// File to write, .gif or .png; an existing one is replaced
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Steps of random play; default: 200 for a GIF, 0 (the start) for a PNG
    #[arg(long, allow_negative_numbers = true)]
    steps: Option<usize>,
    /// Seed of the first instance; instance i has seed + i
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Width of the whole picture in pixels; the height follows from the environment
    #[arg(long, default_value_t = 480, allow_negative_numbers = true, value_parser = width)]
    width: usize,
    /// Instances in the batch; default: as many as are shown
    #[arg(long, allow_negative_numbers = true, value_parser = target::num_envs)]
    num_envs: Option<usize>,
    /// The instance to show, or the first one of the grid
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    instance: usize,
    /// Show several instances in rows and columns, e.g. 2x4
    #[arg(long, value_name = "RxC", default_value = "1x1", value_parser = grid)]
    grid: Grid,
    /// Pictures per second of a GIF, 1 to 50
    #[arg(long, default_value_t = 25, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=50))]
    fps: u16,
    /// auto, cpu, gpu, gpu:<index> or gpu:<part of the name>
    #[arg(long, default_value = "auto", value_parser = target::device)]
    device: Device,
}

/// Rows and columns of instances.
#[derive(Debug, Clone, Copy)]
struct Grid {
    rows: usize,
    columns: usize,
}

/// Pixels between the pictures of a grid.
const GAP: usize = 4;
const GAP_COLOUR: u8 = 255;

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let extension = args.output.extension().map(|e| e.to_string_lossy().to_lowercase());
    let animated = match extension.as_deref() {
        Some("gif") => true,
        Some("png") => false,
        _ => {
            let shown = args.output.display();
            return Err(Failure::Usage(format!("the output `{shown}` must end in .gif or .png")));
        }
    };
    let steps = args.steps.unwrap_or(if animated { 200 } else { 0 });
    let target = Target::find(&args.env)?;
    let Some(aspect) = target.facts().pixel_aspect else {
        return Err(Error::NotRenderable { id: target.facts().id.clone() }.into());
    };
    let shown = args.grid.rows * args.grid.columns;
    let last = args.instance.saturating_add(shown);
    let num_envs = args.num_envs.unwrap_or(last);
    if last > num_envs {
        return Err(Error::InvalidInstance { instance: last - 1, num_envs }.into());
    }
    let mut scene = Scene::new(args, num_envs, aspect)?;
    // Before any work is done, so that a path that cannot be written costs nothing.
    let mut file = NewFile::create(&args.output)?;
    let mut batch = target.make(&BatchOptions::new(num_envs).device(args.device.clone()))?;
    batch.reset(args.seed)?;
    let mut progress = Progress::new();
    if animated {
        let mut animation = Animation::new(&mut file, scene.width, scene.height, args.fps);
        scene.draw(&mut batch)?;
        animation.add(&scene.rgb).map_err(|e| file::failed(&args.output, e))?;
        for step in 1..=steps {
            batch.rollout(1)?;
            scene.draw(&mut batch)?;
            animation.add(&scene.rgb).map_err(|e| file::failed(&args.output, e))?;
            progress.show(false, || format!("rendering {}: step {step} of {steps}", batch.id()));
        }
        animation.finish().map_err(|e| file::failed(&args.output, e))?;
    } else {
        for _ in 0..steps {
            batch.rollout(1)?;
        }
        scene.draw(&mut batch)?;
        write_png(&mut file, &scene).map_err(|e| file::failed(&args.output, e))?;
    }
    drop(progress);
    let bytes = file.finish()?;
    let frames = if animated { format!(", {} frames", steps + 1) } else { String::new() };
    writeln!(
        out,
        "wrote {}: {}x{} pixels{frames}, {} bytes ({} on {})",
        args.output.display(),
        scene.width,
        scene.height,
        grouped(bytes),
        batch.id(),
        batch.describe()
    )?;
    Ok(())
}

/// The whole picture: a grid of instances.
struct Scene {
    grid: Grid,
    first: usize,
    /// Of one instance.
    cell: (usize, usize),
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Scene {
    fn new(args: &Args, num_envs: usize, aspect: f32) -> Done<Self> {
        let Grid { rows, columns } = args.grid;
        debug_assert!(args.instance + rows * columns <= num_envs);
        let cell_width = args.width.saturating_sub((columns - 1) * GAP) / columns;
        let cell_height = (cell_width as f32 / aspect).round() as usize;
        let (width, height) = (columns * (cell_width + GAP) - GAP, rows * (cell_height + GAP) - GAP);
        if cell_width < 8 || cell_height < 8 || height > 4096 {
            return Err(Failure::Usage(format!(
                "{} pixels for {columns} columns and {rows} rows give pictures of {cell_width}x{cell_height} pixels each; \
                 allowed are 8x8 or more, and 4096 pixels of height in all",
                args.width
            )));
        }
        let rgb = vec![GAP_COLOUR; width * height * 3];
        Ok(Self { grid: args.grid, first: args.instance, cell: (cell_width, cell_height), width, height, rgb })
    }

    fn draw(&mut self, batch: &mut Batch) -> Result<(), Error> {
        for row in 0..self.grid.rows {
            for column in 0..self.grid.columns {
                let instance = self.first + row * self.grid.columns + column;
                let image = batch.render(instance, self.cell.0, self.cell.1)?;
                self.paste(&image, column * (self.cell.0 + GAP), row * (self.cell.1 + GAP));
            }
        }
        Ok(())
    }

    fn paste(&mut self, image: &Image, left: usize, top: usize) {
        for (y, line) in image.rgb.chunks_exact(3 * image.width).enumerate() {
            let at = 3 * ((top + y) * self.width + left);
            self.rgb[at..at + line.len()].copy_from_slice(line);
        }
    }
}

fn write_png(file: &mut NewFile, scene: &Scene) -> Result<(), std::io::Error> {
    let mut encoder = png::Encoder::new(file, scene.width as u32, scene.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&scene.rgb)?;
    Ok(writer.finish()?)
}

fn width(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(width @ 16..=4096) => Ok(width),
        _ => Err("allowed is a whole number of pixels, 16 to 4096".to_owned()),
    }
}

fn grid(text: &str) -> Result<Grid, String> {
    let parts = text.to_lowercase();
    let (rows, columns) = parts.split_once('x').unwrap_or(("", ""));
    match (rows.parse(), columns.parse()) {
        (Ok(rows @ 1..=64), Ok(columns @ 1..=64)) => Ok(Grid { rows, columns }),
        _ => Err("allowed is rows x columns, 1 to 64 each, e.g. 2x4".to_owned()),
    }
}
