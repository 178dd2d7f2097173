import { readFile } from 'node:fs/promises';
import type { FolderArtifact } from '../artifacts/artifact-folder.js';
import type { Session } from '../session/session.js';
import { readEntry, type EntryBody } from './entries.js';

const MEDIA_TYPE = 'application/vnd.baykeeper.artifact';
/** A file goes to the service, or is read by it, as fast as a disk or a network lets it. */
const FILE_TIMEOUT_MS = 30 * 60_000;

/** Newest first. */
export async function listArtifactVersions(session: Session): Promise<readonly EntryBody[]> {
  return await session.callJson('/artifacts', (body) => body.requiredList('versions', readEntry));
}

/** What is wrong with the files of a version. */
export async function verifyArtifacts(session: Session, version: string): Promise<readonly EntryBody[]> {
  return await session.callJson(
    `/artifacts/${encodeURIComponent(version)}/verify`,
    (body) => body.requiredList('problems', readEntry),
    { method: 'POST', timeoutMs: FILE_TIMEOUT_MS },
  );
}

/** @returns checksums of files that the service lacks: nothing was changed then */
export async function putArtifactVersion(
  session: Session,
  version: string,
  artifacts: readonly FolderArtifact[],
): Promise<readonly string[]> {
  const body = {
    artifacts: artifacts.map(({ kind, name, reference, sha256, size }) => ({ kind, name, reference, sha256, size })),
  };
  const path = `/artifacts/${encodeURIComponent(version)}`;
  return await session.callJson(path, (answer) => answer.texts('missing'), { method: 'PUT', body });
}

export async function storeArtifact(session: Session, { file, sha256 }: FolderArtifact): Promise<void> {
  const content = { mediaType: MEDIA_TYPE, bytes: await readFile(file) };
  const answer = await session.call(`/artifacts/files/${sha256}`, {
    ...{ method: 'PUT', content, timeoutMs: FILE_TIMEOUT_MS },
  });
  answer.discard();
}
