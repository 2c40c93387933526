// Lists texts without a Simplified Chinese translation and translations of no text: node scripts/translations.mjs
import { bundle, manifestTexts, textsInCode } from './lib/translations.mjs';

const LANGUAGE = 'zh-cn';
const missing = (wanted, given) => [...wanted].filter((key) => !(key in given));

const texts = await textsInCode();
const translated = bundle(LANGUAGE);
const english = manifestTexts();
const manifest = manifestTexts(LANGUAGE);
const lists = {
  'without a translation': missing(texts.keys(), translated),
  'translated, but in no code': Object.keys(translated).filter((key) => !texts.has(key)),
  'of package.nls.json without a translation': missing(Object.keys(english), manifest),
  'translated, but not in package.nls.json': missing(Object.keys(manifest), english),
};
for (const [title, list] of Object.entries(lists)) {
  console.log(`${list.length} ${title}`);
  for (const text of list) console.log(`  ${JSON.stringify(text)}${texts.has(text) ? `  ${texts.get(text)}` : ''}`);
}
