// @vitest-environment node
/** Imports point to the left: protocol, transport, store, components, host, index. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const LAYERS = ['protocol', 'transport', 'store', 'components', 'host', 'index'];

/** Where JupyterLab and Lumino may be imported. */
const JUPYTER = /^(host\/|transport\/(widget|control|ahead|requests)\.ts$|index\.ts$)/;

/** Specifiers that a source imports or exports from, types and `import()` included. */
function importsOf(source: string): string[] {
  return ts.preProcessFile(source, true, true).importedFiles.map(({ fileName }) => fileName);
}

function layerOf(file: string): number {
  return LAYERS.indexOf(file.split('/')[0]!.replace(/\.tsx?$/, ''));
}

/** What is wrong with the imports of a file; its name is relative to src. */
function problemsOf(file: string, source: string): string[] {
  return importsOf(source).flatMap(specifier => {
    if (specifier.startsWith('.')) {
      const target = relative('.', join(dirname(file), specifier));
      if (target.startsWith('..')) {
        return file === 'index.ts' ? [] : [`${file} imports ${specifier}, outside of src`];
      }
      return layerOf(target) > layerOf(file) ? [`${file} imports ${specifier}: to the right`] : [];
    }
    return /^@(jupyter|lumino)/.test(specifier) && !JUPYTER.test(file)
      ? [`${file} imports ${specifier}: only the host may`]
      : [];
  });
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map(name => name.replaceAll('\\', '/'))
  .filter(name => /\.tsx?$/.test(name));

test('every file is in a layer', () => {
  expect(files.filter(file => layerOf(file) < 0)).toEqual([]);
  expect(files.length).toBeGreaterThan(20);
});

test('imports point to the left, and only the host imports Jupyter', () => {
  expect(files.flatMap(file => problemsOf(file, readFileSync(`src/${file}`, 'utf8')))).toEqual([]);
});

test('a component imports no other component, only parts', () => {
  const components = files.filter(file => /^components\/[A-Z]\w*\.tsx$/.test(file));
  const wrong = components.flatMap(file =>
    importsOf(readFileSync(`src/${file}`, 'utf8'))
      .filter(specifier => /^\.\/[A-Z]/.test(specifier))
      .map(specifier => `${file} imports ${specifier}`)
  );
  expect(wrong).toEqual([]);
});

describe('this test can fail', () => {
  test.each([
    ['protocol/codec.ts', "import { Store } from '../store/store';"],
    ['transport/loopback.ts', "import type { Page } from '../store/page';"],
    ['store/store.ts', "export * from '../components/component';"],
    ['store/store.ts', "const page = import('../host/App');"],
    ['store/hooks.ts', "import { Widget } from '@lumino/widgets';"],
    ['components/parts/Status.tsx', "import type { Kernel } from '@jupyterlab/services';"],
    ['components/Slider.tsx', "import '../index';"],
    ['transport/websocket.ts', "import { DOMWidgetModel } from '@jupyter-widgets/base';"],
    ['host/App.tsx', "import plugin from '../index';"],
    ['store/page.ts', "import info from '../../package.json';"]
  ])('%s with %s', (file, source) => {
    expect(problemsOf(file, source)).toHaveLength(1);
  });

  test.each([
    ['store/page.ts', "import type { Transport } from '../transport/transport';"],
    ['host/lab.ts', "import { Widget } from '@lumino/widgets';"],
    ['transport/widget.ts', "import { KernelMessage } from '@jupyterlab/services';"],
    ['transport/control.ts', "import { KernelMessage } from '@jupyterlab/services';"],
    ['index.ts', "import info from '../package.json';"],
    ['components/Slider.tsx', "import { useId } from 'react';"]
  ])('and %s may have %s', (file, source) => {
    expect(problemsOf(file, source)).toEqual([]);
  });
});
