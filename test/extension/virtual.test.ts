import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { siblingOf } from '../../src/host/editor/virtualFiles.ts';
import { quantizingAllowed } from '../../src/host/trust.ts';
import { closeAll, file, graphTabs, MODEL, newSession, openGraph } from './workspace.ts';

const SCHEME = 'quantscope-test';

describe('a model that lies on no disk', () => {
  const files = new Map<string, Uint8Array>();
  let served: vscode.Disposable;

  before(async () => {
    files.set('/repo/m.onnx', await vscode.workspace.fs.readFile(file(MODEL)));
    served = vscode.workspace.registerFileSystemProvider(SCHEME, fileSystem(files), { isReadonly: true });
  });
  after(async () => {
    served.dispose();
    await closeAll();
    await vscode.workspace.getConfiguration('quantscope').update('virtualFileLimit', undefined, true);
  });

  it('is shown, weights included', async () => {
    const session = newSession(uriOf('/repo/m.onnx'));
    const graph = await session.graph();
    assert.equal(graph.nodeCount, 6);
    assert.equal(graph.file, 'm.onnx');
    const { tensors } = await session.details(graph.nodeId(0));
    assert(tensors.some(({ kind, dims }) => kind === 'Weight' && dims?.length === 4));
    session.dispose();
    await openGraph(uriOf('/repo/m.onnx'));
    assert.deepEqual(graphTabs(), ['m.onnx']);
  });

  it('is not quantized, for a reason', () => {
    assert.equal(quantizingAllowed(uriOf('/repo/m.onnx')), false);
    assert.equal(quantizingAllowed(file(MODEL)), true);
  });

  it('that cannot be read, or is too large, says so by name', async () => {
    const gone = newSession(uriOf('/repo/gone.onnx'));
    await assert.rejects(gone.graph(), /IPC102 gone\.onnx.*"quantscope-test:"/);
    gone.dispose();
    files.set('/repo/large.onnx', new Uint8Array(2 * 2 ** 20));
    await vscode.workspace.getConfiguration('quantscope').update('virtualFileLimit', 1, true);
    const large = newSession(uriOf('/repo/large.onnx'));
    await assert.rejects(large.graph(), /IPC103 large\.onnx.*2\.0 MiB.*1 MiB.*quantscope\.virtualFileLimit/);
    large.dispose();
  });

  it('has its external data beside it, in Git too', () => {
    assert.equal(siblingOf(uriOf('/repo/m.onnx'), 'data/w.bin').path, '/repo/data/w.bin');
    const git = vscode.Uri.from({
      scheme: 'git',
      path: '/repo/m.onnx',
      query: JSON.stringify({ path: '/repo/m.onnx', ref: 'HEAD' }),
    });
    const sibling = siblingOf(git, 'w.bin');
    assert.equal(sibling.path, '/repo/w.bin');
    assert.deepEqual(JSON.parse(sibling.query), { path: '/repo/w.bin', ref: 'HEAD' });
  });
});

function uriOf(path: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path });
}

function fileSystem(files: ReadonlyMap<string, Uint8Array>): vscode.FileSystemProvider {
  const find = (uri: vscode.Uri) => {
    const bytes = files.get(uri.path);
    if (bytes === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    return bytes;
  };
  const refuse = () => {
    throw vscode.FileSystemError.NoPermissions();
  };
  return {
    onDidChangeFile: new vscode.EventEmitter<vscode.FileChangeEvent[]>().event,
    watch: () => new vscode.Disposable(() => {}),
    stat: (uri) => ({ type: vscode.FileType.File, ctime: 0, mtime: 1, size: find(uri).byteLength }),
    readFile: find,
    readDirectory: () => [],
    createDirectory: refuse,
    writeFile: refuse,
    delete: refuse,
    rename: refuse,
  };
}
