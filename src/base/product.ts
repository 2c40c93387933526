/** What made a file; the version is that of package.json, which a test holds it to. */
export const PRODUCT = { name: 'QuantScope', version: '0.1.0' } as const;
