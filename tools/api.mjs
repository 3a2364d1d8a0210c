// Write the page's public surface as text, so that a change of it shows in review.
//
//   node tools/api.mjs            write docs/api.md
//   node tools/api.mjs --check    exit 1 when it is stale
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { inRoot } from './paths.mjs';
import { isMain } from './run.mjs';

const API = inRoot('docs', 'api.md');

/** What somebody who writes a component, a transport or a host builds on. */
const SURFACE = [
  'src/components/component.ts',
  'src/protocol/codec.ts',
  'src/store/hooks.ts',
  'src/store/surroundings.ts',
  'src/store/page.ts',
  'src/transport/transport.ts'
];

/** The declarations of the surface, as Markdown. */
export function apiText() {
  const files = SURFACE.map(file => inRoot(file));
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(inRoot('tsconfig.json'), ts.sys.readFile).config,
    ts.sys,
    inRoot()
  );
  delete options.tsBuildInfoFile;
  const program = ts.createProgram(files, {
    ...options,
    incremental: false,
    declaration: true,
    emitDeclarationOnly: true,
    sourceMap: false,
    stripInternal: true
  });
  /** @type {Map<string, string>} */
  const declarations = new Map();
  for (const file of files) {
    program.emit(
      program.getSourceFile(file),
      (_, text) => declarations.set(file, withoutPrivate(text)),
      undefined,
      true
    );
  }
  const parts = files.map(file => section(file, declarations.get(file) ?? ''));
  return [
    '# The page in TypeScript',
    'What components, transports and hosts build on. Written by `npm run gen`; a change here is a change of the interface.',
    ...parts
  ].join('\n\n');
}

/** @param {string} text */
function withoutPrivate(text) {
  return text
    .split('\n')
    .filter(line => !/^\s*(?:private |import |export \{\};)/.test(line))
    .join('\n')
    .replace(/\/\*\*[\s\S]*?\*\/\n?\s*/g, '')
    .trim();
}

/**
 * @param {string} file
 * @param {string} declarations
 */
function section(file, declarations) {
  return `## ${path.relative(inRoot(), file)}\n\n\`\`\`ts\n${declarations}\n\`\`\`\n`;
}

/** @param {string[]} args */
function main(args) {
  const text = apiText();
  if (!args.includes('--check')) {
    writeFileSync(API, text);
    return 0;
  }
  if (readFileSync(API, 'utf8') === text) {
    return 0;
  }
  console.error('docs/api.md: stale; run `npm run gen`');
  return 1;
}

if (isMain(import.meta)) {
  process.exitCode = main(process.argv.slice(2));
}
