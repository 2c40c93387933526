import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { DiagnosticError } from '../../src/base/diagnostics.ts';
import { allNodes } from '../../src/graph/topo.ts';
import { FileSource, filesBelow } from '../../src/node/files.ts';
import { readModel } from '../../src/onnx/read.ts';
import { describeWithShared, HAS_SHARED_DATA, sharedData } from '../helpers/sharedData.ts';

/** File of hostile/ -> what it must give: `throws CODE`, or the error codes it opens with, or a clean load. */
const EXPECTED: Readonly<Record<string, string>> = {
  'external_data/model_with_external_initializer_come_from_user.onnx': 'opens with ONX302',
  'external_data/test_arbitrary_external_file.onnx': 'opens with ONX301',
  'legacy/bert_tf2onnx_type_mismatch.onnx': 'loads',
  'legacy/pcb_aoi_opset1_FC_ImageScaler.onnx': 'loads',
  'not_onnx/lfs_pointer_mobilenetv2-12-int8.onnx': 'throws ONX102',
  'not_onnx/lfs_pointer_mobilenetv2-12.onnx': 'throws ONX102',
  'onnx_ml/sklearn_randomforest.onnx': 'loads',
  'ort/custom_ops_type_inference_fails_0.onnx': 'loads',
  'ort/invalid_dim_param_value_repetition.onnx': 'loads',
  'ort/matmul_add_missing_shape.onnx': 'loads',
  'ort/model_with_invalid_ort_config_json.onnx': 'loads',
  'ort/transpose_to_reshape_invalid.onnx': 'loads',
  'polygraphy/bad_graph_conditionally_invalid.onnx': 'loads',
  'polygraphy/bad_graph_with_dup_value_info.onnx': 'opens with ONX405',
  'polygraphy/bad_graph_with_duplicate_node_names.onnx': 'loads',
  'polygraphy/bad_graph_with_no_import_domains.onnx': 'opens with ONX401',
  'polygraphy/bad_graph_with_no_name.onnx': 'loads',
  'unsupported_domain/sr_prepost_ortext_opset18.onnx': 'loads',
  'unsupported_domain/weightless.qdq_conv.onnx': 'opens with ONX202',
};

async function outcomeOf(path: string): Promise<string> {
  const source = await FileSource.open(path);
  try {
    const { model, diagnostics } = await readModel(source, { file: path, external: filesBelow(dirname(path)) });
    expect([...allNodes(model.graph)].length).toBeGreaterThan(0);
    const errors = new Set(diagnostics.filter((d) => d.severity === 'error').map((d) => d.code));
    for (const { constant } of model.graph.values.values()) {
      await constant?.load().catch((error: unknown) => {
        if (!(error instanceof DiagnosticError)) throw error;
        expect(errors).toContain(error.diagnostic.code);
      });
    }
    return errors.size === 0 ? 'loads' : `opens with ${[...errors].join(', ')}`;
  } catch (error) {
    if (error instanceof DiagnosticError) return `throws ${error.diagnostic.code}`;
    throw error;
  } finally {
    await source.close();
  }
}

describeWithShared('the hostile files', () => {
  const files = HAS_SHARED_DATA
    ? readdirSync(sharedData('hostile'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.onnx'))
    : [];

  test('are all in the table', () => {
    expect(files.map((name) => name.replaceAll('\\', '/')).sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  test.each(Object.entries(EXPECTED))('%s: %s', async (name, expected) => {
    expect(await outcomeOf(sharedData(`hostile/${name}`))).toBe(expected);
  });

  test('a Git LFS pointer says how to get the file', async () => {
    const path = sharedData('hostile/not_onnx/lfs_pointer_mobilenetv2-12.onnx');
    const source = await FileSource.open(path);
    await expect(readModel(source, { file: 'm.onnx' })).rejects.toThrow(
      'ONX102 m.onnx: this is not an ONNX model: it is a Git LFS pointer; fetch the real file with "git lfs pull"',
    );
  });
});
