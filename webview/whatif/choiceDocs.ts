import { t } from '../l10n.ts';
import type { ChoiceId } from './nodeWords.ts';

/** What a choice decides, in a sentence. */
export function choiceDoc(choice: ChoiceId | 'skip' | 'range'): string {
  switch (choice) {
    case 'skip':
      return t('Whether the node is quantized, or left float by skip_quant_node.');
    case 'precision':
      return t('What the node computes in: codes of its output and its weight, or floats of fewer bits.');
    case 'weightBits':
      return t('Bits of the codes of its weight.');
    case 'method':
      return t('How the range of its output is chosen from what calibration saw.');
    case 'symmetry':
      return t('Whether the codes of its output have their zero point in the middle, or use all codes for its range.');
    case 'granularity':
      return t('Whether its weight has a scale for each output channel, or one.');
    case 'range':
      return t('The values that the codes of its output reach from and to.');
  }
}
