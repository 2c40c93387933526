import type { Attribute } from '../graph/model.ts';
import type { AttributeSpec, AttributeSpecs, AttributeValues } from './opDef.ts';

/**
 * Reads a node's attributes as `specs` declare them: defaults filled in, kinds checked, unknown ones left out.
 *
 * @param fail reports at the node and unwinds; called for a missing required attribute or one of another kind.
 */
export function readAttributes<S extends AttributeSpecs>(
  specs: S,
  attributes: ReadonlyMap<string, Attribute>,
  fail: (message: string) => never,
): AttributeValues<S> {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const found = attributes.get(name);
    if (found !== undefined) {
      values[name] = valueOfKind(name, spec, found, fail);
    } else if ('default' in spec && spec.default !== undefined) {
      values[name] = spec.kind === 'float' ? Math.fround(spec.default as number) : spec.default; // as if it stood in the file
    } else if (spec.required) {
      fail(`attribute ${name} is missing; ${spec.kind} is required`);
    }
  }
  return values as AttributeValues<S>; // each member was read by its own spec just above
}

function valueOfKind(name: string, spec: AttributeSpec, found: Attribute, fail: (message: string) => never): unknown {
  if (found.kind === spec.kind) return found.value;
  if (isEmptyList(found) && spec.kind.endsWith('s')) return [];
  return fail(`attribute ${name} is of kind ${found.kind}, expected ${spec.kind}`);
}

function isEmptyList(found: Attribute): boolean {
  return Array.isArray(found.value) && found.value.length === 0;
}
