/** Which of the two ways a page's pictures take. */
import type { Backend } from '../backend/backend';
import type { UiView } from '../backend/bindings/UiView';
import { CanvasSurface } from './canvas';
import { Feed } from './feed';
import { NativeSurface } from './native';
import type { PictureSurface } from './surface';

/** Chooses once, from the first view. */
export function createSurface(
  view: Pick<UiView, 'surface' | 'picturesUrl'>,
  backend: Backend,
): PictureSurface {
  if (view.surface === 'webview' && backend.paint) return new CanvasSurface(backend.paint);
  const layout = new NativeSurface((stage) => void backend.setStage(stage));
  if (view.surface === 'native') return layout;
  const feed = new Feed(view.picturesUrl ?? '');
  return new CanvasSurface((stream, canvas, look) => feed.show(stream, canvas, look), layout);
}
