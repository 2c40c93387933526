import type { AbortSource } from '../../src/protocol/rpc.ts';
import type { TensorFile, TensorRequests } from '../../src/protocol/tensorViews.ts';
import type { Connection } from '../connection.ts';
import type { Store } from '../store.ts';
import type { TensorLook } from './look.ts';

/** What one can do with single tensors. */
export function createTensorActions(
  store: Store,
  rpc: Connection['rpc'],
  fail: (method: string) => (cause: unknown) => void,
) {
  return {
    /** Shows a tensor's elements, as the node has it where one is given. */
    openTensor: (valueId: number, nodeId: number | null = store.state.selected): void =>
      store.update({ selected: nodeId, selectedTensor: valueId, bottom: 'data', tab: 'table', showTable: true }),
    setTensorLook: (change: Partial<TensorLook>): void =>
      store.update({ tensorLook: { ...store.state.tensorLook, ...change } }),
    askTensor: <M extends keyof TensorRequests>(
      method: M,
      params: TensorRequests[M]['params'],
      signal?: AbortSource,
    ): Promise<TensorRequests[M]['result']> =>
      // The rpc's types are keyed by every method; this is one of them.
      rpc.request(method, params as never, signal && { signal }) as Promise<TensorRequests[M]['result']>,
    /** Asks where to, and writes elements to a file. */
    saveTensor: async (file: TensorFile & { readonly suggestedName: string }): Promise<boolean> => {
      try {
        return (await rpc.request('tensor/save', file)).saved;
      } catch (cause) {
        fail('tensor/save')(cause);
        return false;
      }
    },
    /** An evaluation sample by its index, a calibration sample by its name. */
    openSample: (sample: number | string): void =>
      void rpc.request('sample/open', { sample }).catch(fail('sample/open')),
  };
}
