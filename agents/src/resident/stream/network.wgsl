//! Forward and backward through a member's layers, as streaming/kernels.rs: products, normalisation over the values of a layer
//! without scale and offset, leaky ReLU. A thread has every 64th value of a layer, whose sum runs over
//! the inputs in order.

/// First input of a place of a layer.
fn kernel_stream_first(layer: KernelStreamLayer, place: u32) -> u32 {
    return place / layer.across * layer.down + place % layer.across * layer.right;
}

/// Outputs for the input of a row; those, and what backward needs of row 0, are seen by all threads afterwards.
fn kernel_stream_forward(row: u32, slope: f32, id: u32) {
    let base = row * KERNEL_STREAM_ROW;
    for (var l = 0u; l < kernel_stream.layers; l++) {
        let layer = kernel_stream.layer[l];
        let width = layer.width;
        let cells = base + layer.output_at;
        workgroupBarrier();
        var part = 0.0;
        for (var j = id; j < width; j += KERNEL_STREAM_THREADS) {
            var first = base + layer.input_at + kernel_stream_first(layer, j / layer.stride);
            var p = layer.weight + j % layer.stride;
            var sum = 0.0;
            for (var r = 0u; r < layer.runs; r++) {
                for (var i = first; i < first + layer.run; i++) {
                    sum += kernel_stream_cells[i] * kernel_stream_weight(p);
                    p += layer.stride;
                }
                first += layer.pitch;
            }
            sum += kernel_stream_weight(p);
            part += sum;
            kernel_stream_cells[cells + j] = sum;
        }
        var mean = 0.0;
        var inverse = 1.0;
        if (kernel_stream.layer_norm != 0u) {
            mean = kernel_stream_total(id, part, width) / f32(width);
            var squares = 0.0;
            for (var j = id; j < width; j += KERNEL_STREAM_THREADS) {
                let centred = kernel_stream_cells[cells + j] - mean;
                squares += centred * centred;
            }
            let variance = kernel_stream_total(id, squares, width) / f32(width);
            inverse = 1.0 / sqrt(variance + KERNEL_STREAM_NORM_EPSILON);
        }
        if (row == 0u && id == 0u) { kernel_stream_inverses[l] = inverse; }
        for (var j = id; j < width; j += KERNEL_STREAM_THREADS) {
            let x = (kernel_stream_cells[cells + j] - mean) * inverse;
            if (row == 0u) { kernel_stream_normals[layer.normal_at + j] = x; }
            kernel_stream_cells[cells + j] = max(x, x * slope);
        }
    }
    workgroupBarrier();
    for (var o = id; o < kernel_stream.actions; o += KERNEL_STREAM_THREADS) {
        let first = kernel_stream.head + o * kernel_stream.head_stride;
        var sum = 0.0;
        for (var i = 0u; i < kernel_stream.head_inputs; i++) {
            sum += kernel_stream_cells[base + kernel_stream.head_at + i] * kernel_stream_weight(first + i);
        }
        kernel_stream_outputs[row * KERNEL_STREAM_OUTPUTS + o] = sum + kernel_stream_weight(kernel_stream.head_bias + o);
    }
    workgroupBarrier();
}

/// Decays the traces and adds the gradient of minus an action's value at row 0; returns the thread's part of the sum of their
/// magnitudes.
fn kernel_stream_backward(action: u32, decay: f32, slope: f32, id: u32) -> f32 {
    var part = 0.0;
    let stride = kernel_stream.head_stride;
    for (var o = 0u; o < kernel_stream.actions; o++) {
        let gradient = select(0.0, -1.0, o == action);
        for (var i = id; i < stride; i += KERNEL_STREAM_THREADS) {
            let x = kernel_stream_cells[kernel_stream.head_at + i];
            part += kernel_stream_trace(kernel_stream.head + o * stride + i, decay, gradient * x);
        }
    }
    for (var o = id; o < kernel_stream.actions; o += KERNEL_STREAM_THREADS) {
        part += kernel_stream_trace(kernel_stream.head_bias + o, decay, select(0.0, -1.0, o == action));
    }
    for (var i = id; i < stride; i += KERNEL_STREAM_THREADS) {
        kernel_stream_deltas[i] = -kernel_stream_weight(kernel_stream.head + action * stride + i);
    }
    var at = 0u;
    for (var l = kernel_stream.layers; l > 0u; l--) {
        part += kernel_stream_layer_traces(kernel_stream.layer[l - 1u], l - 1u, at, decay, slope, id);
        at = KERNEL_STREAM_WIDEST - at;
    }
    return part;
}

