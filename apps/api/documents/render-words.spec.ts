import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { renderCodes, renderEvents } from './render-words.js';

// Make one anew with: node apps/api/dist/print-words.js codes > docs/generated/codes.md
test.each([
  ['codes', renderCodes],
  ['events', renderEvents],
])('the document of %s that is checked in is the one that the words give', async (name, render) => {
  const checkedIn = await readFile(new URL(`../../../docs/generated/${name}.md`, import.meta.url), 'utf8');
  expect(checkedIn).toBe(render());
});
