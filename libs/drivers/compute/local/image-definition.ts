/** Images are data: one YAML file each in `templates/images`. */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { machine } from 'node:os';
import { join } from 'node:path';
import { BaykeeperError, type ImageFields } from '@baykeeper/domain';
import { parse } from 'yaml';
import { z } from 'zod';
import { absentAsUndefined } from './write-atomically.js';

const name = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/);
const unit = z.string().regex(/^[A-Za-z0-9@._-]+\.(service|socket|timer|mount)$/);

const imageDefinition = z.strictObject({
  name,
  description: z.string(),
  /** As Magnum calls the property of an image that decides which bays it fits. */
  os_distro: z.string(),
  suite: name,
  packages: z.array(z.string().regex(/^[a-z0-9][a-z0-9+.-]*$/)),
  disabled_units: z.array(unit),
  masked_units: z.array(unit),
  data_directories: z.array(z.string().regex(/^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/)),
  /** Without it: ahead, so that no bay has to wait for it. */
  built: z.literal('when-needed').optional(),
  /** Whether nodes see the artifact mirror, read-only, in {@link ARTIFACTS_IN_NODE}. */
  artifacts: z.boolean().optional(),
});
export type ImageDefinition = z.infer<typeof imageDefinition>;

/** Where the scripts of nodes look before they ask the control plane. */
export const ARTIFACTS_IN_NODE = '/usr/share/baykeeper/artifacts';

/** Goes up when the builder makes something else of the same definition, so that old results are not taken for new ones. */
const BUILDER_VERSION = 1;

/** @throws BaykeeperError `provider-refused` naming the file and what is wrong in it */
export async function loadImageDefinitions(directory: string): Promise<readonly ImageDefinition[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.yaml')).sort();
  return Promise.all(files.map((file) => loadImageDefinition(join(directory, file))));
}

async function loadImageDefinition(file: string): Promise<ImageDefinition> {
  const parsed = imageDefinition.safeParse(parse(await readFile(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new BaykeeperError({
    code: 'provider-refused',
    publicMessage: `The image definition ${file} is not valid: ${z.prettifyError(parsed.error)}`,
  });
}

/** The image as the catalogue shows it. */
export function catalogueImageOf({ name, description, os_distro: osDistro }: ImageDefinition): ImageFields {
  return {
    ...{ name, description, public: true, osDistro, architecture: machine(), status: 'active' },
    ...{ minDiskGib: 0, minMemoryMib: 0, properties: {}, driverImage: name },
  };
}

/** @throws BaykeeperError `provider-refused` when there is no image of that name */
export async function requireImageDefinition(directory: string, image: string): Promise<ImageDefinition> {
  const known = (await absentAsUndefined(loadImageDefinitions(directory))) ?? [];
  const definition = known.find((candidate) => candidate.name === image);
  if (definition !== undefined) return definition;
  throw new BaykeeperError({
    code: 'provider-refused',
    publicMessage: `The image "${image}" does not exist here. Use one of: ${known.map((each) => each.name).join(', ')}.`,
  });
}

/** Changes with the definition: a changed image is built beside the old one, which running machines still stand on. */
export function imageDigest(definition: ImageDefinition): string {
  return createHash('sha256')
    .update(JSON.stringify([BUILDER_VERSION, definition]))
    .digest('hex')
    .slice(0, 12);
}
