import { DiagnosticError, nearest } from '../base/diagnostics.ts';
import type { JudgeChoice } from '../protocol/sensitivityViews.ts';

const FIGURES = ['cosine', 'sqnrDb', 'mse', 'top1', 'top5'] as const;
const COMMAND = 'command:';

/**
 * What `--judge` says: `cosine`, `sqnrDb`, `mse`, `top1`, `top5`, or `command:` and a command of the user's, whose number
 * is better the higher it is, unless `--better lower` is given.
 * @throws DiagnosticError CLI121
 */
export function readJudge(text: string, better: string | undefined): JudgeChoice {
  if (better !== undefined && better !== 'higher' && better !== 'lower')
    throw wrongJudge(`--better ${better} is neither higher nor lower`);
  const figure = FIGURES.find((id) => id === text);
  if (figure !== undefined) {
    if (better !== undefined)
      throw wrongJudge(`--better goes with a command to judge; ${figure} has its own direction`);
    return { id: figure };
  }
  const command = text.startsWith(COMMAND) ? text.slice(COMMAND.length).trim() : '';
  if (command !== '') return { id: 'command', command, better: better ?? 'higher' };
  const near = nearest(text, FIGURES);
  const hint = near === undefined ? '' : ` - ${near}?`;
  throw wrongJudge(`${text} is no judge (${FIGURES.join(', ')}, ${COMMAND}COMMAND)${hint}`);
}

function wrongJudge(message: string): DiagnosticError {
  return new DiagnosticError({ severity: 'error', code: 'CLI121', message, at: { file: 'command line' } });
}
