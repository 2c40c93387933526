import { describe, expect, test } from 'vitest';
import { docOf, OPERATOR_DOCS, specificationOf } from '../../src/ops/docs/docOf.ts';
import { findOp, supportedOps } from '../../src/ops/registry.ts';

const OPERATORS = [...new Map(supportedOps().map((def) => [`${def.domain}::${def.type}`, def])).values()];

describe('the documentation of operators', () => {
  test('has an entry for every operator that runs, and for no other', () => {
    const documented = [...OPERATOR_DOCS].flatMap(([domain, docs]) => Object.keys(docs).map((t) => `${domain}::${t}`));
    expect(documented.sort()).toEqual(OPERATORS.map((def) => `${def.domain}::${def.type}`).sort());
    expect(OPERATORS.length).toBeGreaterThan(250);
  });

  test('says each in one to three whole sentences', () => {
    for (const { domain, type } of OPERATORS) {
      const [text = ''] = docOf(domain, type) ?? [];
      const sentences = text.match(/[.](?= |$)/g)?.length ?? 0;
      expect(sentences, `${domain} ${type}: ${text}`).toBeGreaterThanOrEqual(1);
      expect(sentences, `${domain} ${type}: ${text}`).toBeLessThanOrEqual(3);
      expect(text, type).toMatch(/^[A-Z].*[.]$/);
    }
  });

  test('names as many inputs as the newest version takes', () => {
    for (const { domain, type } of OPERATORS) {
      const newest = findOp(domain, type, Number.POSITIVE_INFINITY);
      const names =
        docOf(domain, type)?.[2]
          .split(' ')
          .filter((name) => name !== '') ?? [];
      const [least, most] = newest?.arity ?? [Number.NaN, Number.NaN];
      if (names.at(-1)?.endsWith('…')) expect(most, `${domain} ${type}`).toBe(Number.MAX_SAFE_INTEGER);
      else expect(names.length, `${domain} ${type}`).toBe(most);
      const required = names.map((name) => /[^?…]$/.test(name)).lastIndexOf(true) + 1;
      if (!names.some((name) => name.endsWith('…'))) expect(required, `${domain} ${type}`).toBe(least);
    }
  });

  test('finds the specification of each domain', () => {
    expect(specificationOf('', 'Conv')).toBe('https://onnx.ai/onnx/operators/onnx__Conv.html');
    expect(specificationOf('ai.onnx', 'Conv')).toBe(specificationOf('', 'Conv'));
    expect(specificationOf('ai.onnx.ml', 'Scaler')).toBe('https://onnx.ai/onnx/operators/onnx_aionnxml_Scaler.html');
    expect(specificationOf('com.microsoft', 'QGemm')).toContain('ContribOperators.md#com.microsoft.QGemm');
    expect(specificationOf('', 'Crop')).toBeUndefined();
    expect(specificationOf('my.domain', 'Thing')).toBeUndefined();
  });

  test('of an operator that nobody knows is none', () => {
    expect(docOf('', 'constructor')).toBeUndefined();
    expect(docOf('my.domain', 'Conv')).toBeUndefined();
  });
});
