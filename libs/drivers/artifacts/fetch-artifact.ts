/**
 * Fetches what the catalogue names: a program or a manifest by its URL, an image from its registry by digest. Whatever comes is compared
 * with the checksum that the catalogue has for it before it is kept.
 */
import { Readable } from 'node:stream';
import { BaykeeperError } from '@baykeeper/domain';
import type { ArtifactBlobs } from './artifact-blobs.js';
import type { CatalogueVersion, KeptVersion } from './artifact-version.js';
import { pullImage } from './pull-image.js';
import { get } from './web.js';

type KeptArtifact = KeptVersion['artifacts'][number];

export interface FetchArtifact {
  file(kind: 'binary' | 'manifest', entry: CatalogueVersion['binaries'][number]): Promise<KeptArtifact>;
  image(entry: CatalogueVersion['images'][number]): Promise<KeptArtifact>;
}

export function createArtifactFetcher(blobs: ArtifactBlobs): FetchArtifact {
  return {
    async file(kind, { name, url, sha256 }) {
      const known = await blobs.sizeOf(sha256);
      const size = known ?? (await fetchFile(blobs, url, sha256));
      return { kind, name, reference: null, sha256, size };
    },
    async image({ name, reference, digest }) {
      const { sha256, size } = await blobs.add(Readable.from(pullImage(reference, digest)));
      return { kind: 'image', name, reference, sha256, size };
    },
  };
}

async function fetchFile(blobs: ArtifactBlobs, url: string, sha256: string): Promise<number> {
  const { content } = await get(url, {});
  try {
    return await blobs.write(sha256, content);
  } catch (error) {
    if (!(error instanceof BaykeeperError) || error.code !== 'invalid-input') throw error;
    throw new BaykeeperError({
      code: 'provider-refused',
      publicMessage: error.publicMessage.replace('what came', url),
      cause: error,
    });
  }
}
