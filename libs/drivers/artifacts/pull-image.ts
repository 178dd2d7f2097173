/**
 * Pulls an image from a registry (OCI distribution specification 1.1) and packs it as an OCI image layout in a tar archive,
 * the form that containerd imports. Everything is known by its digest, from the catalogue's own down to each layer, and
 * compared while it goes through: nothing of it has to be trusted.
 */
import { createHash } from 'node:crypto';
import { BaykeeperError } from '@baykeeper/domain';
import { z } from 'zod';
import { tarEnd, tarHeader, tarPadding } from './tar.js';
import { answerOf, refusal, send, type WebAnswer } from './web.js';

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
/** A manifest names a few dozen layers. */
const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const descriptor = z.object({ mediaType: z.string(), digest, size: z.int().min(0) });
const indexSchema = z.object({
  manifests: z.array(
    descriptor.extend({ platform: z.object({ os: z.string(), architecture: z.string() }).optional() }),
  ),
});
const manifestSchema = z.object({ config: descriptor, layers: z.array(descriptor) });
type Descriptor = z.infer<typeof descriptor>;

/** @returns the archive's parts, in order; an error among them means that all of it is worth nothing */
export async function* pullImage(reference: string, imageDigest: string, platform = LINUX): AsyncGenerator<Buffer> {
  const registry = openRegistry(reference);
  const first = await registry.manifest(imageDigest);
  const isList = [OCI_INDEX, DOCKER_LIST].includes(first.mediaType);
  const manifest = isList ? await registry.manifest(choose(first.content, platform, reference)) : first;
  const { config, layers } = readJson(manifestSchema, manifest.content, reference);

  yield* file('oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })));
  yield* file(
    'index.json',
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        manifests: [
          {
            ...{ mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.content.length },
            annotations: { 'io.containerd.image.name': reference },
          },
        ],
      }),
    ),
  );
  yield* file(pathOf(manifest.digest), manifest.content);
  const seen = new Set<string>();
  for (const part of [config, ...layers]) {
    // Two layers may be the same.
    if (seen.has(part.digest)) continue;
    seen.add(part.digest);
    yield tarHeader(pathOf(part.digest), part.size);
    yield* checked(await registry.blob(part), part);
    yield tarPadding(part.size);
  }
  yield tarEnd();
}

const LINUX = { os: 'linux', architecture: 'amd64' } as const;

function* file(path: string, content: Buffer): Generator<Buffer> {
  yield tarHeader(path, content.length);
  yield content;
  yield tarPadding(content.length);
}

function pathOf(partDigest: string): string {
  return `blobs/${partDigest.replace(':', '/')}`;
}

function choose(content: Buffer, { os, architecture }: typeof LINUX, reference: string): string {
  const { manifests } = readJson(indexSchema, content, reference);
  const found = manifests.find(({ platform }) => platform?.os === os && platform.architecture === architecture);
  if (found !== undefined) return found.digest;
  throw notAsExpected(`${reference} is not made for ${os}/${architecture}.`);
}

async function* checked({ content }: WebAnswer, part: Descriptor): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > part.size) break;
    hash.update(chunk);
    yield chunk;
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (size !== part.size || actual !== part.digest) throw wrongDigest(part.digest, actual);
}

interface Manifest {
  readonly mediaType: string;
  readonly digest: string;
  readonly content: Buffer;
}

function openRegistry(reference: string) {
  const path = reference.slice(0, reference.lastIndexOf(':'));
  const host = path.slice(0, path.indexOf('/'));
  const repository = path.slice(path.indexOf('/') + 1);
  const scheme = /^(localhost|127\.0\.0\.1)(:|$)/.test(host) ? 'http' : 'https';
  const base = `${scheme}://${host}/v2/${repository}`;
  let token: string | null = null;

  async function ask(url: string, accept: string): Promise<WebAnswer> {
    const headersWith = (bearer: string | null) => ({
      Accept: accept,
      ...(bearer !== null && { Authorization: `Bearer ${bearer}` }),
    });
    let response = await send(url, headersWith(token));
    const challenge = response.headers.get('www-authenticate');
    if (response.status === 401 && challenge !== null) {
      await response.body?.cancel();
      token = await requestToken(challenge, repository);
      response = await send(url, headersWith(token));
    }
    if (response.ok) return answerOf(response);
    await response.body?.cancel();
    throw refusal(url, response.status);
  }

  return {
    async manifest(wanted: string): Promise<Manifest> {
      const accept = [OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST].join(', ');
      const { headers, content } = await ask(`${base}/manifests/${wanted}`, accept);
      const body = await readWhole(content, MOST_MANIFEST_BYTES);
      const actual = `sha256:${createHash('sha256').update(body).digest('hex')}`;
      if (actual !== wanted) throw wrongDigest(wanted, actual);
      return { mediaType: (headers.get('content-type') ?? '').split(';')[0] ?? '', digest: wanted, content: body };
    },
    blob: (part: Descriptor) => ask(`${base}/blobs/${part.digest}`, '*/*'),
  };
}

/** Anybody's token for a public repository, as the registry itself says where to get it (RFC 6750, section 3). */
async function requestToken(challenge: string, repository: string): Promise<string> {
  const [, realm] = /^Bearer .*realm="([^"]+)"/i.exec(challenge) ?? [];
  const [, service] = /service="([^"]+)"/i.exec(challenge) ?? [];
  if (realm === undefined || !URL.canParse(realm)) throw notAsExpected('The registry wants a login that is not known.');
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${repository}:pull`);
  const response = await send(url.href, { Accept: 'application/json' });
  const body = await readWhole(answerOf(response).content, MOST_MANIFEST_BYTES);
  if (!response.ok) throw refusal(url.origin, response.status);
  const found = readJson(
    z.object({ token: z.string().optional(), access_token: z.string().optional() }),
    body,
    url.host,
  );
  return found.token ?? found.access_token ?? '';
}

async function readWhole(content: AsyncIterable<unknown>, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) throw notAsExpected('The registry answered with more than a manifest can hold.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readJson<Schema extends z.ZodType>(schema: Schema, content: Buffer, what: string): z.infer<Schema> {
  let body: unknown;
  try {
    body = JSON.parse(content.toString('utf8'));
  } catch {
    body = null;
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw notAsExpected(`The registry's answer for ${what} cannot be understood.`);
}

function wrongDigest(expected: string, actual: string): BaykeeperError {
  return notAsExpected(`The checksum of what the registry gave does not match: expected ${expected}, got ${actual}.`);
}

function notAsExpected(publicMessage: string): BaykeeperError {
  return new BaykeeperError({ code: 'provider-refused', publicMessage });
}
