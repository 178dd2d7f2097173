/** Prints `docs/configuration.md`. */
import { renderConfigurationReference } from './render-reference.js';

process.stdout.write(renderConfigurationReference());
