/** The artifact mirror as whoever runs the installation sees it, and as nodes draw on it. */
import type { ReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { BaykeeperError } from '@baykeeper/domain';
import type { ArtifactMirror, ArtifactProblem, ArtifactVersion, KeptVersion } from '@baykeeper/drivers';
import type { Database } from '@baykeeper/storage';
import { recordAudit } from '../audit/record-audit.js';
import type { Caller } from '../caller.js';
import { authenticateNode } from '../node-enrolment/authenticate-node.js';
import { showName } from '../validation/refuse.js';

export interface ArtifactsDependencies {
  readonly database: Database;
  readonly mirror: ArtifactMirror;
}

export interface ArtifactContent {
  readonly size: number;
  readonly content: ReadStream;
}

export class Artifacts {
  constructor(private readonly dependencies: ArtifactsDependencies) {}

  /** Newest first. */
  list(): readonly ArtifactVersion[] {
    return this.mirror.versions();
  }

  /** @throws BaykeeperError `not-found` */
  get(version: string): ArtifactVersion {
    const found = this.mirror.versions().find((known) => known.version === version);
    if (found === undefined) throw missing(version);
    return found;
  }

  /**
   * Makes a version of files that were stored before. @returns checksums of those that were not: nothing was changed then,
   * and the same is asked again once they are there
   */
  async put(caller: Caller, version: KeptVersion): Promise<readonly string[]> {
    const absent = await this.mirror.keep(version);
    if (absent.length > 0) return absent;
    await recordAudit(this.dependencies.database.stores, caller, {
      action: 'artifact:update',
      target: { kind: 'artifacts', id: version.version, name: version.version },
      detail: `${String(version.artifacts.length)} files`,
    });
    return [];
  }

  /** @throws BaykeeperError `invalid-input` when what comes has another checksum: nothing is kept */
  store(sha256: string, content: Readable): Promise<number> {
    return this.mirror.write(sha256, content);
  }

  /** Reads every file of a version. @throws BaykeeperError `not-found` for one that the mirror does not keep */
  async verify(version: string): Promise<readonly ArtifactProblem[]> {
    const problems = await this.mirror.verify(version);
    if (problems === null) throw missing(version);
    return problems;
  }

  /**
   * One file, for a node that installs it.
   * @param token the node's enrolment or session token
   * @throws BaykeeperError `unauthenticated`; `not-found`
   */
  async readForNode(nodeId: string, token: string, sha256: string): Promise<ArtifactContent> {
    await authenticateNode(this.dependencies.database.stores.nodes, nodeId, token, ['session', 'enrolment']);
    const size = await this.mirror.sizeOf(sha256);
    if (size === null) {
      throw new BaykeeperError({
        code: 'not-found',
        publicMessage: 'The artifact mirror keeps no file of this checksum: import its version again.',
      });
    }
    return { size, content: this.mirror.read(sha256) };
  }

  private get mirror(): ArtifactMirror {
    return this.dependencies.mirror;
  }
}

function missing(version: string): BaykeeperError {
  return new BaykeeperError({
    code: 'not-found',
    publicMessage: `Version ${showName(version)} could not be found: list those that the artifact mirror has.`,
  });
}
