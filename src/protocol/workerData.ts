/** What a model's worker is started with. */
export interface WorkerData {
  /** One int32: anything but 0 asks the work in progress to stop. A busy worker hears no message, but it can look. */
  readonly cancelCell: SharedArrayBuffer;
  /** Threads for the kernels, the worker's own included; 0 for one per core. */
  readonly threads: number;
  /** Bytes for activations and packed weights; undefined for all that the kernels can address. */
  readonly budgetBytes: number | undefined;
  /** Bytes of activations kept for trials. */
  readonly whatIfBytes: number;
}
