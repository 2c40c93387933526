import type { FileSystem } from '../base/bytes.ts';
import { DiagnosticError } from '../base/diagnostics.ts';
import { cannotWrite } from './errors.ts';

/** The same files; where writing fails, by full disks, missing rights or names already taken, SES410 says so. */
export function withWriteErrors(files: FileSystem): FileSystem {
  const told = async (path: string, work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (cause) {
      // What the chunks themselves raise, by reading or cancelling, is not about the file written.
      throw cause instanceof DiagnosticError || !isFileError(cause) ? cause : cannotWrite(path, cause);
    }
  };
  return {
    open: (path) => files.open(path),
    openBelow: (folder, path) => files.openBelow(folder, path),
    list: (directory) => files.list(directory),
    listDirectories: (directory) => files.listDirectories(directory),
    write: (path, contents) => told(path, files.write(path, contents)),
    writeChunks: (path, chunks) => told(path, files.writeChunks(path, chunks)),
    resolve: (base, path) => files.resolve(base, path),
    directoryOf: (path) => files.directoryOf(path),
    exists: (path) => files.exists(path),
  };
}

/** Errors of a file system carry a code, `EACCES` or VS Code's `NoPermissions`. */
function isFileError(cause: unknown): cause is Error {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string';
}
