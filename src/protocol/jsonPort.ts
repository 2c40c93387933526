import type { Port } from './rpc.ts';

/**
 * A port over one that carries JSON only, such as VS Code's webview messages, where `Infinity` would arrive as null.
 *
 * Wrap both ends. Infinities and NaN travel as `{"$number": "Infinity"}`; everything else as it is.
 */
export function jsonPort(port: Port): Port {
  return {
    post: (message, transfer) => port.post(encode(message), transfer),
    onMessage: (listener) => port.onMessage((message) => listener(decode(message))),
  };
}

function encode(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $number: String(value) };
  return mapped(value, encode);
}

function decode(value: unknown): unknown {
  if (isRecord(value) && typeof value.$number === 'string') return Number(value.$number);
  return mapped(value, decode);
}

/** Rebuilds arrays and plain objects only where a part of them changes. */
function mapped(value: unknown, change: (part: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const part = change(value[i]);
      if (part !== value[i] && copy === undefined) copy = value.slice();
      if (copy !== undefined) copy[i] = part;
    }
    return copy ?? value;
  }
  if (!isRecord(value)) return value;
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const part = change(value[key]);
    if (part !== value[key]) {
      copy ??= { ...value };
      copy[key] = part;
    }
  }
  return copy ?? value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
