import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readLabels } from '../../src/data/labels.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';

test.each([
  ['without a header', 'a.jpg,3\nb.jpg,0\n'],
  ['with one', 'file,label\r\na.jpg,3\r\nb.jpg,0'],
  ['by tabs, columns in any order', 'class_index\tsynset\tfile\n3\tn1\tx/a.jpg\n0\tn2\tx/b.jpg'],
  ['with quotes, comments and blank lines', '# labels\n"a.jpg", 3\n\n"b.jpg","0"\n'],
  ['with a byte order mark', '\uFEFFfile,label\na.jpg,3\nb.jpg,0'],
])('labels %s', (_, text) => {
  const labels = readLabels(text, 'labels.csv');
  expect(labels.count).toBe(2);
  expect(labels.labelOf('/data/a.jpg')).toBe(3);
  expect(labels.labelOf('C:\\data\\b.jpg')).toBe(0);
  expect(labels.labelOf('a.bin')).toBe(3); // the same image, preprocessed
  expect(labels.labelOf('/data/a.bin, /other/1.bin')).toBe(3);
  expect(labels.labelOf('c.jpg')).toBeUndefined();
});

test('a comma within quotes belongs to the name', () => {
  expect(readLabels('"a,b.jpg",7', 'l.csv').labelOf('a,b.jpg')).toBe(7);
});

test('an exact name comes before a stem, and an ambiguous stem matches nothing', () => {
  const labels = readLabels('a.jpg,1\na.png,2', 'l.csv');
  expect([labels.labelOf('a.png'), labels.labelOf('a.bin')]).toEqual([2, undefined]);
});

test.each([
  ['', /^DAT302 l\.csv: there are no labels/],
  ['file,label\n', /^DAT302/],
  ['a.jpg,1\nb.jpg', /^DAT301 l\.csv:2: "b\.jpg" has 1 columns/],
  ['a.jpg,cat', /^DAT301 l\.csv:1: "cat" is not a class index/],
  ['a.jpg,-1', /^DAT301 l\.csv:1: "-1"/],
  ['a.jpg,1\nx/a.jpg,2', /^DAT301 l\.csv:2: "a\.jpg" has the label 2 here and 1 before/],
])('wrong labels %j name the line', (text, message) => {
  expect(() => readLabels(text, 'l.csv')).toThrow(message);
});

describeWithShared('labels.tsv of the ImageNet sample', () => {
  test('gives the class index of every file', () => {
    const labels = readLabels(readFileSync(sharedData('calib/imagenet_sample_256/labels.tsv'), 'utf8'), 'labels.tsv');
    expect(labels.count).toBe(1000);
    expect(labels.labelOf('n01443537_goldfish.jpg')).toBe(1);
  });
});
