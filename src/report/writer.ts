import type { FileSystem } from '../base/bytes.ts';
import { outputSummaryCsv, quantParamCsv, type ReportDialect, roundCsv, roundsSummaryCsv } from './csv.ts';
import { type ReportInput, reportJson } from './json.ts';
import type { OutputSummaryRow, QuantParamRow, ReportRow } from './reportTypes.ts';
import { TensorSummary } from './tensorSummary.ts';

/** Writes the files of a run into one folder, each at once: a reader sees the old file or the new one. */
export class ReportWriter {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #dialect: ReportDialect;
  readonly #summary = new TensorSummary();

  /** @param folder absolute; created with the first file. */
  constructor(files: FileSystem, folder: string, dialect: ReportDialect) {
    this.#files = files;
    this.#folder = folder;
    this.#dialect = dialect;
  }

  /** `round_<index>.csv`; its figures also go into `rounds_summary.csv` and `report.json`. */
  async round(index: number, rows: readonly ReportRow[]): Promise<void> {
    this.#summary.add(rows, index);
    await this.#write(`round_${index}.csv`, roundCsv(rows, this.#dialect));
  }

  /** `quant_param.csv`; no file without parameters. */
  async quantParams(rows: readonly QuantParamRow[]): Promise<void> {
    if (rows.length > 0) await this.#write('quant_param.csv', quantParamCsv(rows, this.#dialect));
  }

  /** `output_summary.csv`. */
  async outputSummary(rows: readonly OutputSummaryRow[]): Promise<void> {
    await this.#write('output_summary.csv', outputSummaryCsv(rows, this.#dialect));
  }

  /** `rounds_summary.csv`; after the last round, no file without one. */
  async roundsSummary(): Promise<void> {
    const tensors = this.#summary.tensors();
    if (tensors.length > 0) await this.#write('rounds_summary.csv', roundsSummaryCsv(tensors));
  }

  /** `report.json`; after the last round. */
  async json(run: ReportInput): Promise<void> {
    await this.#write('report.json', `${JSON.stringify(reportJson(run, this.#summary.tensors()), null, 2)}\n`);
  }

  async #write(name: string, text: string): Promise<void> {
    await this.#files.write(this.#files.resolve(this.#folder, name), text);
  }
}
