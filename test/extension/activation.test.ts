import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { progressTracker } from '../../src/host/commands/progressTracker.ts';
import { activeGraph } from '../../src/host/editor/registry.ts';
import { closeAll, extension, file, graphTabs, MODEL, until } from './workspace.ts';

describe('the extension', () => {
  after(closeAll);

  it('activates when a model is opened from the explorer, and opens it as a graph', async () => {
    await vscode.commands.executeCommand('vscode.open', file(MODEL));
    await until('active', () => extension().isActive);
    assert.deepEqual(graphTabs(), [MODEL]);
  });

  it('registers every command that the manifest contributes, and no other', async () => {
    const { commands } = extension().packageJSON.contributes as { commands: { command: string }[] };
    const registered = (await vscode.commands.getCommands(true)).filter((name) => /^quantscope\./.test(name));
    assert.deepEqual(
      registered
        .filter((name) => !/\.(graph|open|removeView|resetViewLocation|toggleVisibility|focus)$/.test(name))
        .sort(),
      commands.map(({ command }) => command).sort(),
    );
    assert(commands.length > 10);
  });

  it('gives every setting a default and a description', () => {
    const { properties } = extension().packageJSON.contributes.configuration as {
      properties: Record<string, { default?: unknown; markdownDescription?: string }>;
    };
    for (const [name, { default: value, markdownDescription }] of Object.entries(properties)) {
      assert.notEqual(value, undefined, name);
      assert.match(markdownDescription ?? '', /^[A-Z].*\.$/, name);
      assert.equal(vscode.workspace.getConfiguration().get(name), value, name);
    }
  });

  it('copies the sample into a folder, without overwriting one that is there', async () => {
    for (const name of ['quantscope-sample', 'quantscope-sample-2']) {
      const copy = await vscode.commands.executeCommand<vscode.Uri>('quantscope.openSample', file('.'));
      assert.equal(copy.toString(), file(name).toString());
      const names = (await vscode.workspace.fs.readDirectory(copy)).map(([entry]) => entry);
      for (const wanted of [MODEL, 'full_quant.cfg', 'calibration', 'test']) assert(names.includes(wanted), wanted);
      await until('its model is in front', () => activeGraph()?.path.startsWith(copy.path) === true);
      await closeAll();
      assert.equal(activeGraph(), undefined);
    }
    for (const name of ['quantscope-sample', 'quantscope-sample-2']) {
      await vscode.workspace.fs.delete(file(name), { recursive: true });
    }
  });

  it('counts progress up to 100 percent, never back', () => {
    const track = progressTracker();
    let percent = 0;
    const messages: string[] = [];
    for (const stage of ['read', 'calibrate', 'quantize', 'correct', 'calibrate', 'evaluate', 'report'] as const) {
      for (const done of [0, 1, 2]) {
        const { message, increment } = track({ stage, done, total: 2, text: '/some/where/a.png' });
        assert(increment >= 0);
        percent += increment;
        messages.push(message);
      }
    }
    assert.equal(percent, 100);
    assert.equal(messages[4], 'Calibrating 1/2 · a.png');
  });
});
