import type { Handlers, WorkerRequests } from '../protocol/messages.ts';
import type { Session } from '../session/index.ts';

type TensorHandlers = Pick<
  Handlers<WorkerRequests>,
  | 'tensor/open'
  | 'tensor/samples'
  | 'tensor/slice'
  | 'tensor/picture'
  | 'tensor/worst'
  | 'tensor/write'
  | 'sample/paths'
>;

/** Answers what is asked of single tensors. */
export function serveTensors({ tensors }: Pick<Session, 'tensors'>): TensorHandlers {
  return {
    'tensor/open': (params, signal) => tensors.head(params, signal),
    'tensor/samples': (params) => tensors.samples(params),
    'tensor/slice': (params, signal) => tensors.slice(params, signal),
    'tensor/picture': (params, signal) => tensors.picture(params, signal),
    'tensor/worst': (params, signal) => tensors.worst(params, signal),
    'tensor/write': (params, signal) => tensors.write(params, signal),
    'sample/paths': ({ sample }) => tensors.samplePaths(sample),
  };
}

/** The buffers of the arrays in an answer about a tensor, which are made for it alone. */
export function tensorBuffers(method: string, result: unknown): ArrayBufferLike[] {
  if (!method.startsWith('tensor/') || typeof result !== 'object' || result === null) return [];
  return Object.values(result).flatMap((part: unknown) => (ArrayBuffer.isView(part) ? [part.buffer] : []));
}
