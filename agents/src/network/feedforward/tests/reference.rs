//! What a network computes, straight from the definitions, and rows to compute it for.

use super::*;

/// A forward pass in f64, one row at a time, straight from the definitions. Numbers come as one-hot vectors.
pub fn reference(shape: &Shape, parts: &[Part], parameters: &[f64], row: &[f64]) -> Vec<f64> {
    let part = |name: String| {
        let part = parts.iter().find(|part| part.name == name).unwrap_or_else(|| panic!("no part {name}"));
        &parameters[part.range()]
    };
    let dense = |name: &str, x: &[f64]| {
        let (w, b) = (part(format!("{name}.weight")), part(format!("{name}.bias")));
        let dot = |o: usize| b[o] + x.iter().enumerate().map(|(i, x)| x * w[i * b.len() + o]).sum::<f64>();
        (0..b.len()).map(dot).collect::<Vec<f64>>()
    };
    let finish = |name: &str, mut y: Vec<f64>| {
        if let Some(norm) = shape.layer_norm {
            let n = y.len() as f64;
            let mean = y.iter().sum::<f64>() / n;
            let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
            y.iter_mut().for_each(|y| *y = (*y - mean) / (variance + f64::from(norm.epsilon)).sqrt());
            if norm.affine {
                let (scale, offset) = (part(format!("{name}.norm.scale")), part(format!("{name}.norm.offset")));
                y.iter_mut().enumerate().for_each(|(o, y)| *y = *y * scale[o] + offset[o]);
            }
        }
        y.iter_mut().for_each(|y| match shape.activation {
            Activation::Tanh => *y = y.tanh(),
            Activation::Relu => *y = y.max(0.0),
            Activation::LeakyRelu => *y = if *y > 0.0 { *y } else { 0.01 * *y },
        });
        y
    };
    let mut trunk = row.to_vec();
    if let Inputs::Picture { size: [mut height, mut width, mut channels], .. } = shape.inputs {
        for (i, layer) in shape.convolutions.iter().enumerate() {
            let places = |size: usize| (size - layer.kernel) / layer.stride + 1;
            let (rows, columns, name) = (places(height), places(width), format!("conv.{i}"));
            let patch = |place: usize, value: usize| {
                let (cell, channel) = (value / channels, value % channels);
                let y = place / columns * layer.stride + cell / layer.kernel;
                let x = place % columns * layer.stride + cell % layer.kernel;
                trunk[(y * width + x) * channels + channel]
            };
            let values = layer.kernel * layer.kernel * channels;
            let of_place = |place: usize| {
                let patch: Vec<f64> = (0..values).map(|value| patch(place, value)).collect();
                finish(&name, dense(&name, &patch))
            };
            trunk = (0..rows * columns).flat_map(of_place).collect();
            (height, width, channels) = (rows, columns, layer.channels);
        }
        let _ = height;
    }
    for i in 0..shape.trunk.len() {
        trunk = finish(&format!("dense.{i}"), dense(&format!("dense.{i}"), &trunk));
    }
    let mut outputs = Vec::new();
    for tower in &shape.towers {
        let mut x = trunk.clone();
        for l in 0..=tower.hidden.len() {
            let name = format!("{}.{l}", tower.name);
            x = dense(&name, &x);
            if l < tower.hidden.len() {
                x = finish(&name, x);
            }
        }
        outputs.extend(x);
    }
    if let Some((name, _)) = &shape.free {
        outputs.extend(part((*name).to_owned()));
    }
    outputs
}

/// Words of rows of an input and their values, numbers as one-hot vectors.
pub fn rows_of(inputs: &Inputs, rows: usize) -> (Vec<u32>, Vec<f64>) {
    let Inputs::Numbers { counts } = inputs else { return packed(inputs.encoding(), inputs.elements(), rows) };
    let (mut words, mut values) = (Vec::new(), Vec::new());
    for row in 0..rows {
        for (i, &count) in counts.iter().enumerate() {
            let number = (row * 5 + i * 3) as u32 % count;
            words.push(number);
            values.extend((0..count).map(|value| f64::from(u8::from(value == number))));
        }
    }
    (words, values)
}

/// Words of rows in an encoding, bits beyond the elements set, and their values.
pub fn packed(encoding: Encoding, elements: usize, rows: usize) -> (Vec<u32>, Vec<f64>) {
    let noise = numbers(5, rows * elements);
    let words = crate::network::rows::row_words(encoding, elements);
    let (mut out, mut values) = (vec![u32::MAX; rows * words], Vec::new());
    for row in 0..rows {
        let out = &mut out[row * words..][..words];
        for e in 0..elements {
            let x = noise[row * elements + e];
            match encoding {
                Encoding::Count => unreachable!("made by rows_of"),
                Encoding::F32 => (out[e], values) = (x.to_bits(), [values, vec![f64::from(x)]].concat()),
                Encoding::U8 => {
                    // Small values, so that no tangent saturates.
                    let byte = ((x + 1.0) * 2.0) as u32;
                    out[e / 4] = out[e / 4] & !(0xff << (e % 4 * 8)) | byte << (e % 4 * 8);
                    values.push(f64::from(byte));
                }
                Encoding::Bit => {
                    let bit = u32::from(x > 0.6);
                    out[e / 32] = out[e / 32] & !(1 << (e % 32)) | bit << (e % 32);
                    values.push(f64::from(bit));
                }
            }
        }
    }
    (out, values)
}
