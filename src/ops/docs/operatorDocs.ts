/**
 * What an operator does, for people: one to three sentences, the formula ('' where words say it all), and the names of
 * its inputs and outputs, apart by spaces. `?` marks an optional one, `…` any number of them. Of the newest version.
 */
export type OperatorDoc = readonly [text: string, formula: string, inputs: string, outputs: string];

/** By operator type, of one domain. */
export type OperatorDocs = Readonly<Record<string, OperatorDoc>>;
