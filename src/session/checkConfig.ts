import type { FileSystem } from '../base/bytes.ts';
import { type Diagnostic, DiagnosticError } from '../base/diagnostics.ts';
import { parseConfig, silence } from '../config/config.ts';
import { withNearestFolders } from '../config/language/folders.ts';
import { checkNodeNames } from '../config/language/names.ts';
import type { OpenModel } from './model.ts';
import { modelFacts } from './modelFacts.ts';
import { openSettings } from './settings.ts';

/** All diagnostics of a config; with an open model also those of the names and the data it names. */
export async function checkConfig(
  params: { readonly configText: string; readonly configPath: string },
  open: OpenModel | undefined,
  files: FileSystem,
): Promise<readonly Diagnostic[]> {
  const { config, diagnostics } = parseConfig(params.configText, params.configPath);
  if (open === undefined) return diagnostics;
  const names = checkNodeNames(params.configText, params.configPath, modelFacts(open));
  if (config === undefined) return [...diagnostics, ...names];
  const opened = await openSettings(params, open, files).then(
    (settings) => settings.diagnostics,
    (error: unknown) => {
      if (error instanceof DiagnosticError) return [...diagnostics, ...error.all];
      throw error;
    },
  );
  const found = await withNearestFolders(config, files, [...opened, ...names]);
  return silence(found, config.quantscope.silence);
}
