import assert from 'node:assert/strict';
import * as vscode from 'vscode';
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
      registered.filter((name) => !/\.(graph|open|removeView|resetViewLocation|focus)$/.test(name)).sort(),
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
});
