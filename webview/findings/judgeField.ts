import { t } from '../l10n.ts';
import { type Pick, pickField } from './fields.ts';
import { type JudgeId, judgeWords } from './judges.ts';
import { judgeObstacle, type RequestFacts } from './state.ts';

export interface JudgeField {
  readonly element: Pick<JudgeId>['element'];
  show(value: JudgeId, facts: RequestFacts): void;
}

const JUDGES: readonly JudgeId[] = ['cosine', 'sqnrDb', 'mse', 'top1', 'top5', 'command'];

/** By which number outputs are judged; what cannot be had now says why. */
export function createJudgeField(onChange: (judge: JudgeId) => void): JudgeField {
  const field = pickField<JudgeId>(t('Judged by'), onChange);
  return {
    element: field.element,
    show: (value, facts) => {
      const choices = JUDGES.map((id) => {
        const { title } = judgeWords({ id });
        const obstacle = judgeObstacle(id, facts);
        if (obstacle === undefined) return { value: id, text: title };
        const [text, why] =
          obstacle === 'labels'
            ? [t('{0} (needs labels)', title), t('The config names no labels for the samples of this run.')]
            : [
                t('{0} (none is set)', title),
                t('The settings of the extension name no command that gets the outputs and prints a number.'),
              ];
        return { value: id, text, title: why, disabled: true };
      });
      field.show(choices, value);
    },
  };
}
