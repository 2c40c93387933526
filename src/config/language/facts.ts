import type { InputFact, NodeFact } from '../../protocol/modelFacts.ts';

/** Entries of one folder that a value may go on with. */
export interface FolderListing {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** An input in one line: `float32 [1, 3, 224, 224]`. */
export function describeInput({ dtype, dims }: InputFact): string {
  return `${dtype} ${dims === null ? 'of unknown rank' : `[${dims.join(', ')}]`}`.trim();
}

/** A node in Markdown. */
export function describeNode({ handle, opType, outputs }: NodeFact, file: string): string {
  const makes = outputs.map((name) => `\`${name}\``).join(', ');
  return `**${handle}** · ${opType} of ${file}${makes === '' ? '' : `\n\nmakes ${makes}`}`;
}
