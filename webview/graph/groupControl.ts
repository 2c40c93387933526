import type { Actions } from '../actions.ts';
import type { Store } from '../store.ts';
import type { Drawing } from './drawing.ts';
import { allOpen, withOpened, withToggled } from './openGroups.ts';
import { type Hierarchy, ItemKind } from './picture.ts';

export interface GroupControlOptions {
  readonly store: Store;
  readonly actions: () => Actions;
  readonly drawing: () => Drawing | undefined;
  /** Groups of the loaded graph, and those open at first. */
  readonly loaded: () => { readonly hierarchy: Hierarchy; readonly open: readonly string[] } | undefined;
}

/** Opens and closes groups through the store, which the next picture is drawn by. */
export function createGroupControl({ store, actions, drawing, loaded }: GroupControlOptions) {
  /** The group that was opened or closed last, until it is drawn so. */
  let toggled: number | undefined;
  /** What to do once a picture with all groups open that it needs is drawn. */
  let afterwards: (() => void) | undefined;
  const open = (): readonly string[] => store.state.openGroups ?? loaded()?.open ?? [];

  const toggle = (group: number | undefined): void => {
    const known = loaded();
    if (known === undefined || group === undefined) return;
    toggled = group;
    actions().setOpenGroups(withToggled(known.hierarchy, open(), group));
  };
  const isShownOpen = (group: number): boolean => {
    const shown = drawing();
    return shown?.scene.kind[shown.itemOfGroup(group) ?? -1] === ItemKind.frame;
  };

  return {
    toggle,
    /** Opens a group that is closed, or closes one that is open. */
    set(group: number | undefined, wanted: 'open' | 'closed'): void {
      if (group !== undefined && isShownOpen(group) !== (wanted === 'open')) toggle(group);
    },
    openAll(): void {
      const known = loaded();
      if (known !== undefined) actions().setOpenGroups(allOpen(known.hierarchy));
    },
    closeAll: (): void => actions().setOpenGroups([]),
    /** Does `then` with the item of a node, after the groups around it have been opened. */
    showNode(nodeId: number, then: (item: number) => void): void {
      const [shown, known] = [drawing(), loaded()];
      const item = shown?.itemOf(nodeId);
      if (shown === undefined || item === undefined || known === undefined) return;
      if (shown.scene.kind[item] !== ItemKind.group) {
        then(item);
        return;
      }
      afterwards = () => {
        const now = drawing()?.itemOf(nodeId);
        if (now !== undefined) then(now);
      };
      const group = known.hierarchy.groupOfNode[shown.table.nodeIndex(nodeId)] ?? -1;
      actions().setOpenGroups(withOpened(known.hierarchy, open(), group));
    },
    /** The group of a key, else the innermost around the selected node. */
    meant(key: string | undefined): number | undefined {
      const { selected, graph } = store.state;
      const hierarchy = loaded()?.hierarchy;
      const group =
        key === undefined
          ? hierarchy?.groupOfNode[selected === null ? -1 : (graph?.nodeIndex(selected) ?? -1)]
          : hierarchy?.groups.findIndex((g) => g.key === key);
      return group === undefined || group < 0 ? undefined : group;
    },
    /** The group that was toggled since the last picture. */
    takeToggled(): number | undefined {
      const group = toggled;
      toggled = undefined;
      return group;
    },
    /** A picture has been drawn. */
    drawn(): void {
      const then = afterwards;
      afterwards = undefined;
      then?.();
    },
  };
}
