/**
 * Says what a file is that could not be read as a model, with the cure, from its first bytes.
 *
 * @param head the first bytes of the file, up to 512.
 * @returns undefined when they say nothing.
 */
export function sniff(head: Uint8Array): string | undefined {
  const text = String.fromCharCode(...head.subarray(0, 512));
  for (const [is, what] of SIGNATURES) if (is(text)) return what;
  return isText(head) ? 'it is a text file' : undefined;
}

type Signature = readonly [is: (text: string) => boolean, what: string];

const ZIP = 'PK\x03\x04';
const PICKLES = ['\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'];

const SIGNATURES: readonly Signature[] = [
  [starts('version https://git-lfs'), 'it is a Git LFS pointer; fetch the real file with "git lfs pull"'],
  [markup('!doctype', 'html', 'head', 'body'), 'it is a web page, probably a failed download'],
  [markup('?xml', 'error'), 'it is XML, probably a failed download or an OpenVINO model'],
  [
    (text) => text.startsWith(ZIP) && /data\.pkl|archive\/|constants\.pkl|byteorder/.test(text),
    'it is a PyTorch file; export the model with torch.onnx.export',
  ],
  [starts(ZIP, 'PK\x05\x06'), 'it is a ZIP archive; unpack it (or, for a PyTorch file, export it to ONNX)'],
  [starts(...PICKLES), 'it is a Python pickle (a PyTorch file?); export the model to ONNX'],
  [identifier('TFL3'), 'it is a TensorFlow Lite model; convert it with tf2onnx'],
  [identifier('ORTM'), 'it is an ONNX Runtime .ort file; use the .onnx it was made from'],
  [identifier('MSL0', 'MSL1', 'MSL2'), 'it is a MindSpore Lite .ms file; use the .onnx it was made from'],
  [starts('\x89HDF'), 'it is an HDF5 file (Keras?); convert it with tf2onnx'],
  [starts('GGUF'), 'it is a GGUF file'],
  [starts('\x1f\x8b'), 'it is gzip-compressed; unpack it'],
  [starts('\x93NUMPY'), 'it is a NumPy array'],
  [(text) => text.slice(8, 10) === '{"', 'it is a safetensors file, weights without a graph'],
  [(text) => /^\s*<\s*(ir_version|opset_import)/.test(text), 'it is ONNX in text syntax; convert it with onnx.parser'],
  [(text) => /^(\xef\xbb\xbf)?\s*[{[]\s*(["\d{[\]}]|$)/.test(text), 'it is a JSON file'],
];

function starts(...prefixes: readonly string[]): (text: string) => boolean {
  return (text) => prefixes.some((prefix) => text.startsWith(prefix));
}

/** A FlatBuffers file identifier, four bytes at offset 4. */
function identifier(...ids: readonly string[]): (text: string) => boolean {
  return (text) => ids.includes(text.slice(4, 8));
}

function markup(...tags: readonly string[]): (text: string) => boolean {
  return (text) => {
    const tag = /^(\xef\xbb\xbf)?\s*<([!?a-z]+)/i.exec(text)?.[2]?.toLowerCase();
    return tag !== undefined && tags.includes(tag);
  };
}

function isText(head: Uint8Array): boolean {
  if (head.length === 0) return false;
  for (const byte of head) if (byte < 9 || (byte > 13 && byte < 32) || byte === 127) return false;
  return true;
}
