import { join, resolve } from 'node:path';
import type { AbortSignalLike } from '../base/abort.ts';
import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { readNpy, writeNpy } from '../data/npy.ts';
import { clock } from '../node/clock.ts';
import { startEngine } from '../node/engine.ts';
import { createSession } from '../session/index.ts';
import type { Command } from './args.ts';
import { EXIT } from './exitCodes.ts';
import { files, readOption } from './files.ts';

/** `run`: executes the model once on .npy inputs and writes NAME.npy per output and outputs.json. */
export async function runCommand(command: Extract<Command, { kind: 'run' }>, signal: AbortSignalLike): Promise<number> {
  const engine = startEngine(command.threads, command);
  try {
    const session = createSession({ kernels: engine.kernels, files, clock, onProgress: () => undefined });
    await session.open(resolve(command.model));
    const feeds = new Map<string, Tensor>();
    for (const [name, path] of command.inputs)
      feeds.set(name, readNpy(await readOption(path, `the .npy file of input ${name}`), path));
    const outputs = await session.run(feeds, command.dims, signal);
    const folder = resolve(command.outputDir);
    const list = [];
    for (const [name, tensor] of outputs) {
      const file = `${safeName(name)}.npy`;
      await files.write(join(folder, file), writeNpy(tensor));
      list.push({ name, dtype: tensor.dtype, dims: tensor.dims, file });
      console.log(`${name}: ${tensor.dtype} ${formatDims(tensor.dims)} -> ${file}`);
    }
    await files.write(join(folder, 'outputs.json'), `${JSON.stringify(list, null, 2)}\n`);
    const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
    const residentBytes = process.resourceUsage().maxRSS * 1024;
    console.log(
      `peak memory: kernels ${mebibytes(engine.kernels.memory.peakBytes)}, whole process ${mebibytes(residentBytes)}`,
    );
    return EXIT.good;
  } finally {
    engine.close();
  }
}

/** A tensor's name as a file name: what file systems refuse becomes `_`. */
function safeName(name: string): string {
  return name.replace(/[<>:"/\\|?*\s]/g, '_');
}