/// The same for a hidden layer, from the gradient with respect to its values to that of the layer below. A thread has the same
/// units of all layers, so it goes on with what it wrote itself.
fn kernel_stream_layer_traces(
    layer: KernelStreamLayer, index: u32, at: u32, decay: f32, slope: f32, id: u32,
) -> f32 {
    let width = layer.width;
    var sum = 0.0;
    var along = 0.0;
    for (var j = id; j < width; j += KERNEL_STREAM_THREADS) {
        let delta = kernel_stream_deltas[at + j];
        // 0 counts as below 0, as PyTorch has it.
        let inner = select(delta * slope, delta, kernel_stream_cells[layer.output_at + j] > 0.0);
        kernel_stream_deltas[at + j] = inner;
        sum += inner;
        along += inner * kernel_stream_normals[layer.normal_at + j];
    }
    if (kernel_stream.layer_norm != 0u) {
        let mean = kernel_stream_total(id, sum, width) / f32(width);
        let share = kernel_stream_total(id, along, width) / f32(width);
        let inverse = kernel_stream_inverses[index];
        for (var j = id; j < width; j += KERNEL_STREAM_THREADS) {
            let normal = kernel_stream_normals[layer.normal_at + j];
            kernel_stream_deltas[at + j] = ((kernel_stream_deltas[at + j] - mean) - normal * share) * inverse;
        }
    }
    // What fills blocks has no gradient.
    for (var j = width + id; j < layer.len; j += KERNEL_STREAM_THREADS) { kernel_stream_deltas[at + j] = 0.0; }
    workgroupBarrier();
    var part = 0.0;
    // Row and column of a weight, carried along: a division each would cost as much as the rest.
    var i = id / layer.stride;
    var j = id % layer.stride;
    for (var p = id; p < (layer.inputs + 1u) * layer.stride; p += KERNEL_STREAM_THREADS) {
        var gradient = 0.0;
        if (layer.places == 1u) {
            let x = select(kernel_stream_cells[layer.input_at + i], 1.0, i == layer.inputs);
            gradient = x * kernel_stream_deltas[at + j];
        } else {
            gradient = kernel_stream_window_gradient(layer, i, at + j);
        }
        part += kernel_stream_trace(layer.weight + p, decay, gradient);
        i += KERNEL_STREAM_THREADS / layer.stride;
        j += KERNEL_STREAM_THREADS % layer.stride;
        if (j >= layer.stride) {
            j -= layer.stride;
            i += 1u;
        }
    }
    if (index > 0u) {
        for (var k = id; k < layer.inputs; k += KERNEL_STREAM_THREADS) {
            let first = layer.weight + k * layer.stride;
            var below = 0.0;
            for (var u = 0u; u < width; u++) {
                below += kernel_stream_weight(first + u) * kernel_stream_deltas[at + u];
            }
            kernel_stream_deltas[KERNEL_STREAM_WIDEST - at + k] = below;
        }
    }
    return part;
}

/// The gradient of weight i of a channel of a convolution, whose values have gradients from `delta` on.
fn kernel_stream_window_gradient(layer: KernelStreamLayer, i: u32, delta: u32) -> f32 {
    let bias = i == layer.inputs;
    let input = layer.input_at + select(i / layer.run * layer.pitch + i % layer.run, 0u, bias);
    var sum = 0.0;
    for (var place = 0u; place < layer.places; place++) {
        let x = kernel_stream_cells[input + kernel_stream_first(layer, place)];
        sum += select(x, 1.0, bias) * kernel_stream_deltas[delta + place * layer.stride];
    }
    return sum;
}
