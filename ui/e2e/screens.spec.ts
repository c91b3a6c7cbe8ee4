/** Every story in every theme it can have: a screenshot to look at, and axe finds nothing. */
import { mkdirSync } from 'node:fs';

import { expect } from '@playwright/test';

import { STORIES, type StoryName } from '../src/backend/stories';
import { accessible, open, SCREENS, START_MS, STORY_MS, test } from './page';

mkdirSync(SCREENS, { recursive: true });

/** Stories by their first word; one page shows all of a group, one after the other. */
const groups = new Map<string, string[]>();
for (const story of Object.keys(STORIES)) {
  const group = story.split('-')[0] ?? story;
  groups.set(group, [...(groups.get(group) ?? []), story]);
}

/** The windows as they open; that of an incoming call is lower when a stranger calls. */
function size(name: string): { width: number; height: number } {
  const { small, view } = STORIES[name as StoryName];
  if (!small) return { width: 1080, height: 720 };
  const { call } = view.engine;
  if (call.state === 'active') return { width: 352, height: 198 };
  const known = call.state === 'incoming' && call.known;
  return { width: 380, height: known ? 660 : 500 };
}

// Whatever has to do with a call is dark in both themes.
const THEMED = new Set(['start', 'home', 'field', 'settings']);

for (const [group, stories] of groups) {
  for (const theme of THEMED.has(group) ? ['light', 'dark'] : ['dark']) {
    test(`${group} ${theme}`, async ({ page }) => {
      test.setTimeout(stories.length * STORY_MS + START_MS);
      for (const story of stories) {
        await page.setViewportSize(size(story));
        await open(page, story, { theme });
        // The string falls once; all other movements have no end and no best moment.
        const animations = group === 'ended' ? 'disabled' : 'allow';
        await page.screenshot({ path: `${SCREENS}/${story}.${theme}.png`, animations });
        expect.soft(await accessible(page), `${story} ${theme}`).toEqual([]);
      }
    });
  }
}
