import type { ViewCommand } from '../../src/protocol/messages.ts';

/** Commands that the graph carries out by itself. */
export type GraphCommand = (typeof GRAPH_COMMANDS)[number];

const GRAPH_COMMANDS = [
  'expand',
  'collapse',
  'expandAll',
  'collapseAll',
  'zoomToSelection',
  'upstream',
  'downstream',
  'pathFrom',
  'pathTo',
  'clearPath',
  'minimap',
  'exportSvg',
  'exportPng',
] as const satisfies readonly ViewCommand[];

/** What is meant instead of the selected node or group. */
export interface CommandTarget {
  readonly nodeId?: number | undefined;
  /** Key of a group. */
  readonly group?: string | undefined;
}

export function isGraphCommand(command: ViewCommand): command is GraphCommand {
  return (GRAPH_COMMANDS as readonly ViewCommand[]).includes(command);
}
