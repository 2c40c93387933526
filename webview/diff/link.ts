import type { SharedPlace } from '../../src/protocol/compareViews.ts';
import type { Drawing } from '../graph/drawing.ts';
import type { Camera, Store } from '../store.ts';
import { cameraFor, placeOf } from './sharedPlace.ts';
import { counterparts } from './state.ts';

export interface DiffLink {
  /** Call whenever the picture has moved. */
  moved(): void;
  /** Shows a node at a place, without telling the other side. */
  showAt(nodeId: number, place: SharedPlace): void;
}

export interface LinkOptions {
  readonly store: Store;
  drawing(): Drawing | undefined;
  camera(): Camera;
  moveTo(camera: Camera): void;
  share(place: SharedPlace): void;
}

/** Moves both halves of a diff editor together, once a frame. */
export function createDiffLink({ store, drawing, camera, moveTo, share }: LinkOptions): DiffLink {
  let scheduled = false;
  let isFollowing = false;
  const tell = () => {
    scheduled = false;
    const { diff } = store.state;
    const shown = drawing();
    const others = diff === null ? undefined : counterparts(diff);
    const place = others === undefined || shown === undefined ? undefined : placeOf(shown, camera(), others);
    if (place !== undefined) share(place);
  };
  return {
    moved: () => {
      if (isFollowing || scheduled || store.state.diff === null) return;
      scheduled = true;
      requestAnimationFrame(tell);
    },
    showAt: (nodeId, place) => {
      const shown = drawing();
      const next = shown === undefined ? undefined : cameraFor(shown, nodeId, place);
      if (next === undefined) return;
      isFollowing = true;
      moveTo(next);
      isFollowing = false;
    },
  };
}
