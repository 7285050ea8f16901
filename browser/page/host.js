// A WebGPU host that knows no kernel: it carries out lists of commands that are written as data. Objects are named by
// numbers that the caller chooses; every command with an `id` makes one.

const KINDS = ['validation', 'out-of-memory', 'internal'];

/** Everything made so far, by its number. */
const objects = new Map();
/** Why a device is gone, by its number. */
const lost = new Map();

const object = (id) => {
  if (!objects.has(id)) throw new Error(`there is no object ${id}`);
  return objects.get(id);
};

/** Base64 of bytes; in pieces, because a call takes some ten thousand arguments at most. */
function encode(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

const decode = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

async function adapter() {
  const found = await navigator.gpu?.requestAdapter();
  if (!found) throw new Error('this browser has no WebGPU adapter');
  return found;
}

/** The commands of an encoder, in order. */
function record(encoder, commands) {
  for (const command of commands) {
    if (command.copy) {
      const { from, fromOffset, to, toOffset, size } = command.copy;
      encoder.copyBufferToBuffer(object(from), fromOffset, object(to), toOffset, size);
    } else if (command.clear) {
      const { buffer, offset, size } = command.clear;
      encoder.clearBuffer(object(buffer), offset, size ?? undefined);
    } else {
      const pass = encoder.beginComputePass();
      for (const step of command.pass) {
        if (step.pipeline !== undefined) pass.setPipeline(object(step.pipeline));
        else if (step.group !== undefined) pass.setBindGroup(step.index, object(step.group), step.offsets);
        else pass.dispatchWorkgroups(...step.workgroups);
      }
      pass.end();
    }
  }
}

/** One function per command; what it returns is the command's result. */
const operations = {
  async adapter() {
    const { vendor, architecture, description, isFallbackAdapter } = (await adapter()).info;
    return { name: [vendor, architecture, description].filter(Boolean).join(' '), software: isFallbackAdapter };
  },
  async device({ id }) {
    // No features and no limits beyond the defaults: what works here works in every browser with WebGPU.
    const device = await (await adapter()).requestDevice();
    device.lost.then(({ reason, message }) => lost.set(id, `${reason}: ${message}`));
    objects.set(id, device);
  },
  async check({ device, code }) {
    object(device).pushErrorScope('validation');
    const { messages } = await object(device).createShaderModule({ code }).getCompilationInfo();
    await object(device).popErrorScope();
    return messages.map(({ type, lineNum, linePos, message }) => ({ type, line: lineNum, column: linePos, message }));
  },
  module: ({ id, device, code }) => void objects.set(id, object(device).createShaderModule({ code })),
  buffer: ({ id, device, size, usage }) => void objects.set(id, object(device).createBuffer({ size, usage })),
  groupLayout: ({ id, device, entries }) => void objects.set(id, object(device).createBindGroupLayout({ entries })),
  layout({ id, device, groups }) {
    const bindGroupLayouts = groups.map((group) => group === null ? null : object(group));
    objects.set(id, object(device).createPipelineLayout({ bindGroupLayouts }));
  },
  group({ id, device, layout, entries }) {
    const bound = entries.map(({ binding, buffer, offset, size }) => (
      { binding, resource: { buffer: object(buffer), offset, size: size ?? undefined } }));
    objects.set(id, object(device).createBindGroup({ layout: object(layout), entries: bound }));
  },
  pipeline({ id, device, layout, module, entryPoint, constants }) {
    const compute = { module: object(module), entryPoint: entryPoint ?? undefined, constants };
    objects.set(id, object(device).createComputePipeline({ layout: layout === null ? 'auto' : object(layout), compute }));
  },
  write: ({ device, buffer, offset, data }) => object(device).queue.writeBuffer(object(buffer), offset, decode(data)),
  submit({ device, encoders }) {
    const buffers = encoders.map((commands) => {
      const encoder = object(device).createCommandEncoder();
      record(encoder, commands);
      return encoder.finish();
    });
    object(device).queue.submit(buffers);
  },
  async wait({ device }) {
    await object(device).queue.onSubmittedWorkDone();
  },
  async read({ buffer, offset, size }) {
    await object(buffer).mapAsync(GPUMapMode.READ, offset, size);
    const text = encode(new Uint8Array(object(buffer).getMappedRange(offset, size)));
    object(buffer).unmap();
    return text;
  },
  drop({ object: id }) {
    objects.get(id)?.destroy?.();
    objects.delete(id);
  },
};

/**
 * Carries out commands one after the other. Gives for each `{value}` or `{error, kind}`, and `{lost}` where its device
 * is gone.
 */
export async function run(commands) {
  const results = [];
  for (const { op, ...command } of commands) {
    const device = objects.get(command.device);
    KINDS.forEach((kind) => device?.pushErrorScope(kind));
    let result;
    try {
      result = { value: await operations[op](command) };
    } catch (error) {
      result = { error: `${error.message ?? error}`, kind: 'internal' };
    }
    const errors = device ? KINDS.map(() => device.popErrorScope().catch(() => null)) : [];
    results.push(Promise.all(errors).then((caught) => {
      const at = caught.findIndex(Boolean);
      if (at >= 0) result = { error: caught[at].message, kind: KINDS[KINDS.length - 1 - at] };
      return lost.has(command.device) ? { ...result, lost: lost.get(command.device) } : result;
    }));
  }
  return Promise.all(results);
}
