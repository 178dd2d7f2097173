/**
 * Does ahead what local compute does only once, the building of the nodes' root filesystem, and says how it goes. Without
 * it the first bay waits for the same.
 *
 *     node libs/drivers/dist/prepare.js --data DIRECTORY [--images DIRECTORY]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { publicMessageOf } from '@baykeeper/domain';
import { findTemplatesDirectory } from './bootstrap/templates.js';
import { createLocalCompute } from './compute/local/local.driver.js';
import { probeLocalCompute } from './compute/local/local.probe.js';

const { values } = parseArgs({ options: { data: { type: 'string' }, images: { type: 'string' } } });
if (values.data === undefined) {
  process.stderr.write('usage: prepare.js --data DIRECTORY [--images DIRECTORY]\n');
  process.exit(2);
}
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const probe = await probeLocalCompute({ dataDirectory: values.data });
if (!probe.usable) {
  say(`No real nodes can be made here: ${probe.reason}`);
} else {
  const compute = createLocalCompute({
    dataDirectory: values.data,
    installation: '',
    subnet: null,
    imagesDirectory: join(findTemplatesDirectory(), 'images'),
    ...(values.images !== undefined && { imageStoreDirectory: values.images }),
  });
  try {
    await compute.prepare(say);
  } catch (error) {
    process.stderr.write(`${publicMessageOf(error)}\n`);
    process.exit(1);
  }
}
