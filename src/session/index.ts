import { Session, type SessionParts } from './session.ts';

export type { CommandRequest, CommandResult, RunCommand } from './judges.ts';
export type { Session, SessionParts } from './session.ts';
export type { RunRequest } from './settings.ts';
export { isUnsupported } from './unsupported.ts';
export { withWriteErrors } from './writing.ts';

/** Opens the core to a face: one model at a time, everything in plain data. */
export function createSession(parts: SessionParts): Session {
  return new Session(parts);
}
