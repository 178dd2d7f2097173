/** Prints the OpenAPI document: `node apps/api/dist/print-openapi.js > openapi.json`. Needs no database. */
import { renderOpenapi } from './documents/render-openapi.js';

process.stdout.write(await renderOpenapi());
