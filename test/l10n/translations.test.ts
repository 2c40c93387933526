import { describe, expect, test } from 'vitest';

interface Translations {
  textsInCode(): Promise<Map<string, string>>;
  bundle(language: string): Record<string, string>;
  manifestTexts(language?: string): Record<string, string>;
  placeholders(text: string): string[];
}

const MODULE: string = '../../scripts/lib/translations.mjs';
const { textsInCode, bundle, manifestTexts, placeholders } = (await import(MODULE)) as Translations;

describe('Simplified Chinese', () => {
  const translated = bundle('zh-cn');

  test('has every text of the host and the view, and no other', async () => {
    const texts = [...(await textsInCode()).keys()];
    expect(texts.length).toBeGreaterThan(1000);
    expect(Object.keys(translated).sort()).toEqual(texts.sort());
  });

  test('keeps the placeholders of each text', () => {
    for (const [text, translation] of Object.entries(translated)) {
      expect(placeholders(translation), text).toEqual(placeholders(text));
      expect(translation.trim(), text).not.toBe('');
    }
  });

  test('keeps the code that stands in a text', () => {
    const codeOf = (text: string) => [...(text.match(/`[^`]*`/g) ?? [])].sort();
    for (const [text, translation] of Object.entries(translated))
      expect(codeOf(translation), text).toEqual(codeOf(text));
  });

  test('has every text of the manifest, with its links', () => {
    const [english, chinese] = [manifestTexts(), manifestTexts('zh-cn')];
    expect(Object.keys(chinese)).toEqual(Object.keys(english));
    const linksOf = (text = '') => text.match(/\(command:[^)]*\)/g) ?? [];
    for (const [key, text] of Object.entries(english)) expect(linksOf(chinese[key]), key).toEqual(linksOf(text));
  });
});
