/** Views for tests: those of the stories. */
import type { EngineView } from '../src/backend/bindings/EngineView';
import { STORIES, type StoryName } from '../src/backend/stories';

export function engine(story: StoryName, change: Partial<EngineView> = {}): EngineView {
  return { ...STORIES[story].view.engine, ...change };
}
