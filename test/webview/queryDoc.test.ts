import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tensorFields } from '../../webview/panels/tensorColumns.ts';
import { FieldSet, METRIC_FIELDS } from '../../webview/query/fields.ts';
import { parseQuery } from '../../webview/query/parse.ts';

const DOC = readFileSync(new URL('../../docs/queries.md', import.meta.url), 'utf8');
const nodes = new FieldSet(METRIC_FIELDS);
const tensors = new FieldSet(tensorFields());
const code = [...DOC.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);

test('every field stands in docs/queries.md', () => {
  const named = (field: string) => code.includes(field) || (field.startsWith('d') && code.includes(field.slice(1)));
  const missing = [...nodes.all, ...tensors.all].map((f) => f.name).filter((name) => !named(name));
  expect(missing).toEqual([]);
});

test('every query in docs/queries.md is one', () => {
  const queries = code.filter((text) => /^[-(]?[a-z]+(:|<)\S/.test(text));
  expect(queries.length).toBeGreaterThan(15);
  const wrong = queries.filter(
    (q) => parseQuery(q, nodes).problems.length > 0 && parseQuery(q, tensors).problems.length > 0,
  );
  expect(wrong).toEqual([]);
});

test('every example of a field can be read, and asks of that field', () => {
  for (const fields of [nodes, tensors]) {
    for (const field of fields.all) {
      const { problems, parts } = parseQuery(field.example, fields);
      expect([problems, parts.map((p) => p.field)], field.example).toEqual([[], [field.name]]);
    }
  }
});

test('the queries of the tour can be read', () => {
  const tour = readFileSync(new URL('../../docs/tour.md', import.meta.url), 'utf8');
  const table = tour.split('## Find something')[1]?.split('\n## ')[0] ?? '';
  const queries = [...table.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] as string);
  expect(queries.length).toBeGreaterThan(3);
  expect(queries.flatMap((query) => parseQuery(query, nodes).problems)).toEqual([]);
});
