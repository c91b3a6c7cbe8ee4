/**
 * A lint rule: no file of `src/` imports itself, directly or through others. Types count, and so
 * do the imports of `.svelte` files. Kept here because it is one page, and the plugins that have
 * such a rule install a resolver, a compiler and a binary for it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

/** `from './x'`, `import './x'`, `import('./x')`; whatever is no path of ours is not followed. */
const IMPORT = /\b(?:from|import)\s*\(?\s*'(\.[^']*)'/g;
const ENDINGS = ['', '.ts', '.js', '.svelte', '/index.ts'];

/** The files that each file imports; read once per run of the linter. */
const known = new Map();

export default {
  meta: {
    type: 'problem',
    schema: [],
    messages: { cycle: 'This import closes a circle: {{ way }}.' },
  },
  create(context) {
    const file = context.filename;
    const check = (node) => {
      const imported = node.source && target(file, node.source.value);
      const way = imported && path(imported, file);
      if (!way) return;
      const names = [file, ...way].map((one) => relative(context.cwd, one));
      context.report({ node, messageId: 'cycle', data: { way: names.join(' → ') } });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

/** The shortest way from one file to another over their imports; null where none leads there. */
function path(from, to) {
  const before = new Map([[from, null]]);
  for (const file of before.keys()) {
    if (file === to) {
      const way = [];
      for (let at = file; at; at = before.get(at)) way.unshift(at);
      return way;
    }
    for (const next of imports(file)) if (!before.has(next)) before.set(next, file);
  }
  return null;
}

function imports(file) {
  if (!known.has(file)) {
    const texts = [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((found) => found[1]);
    known.set(file, texts.map((text) => target(file, text)).filter(Boolean));
  }
  return known.get(file);
}

/** The file that an import names; null for packages, styles and what is generated. */
function target(from, text) {
  if (typeof text !== 'string' || !text.startsWith('.')) return null;
  const base = resolve(dirname(from), text);
  const found = ENDINGS.map((ending) => base + ending).find(
    (one) => /\.(ts|js|svelte)$/.test(one) && existsSync(one),
  );
  return found ?? null;
}
