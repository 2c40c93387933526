import { type Diagnostic, type Location, nearest } from '../../base/diagnostics.ts';
import type { ModelFacts, NodeFact } from '../../protocol/modelFacts.ts';
import { entryOf } from '../edits.ts';
import { innerName, notANodeName, unknownNode } from '../errors.ts';
import { at, itemsOf } from '../ini.ts';
import { KEYS } from '../schema.ts';

/** What converter_lite appends where it fuses nodes. */
const FUSION_SUFFIX = /_fusion[\w-]*$/;

/** Names of nodes that the model does not have, in every key that takes such names. */
export function checkNodeNames(text: string, file: string, model: ModelFacts): Diagnostic[] {
  const handles = new Set(model.nodes.map((n) => n.handle));
  return KEYS.filter(({ type }) => type.kind === 'overrides' || (type.kind === 'names' && type.of === 'nodes')).flatMap(
    ({ section, key, type }) => {
      const entry = entryOf(text, section, key);
      if (entry === undefined || entry.broken) return [];
      return itemsOf(entry).flatMap(({ text: item, span }) => {
        const colon = type.kind === 'overrides' ? item.lastIndexOf(':') : item.length;
        const name = item.slice(0, Math.max(0, colon)).trim();
        if (name === '' || handles.has(name)) return [];
        const endColumn = type.kind === 'overrides' ? span.column + name.length : span.endColumn;
        return [unknownNodeName(at(file, { ...span, endColumn }, key), key, name, model)];
      });
    },
  );
}

/**
 * Explains a name that no node of the model's graph has: one that exists only after fusion or in a body, a tensor, a
 * name that several nodes share, or a misspelling.
 *
 * @param key the key that names it.
 */
export function unknownNodeName(place: Location, key: string, name: string, model: ModelFacts): Diagnostic {
  const inner = model.inner.find((i) => i.name === name);
  if (inner !== undefined) return innerName(place, key, inner);
  const fused = FUSION_SUFFIX.test(name) ? byName(model, name.replace(FUSION_SUFFIX, '')) : [];
  if (fused[0] !== undefined) return innerName(place, key, { name, owner: fused[0].handle, in: 'fusion' });
  const sharing = byName(model, name);
  if (sharing.length > 0) {
    const handles = sharing.map((n) => n.handle);
    return notANodeName(place, key, name, {
      why: 'is not one node’s alone, or has characters that a list cannot hold',
      handles,
    });
  }
  const maker = model.nodes.find((n) => n.outputs.includes(name));
  if (maker !== undefined) return notANodeName(place, key, name, { why: 'is a tensor', handles: [maker.handle] });
  return unknownNode(
    place,
    key,
    name,
    nearest(
      name,
      model.nodes.map((n) => n.handle),
    ),
  );
}

function byName({ nodes }: ModelFacts, name: string): readonly NodeFact[] {
  const exact = nodes.filter((n) => n.handle === name);
  return exact.length > 0 ? exact : nodes.filter((n) => n.name === name);
}
