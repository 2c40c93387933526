let bundle: Readonly<Record<string, string>> = {};

/** Sets the translations: English text to text. Call before anything is shown; without it all is English. */
export function useTranslations(texts: Readonly<Record<string, string>>): void {
  bundle = texts;
}

/** The text in the language of VS Code, with `{0}`, `{1}`, … replaced. The English text is its key. */
export function t(message: string, ...args: readonly (string | number)[]): string {
  const text = bundle[message] ?? message;
  return args.length === 0 ? text : text.replace(/\{(\d+)\}/g, (_, i: string) => String(args[Number(i)] ?? ''));
}
