/** Prints a document of words: `print-words.js codes` or `print-words.js events`. */
import { renderCodes, renderEvents } from './documents/render-words.js';

const documents = new Map([
  ['codes', renderCodes],
  ['events', renderEvents],
]);
const render = documents.get(process.argv[2] ?? '');
if (!render) {
  process.stderr.write(`usage: print-words.js ${[...documents.keys()].join('|')}\n`);
  process.exit(2);
}
process.stdout.write(render());
