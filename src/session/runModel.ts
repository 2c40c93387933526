import type { AbortSignalLike } from '../base/abort.ts';
import { throwErrors } from '../base/diagnostics.ts';
import type { Tensor } from '../base/tensor.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { feedsById } from '../quant/calibrate.ts';
import { notATensor, wrongFeeds } from './errors.ts';
import type { OpenModel } from './model.ts';
import { compileGraph, prepare } from './prepared.ts';

/** Compiles the model for the shapes of its feeds and runs it once. @returns outputs by name, C order. */
export async function runModel(
  open: OpenModel,
  kernels: KernelSet,
  feeds: ReadonlyMap<string, Tensor>,
  dims: ReadonlyMap<string, number>,
  signal: AbortSignalLike,
): Promise<ReadonlyMap<string, Tensor>> {
  throwErrors(open.coverage);
  const { graph } = open.model;
  const inputs = graph.inputs.flatMap((id) => {
    const value = graph.values.get(id);
    return value === undefined || value.constant !== undefined ? [] : [value];
  });
  throwIfNoTensors(open);
  const unknown = [...feeds.keys()].filter((name) => !inputs.some((v) => v.name === name));
  const missing = inputs.filter((v) => !feeds.has(v.name)).map((v) => v.name);
  if (unknown.length + missing.length > 0) throw wrongFeeds(open.file, unknown, missing);
  const fixed = new Map(dims);
  for (const { name, dims: declared } of inputs)
    declared?.forEach((d, axis) => {
      if (typeof d === 'string' && !fixed.has(d)) fixed.set(d, feeds.get(name)?.dims[axis] ?? 1);
    });
  const prepared = await prepare(open, kernels, fixed);
  const program = await compileGraph({ open, prepared, kernels, requantizer: 'fp32' }, prepared.graph, { signal });
  try {
    const outputs = program.start(feedsById(prepared.graph, feeds), { signal }).finish();
    return new Map([...outputs].map(([id, t]) => [prepared.graph.values.get(id)?.name ?? '', t]));
  } finally {
    program.release();
  }
}

/** @throws SES409 when an input is a map, a sparse tensor, or of an unknown element type. */
export function throwIfNoTensors({ file, model: { graph } }: OpenModel): void {
  const strange = graph.inputs.flatMap((id) => {
    const value = graph.values.get(id);
    return value === undefined || value.dtype !== undefined || value.constant !== undefined ? [] : [value.name];
  });
  if (strange.length > 0) throw notATensor(file, strange);
}
