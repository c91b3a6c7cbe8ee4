/** Marks a box that floats over a picture. The box has its own opaque colour and round corners. */
import { usePictures } from './surface';

/**
 * To be called while a component starts; the result is an action whose value says how much of
 * the box shows, 0 to 1. At 0 the box takes no pointer.
 */
export function useIsland() {
  const pictures = usePictures();
  return (node: HTMLElement, alpha: number = 1) => {
    const handle = pictures.island(node, alpha);
    const mark = (value: number) => {
      node.dataset['island'] = value === 0 ? 'gone' : 'shown';
    };
    mark(alpha);
    return {
      update: (value: number = 1) => {
        mark(value);
        handle.update(value);
      },
      destroy: handle.destroy,
    };
  };
}
