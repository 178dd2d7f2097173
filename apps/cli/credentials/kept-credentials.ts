import { randomUUID, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { downloadCredentials } from '../api/bays.js';
import type { BayBody } from '../api/wire.js';
import type { Environment } from '../context.js';
import { CommandFailure } from '../failure.js';
import { isMissing, PRIVATE_DIRECTORY } from '../session/private-file.js';
import { dataDirectory } from '../session/saved-login.js';
import type { Session } from '../session/session.js';
import { unpackBundle } from './bundle.js';
import { dialBay, type DialResult } from './dial.js';
import { intactBundle, writeBundle } from './write-bundle.js';

/**
 * The credentials that `bay env` keeps, by the bay's uuid: a bay that takes over a deleted one's name never meets the
 * other's certificates.
 */
export interface KeptCredentials {
  readonly directory: string;
  readonly names: readonly string[];
  /** What the person should know although the credentials are there. */
  readonly warning: string | null;
}

/** A certificate this near its end, in milliseconds, is replaced: the shell that is set up now will be used for a while. */
const RENEWAL_MARGIN_MS = 60 * 60 * 1000;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function keptDirectory(environment: Environment, bayUuid: string): string {
  // It becomes part of a path, and came from a server.
  if (!UUID.test(bayUuid))
    throw new CommandFailure('unexpected', `"${bayUuid}" is no uuid. Is this a Baykeeper service?`);
  return join(dataDirectory(environment), 'bays', bayUuid);
}

export function removeKeptCredentials(environment: Environment, bayUuid: string): void {
  rmSync(keptDirectory(environment, bayUuid), { recursive: true, force: true });
}

/**
 * Makes sure that good credentials are there. They are downloaded when missing, damaged or (nearly) expired, and when
 * the bay itself does not take them in a TLS handshake that is verified against its authority. A bay that cannot be
 * reached at all gets a warning instead: fresh credentials would not change that, and each download is another
 * certificate in the world.
 */
export async function ensureKeptCredentials(
  environment: Environment,
  session: Session,
  bay: BayBody,
  now: Date,
): Promise<KeptCredentials> {
  const directory = keptDirectory(environment, bay.uuid);
  const names = intactBundle(directory, bay.uuid);
  if (names === null || isExpiring(directory, names, now)) {
    return { directory, names: await renew(session, bay, directory), warning: null };
  }
  const first = await tryBundle(directory, names, bay);
  if (first.kind === 'accepted') return { directory, names, warning: null };
  if (first.kind === 'unreachable') return { directory, names, warning: warn(bay, first.reason) };
  const renewed = await renew(session, bay, directory);
  const second = await tryBundle(directory, renewed, bay);
  return { directory, names: renewed, warning: second.kind === 'accepted' ? null : warn(bay, second.reason) };
}

function warn(bay: BayBody, reason: string): string {
  return `Warning: bay "${bay.name}" does not answer at ${bay.api_address ?? 'its address'}: ${reason}. See: bay show ${bay.name}`;
}

async function renew(session: Session, bay: BayBody, directory: string): Promise<readonly string[]> {
  const files = unpackBundle(await downloadCredentials(session, bay.uuid));
  const fresh = `${directory}.${randomUUID()}.part`;
  try {
    writeBundle(fresh, bay, files, true);
    exchangeDirectory(fresh, directory);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return files.map((file) => file.name);
}

/** Puts `fresh` in the place of `directory` as a whole, so that a key never stands beside another download's certificate. */
function exchangeDirectory(fresh: string, directory: string): void {
  const old = `${directory}.${randomUUID()}.old`;
  mkdirSync(join(directory, '..'), { recursive: true, mode: PRIVATE_DIRECTORY });
  try {
    renameSync(directory, old);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  try {
    renameSync(fresh, directory);
  } catch (error) {
    // Another `bay env` was faster; what it put there is as fresh as ours.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')))
      throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

function isExpiring(directory: string, names: readonly string[], now: Date): boolean {
  if (!names.includes('cert.pem')) return false;
  try {
    const certificate = new X509Certificate(readFileSync(join(directory, 'cert.pem')));
    return Date.parse(certificate.validTo) - RENEWAL_MARGIN_MS <= now.getTime();
  } catch {
    return true;
  }
}

/** A bundle without a certificate (a bay without TLS) has nothing that could be refused. */
async function tryBundle(directory: string, names: readonly string[], bay: BayBody): Promise<DialResult> {
  if (!['ca.pem', 'cert.pem', 'key.pem'].every((name) => names.includes(name))) return { kind: 'accepted' };
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const address = bay.api_address ?? '';
  if (!URL.canParse(address)) return { kind: 'unreachable', reason: 'it has no address' };
  const url = new URL(address);
  return await dialBay({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port === '' ? '443' : url.port),
    ca: read('ca.pem'),
    certificate: read('cert.pem'),
    key: read('key.pem'),
  });
}
