/**
 * How the messages in `messages/` become functions. Run by itself it compiles them, for the checks
 * that come without Vite.
 */
import { compile } from '@inlang/paraglide-js';

/** @type {import('@inlang/paraglide-js').CompilerOptions} */
export const options = {
  project: './project.inlang',
  outdir: './src/paraglide',
  // The system's language where there is a translation, else English.
  strategy: ['preferredLanguage', 'baseLocale'],
  outputStructure: 'locale-modules',
  emitTsDeclarations: true,
  emitReadme: false,
};

if (import.meta.filename === process.argv[1]) await compile(options);
