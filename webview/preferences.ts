import type { Preferences } from '../src/protocol/messages.ts';
import { isMetricId } from '../src/protocol/metrics.ts';
import { isPaletteId } from './heat/shades.ts';
import type { PersistedView } from './store.ts';

/** What the settings say of a view, as far as it is known here. */
export function preferred(preferences: Preferences): Partial<PersistedView> {
  const { metric, palette, scale, minimap } = preferences;
  return {
    ...(isMetricId(metric) && { metric }),
    ...(metric === 'none' && { metric: null }),
    ...(isPaletteId(palette) && { heatPalette: palette }),
    ...((scale === 'bands' || scale === 'gradient') && { heatScale: scale }),
    minimap,
  };
}
