import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFiles } from '../../src/node/files.ts';
import { verifyCase } from '../../src/session/verify.ts';
import { findCases } from '../../src/session/verifyCases.ts';
import { sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { extractSuite } from '../ops/conformanceCases.ts';
import { SUITE } from '../ops/conformanceFailures.ts';

const archive = sharedData('conformance/onnx-backend-v1.22.0.tar.gz');

describe.skipIf(!existsSync(archive))(
  'the light models of the ONNX backend suite (needs shared data conformance/)',
  () => {
    it('give their expected outputs, from AlexNet to ZFNet', { timeout: 600_000 }, async () => {
      const kernels = await wasmKernels();
      const cases = await findCases(join(extractSuite(archive), 'light'), nodeFiles);
      expect(cases.length).toBe(SUITE.light);
      for (const light of cases) {
        const { status, reason } = await verifyCase(light, nodeFiles, kernels);
        expect(`${light.name} ${status} ${reason}`).toBe(`${light.name} passed `);
      }
    });
  },
);
