import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateShapes } from './generate-shapes.ts';

const file = new URL('../../src/cluster/ingest/shapes.ts', import.meta.url);

test('the shapes are those of the client’s models', async () => {
  const text = await generateShapes();
  if (process.env['UPDATE_SHAPES'] === '1') writeFileSync(file, text);
  expect(readFileSync(file, 'utf8')).toBe(text);
});
