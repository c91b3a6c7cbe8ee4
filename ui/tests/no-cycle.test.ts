import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Linter } from 'eslint';
import { expect, test } from 'vitest';

import rule from '../lint/no-cycle.js';

/** What the rule says of `a.ts` among these files. */
function said(files: Record<string, string>): string[] {
  const cwd = mkdtempSync(join(tmpdir(), 'tincan-cycle-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  const config: Linter.Config = {
    files: ['**/*.ts'],
    plugins: { tincan: { rules: { 'no-cycle': rule as never } } },
    rules: { 'tincan/no-cycle': 'error' },
  };
  const found = new Linter({ cwd }).verify(files['a.ts'] ?? '', config, join(cwd, 'a.ts'));
  return found.map(({ message }) => message);
}

test('an import that closes a circle is found, through types and components', () => {
  const files = {
    'a.ts': "import './b.svelte';",
    'b.svelte': `<script lang="ts">\n  import type { C } from './c';\n</script>`,
    'c.ts': "export * from './a';",
  };
  expect(said(files)).toEqual(['This import closes a circle: a.ts → b.svelte → c.ts → a.ts.']);
});

test('two ways to the same file are no circle', () => {
  const files = {
    'a.ts': "import './b'; import './c';",
    'b.ts': "import './c';",
    'c.ts': "import 'svelte';",
  };
  expect(said(files)).toEqual([]);
});
