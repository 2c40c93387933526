/** Widths of text in pixels at zoom 1, from those of single characters: fast, and the same in every thread. */
export interface TextWidths {
  /** Of the characters up to U+00FF by code, then of any other. */
  readonly title: Float64Array;
  readonly label: Float64Array;
}

/** Width of `text` in pixels at zoom 1. */
export type Measure = (text: string, font: 'title' | 'label') => number;

const KNOWN = 256;

/** Measures each character once; letters with accents are as wide as without. @param widthOf width of a character in a font. */
export function measureCharacters(widthOf: (text: string, font: 'title' | 'label') => number): TextWidths {
  const row = (font: 'title' | 'label') => {
    const widths = new Float64Array(KNOWN + 1);
    for (let code = 0; code < KNOWN; code++) {
      const character = String.fromCharCode(code);
      const plain = character.normalize('NFD').charCodeAt(0);
      if (!/\p{Cc}/u.test(character))
        widths[code] = plain < code ? (widths[plain] as number) : widthOf(character, font);
    }
    widths[KNOWN] = widthOf('重', font);
    return widths;
  };
  return { title: row('title'), label: row('label') };
}

export function measureWith(widths: TextWidths): Measure {
  return (text, font) => {
    const row = widths[font];
    let width = 0;
    for (let i = 0; i < text.length; i++) width += row[Math.min(KNOWN, text.charCodeAt(i))] as number;
    return width;
  };
}

/** Cuts the middle out of a name that is wider than `limit`: its ends tell most. */
export function shorten(text: string, limit: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= limit) return text;
  let lo = 1;
  let hi = text.length - 1;
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1;
    if (widthOf(cut(text, mid)) <= limit) lo = mid;
    else hi = mid - 1;
  }
  return cut(text, lo);
}

function cut(text: string, kept: number): string {
  const head = Math.floor(kept * 0.4);
  return `${text.slice(0, head)}…${text.slice(text.length - (kept - head))}`;
}
