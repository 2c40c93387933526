import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';

const BASE = `[common_quant_param]
quant_type=FULL_QUANT
[data_preprocess_param]
calibrate_path=x:data
calibrate_size=1
input_type=BIN
[quantscope]
node_overrides=a:int16,b:int8,c:int4,d:float16
`;

test('operators on codes are refused where a node is asked to have other codes, each by name', () => {
  const { config, diagnostics } = parseConfig(`${BASE}export_format=QOPERATOR\n`, 'q.cfg');
  expect(config).toBeUndefined();
  const [error, ...more] = diagnostics.filter((d) => d.severity === 'error');
  expect(more).toEqual([]);
  expect(error?.message).toContain('node_overrides asks for a:int16, c:int4');
  expect(error?.at.line).toBe(9);
});

test('float operators between conversions take all codes, and are the default', () => {
  for (const line of ['', 'export_format=QDQ\n']) {
    const { config } = parseConfig(`${BASE}${line}`, 'q.cfg');
    expect(config?.quantscope.exportFormat).toBe('QDQ');
  }
});
