/**
 * The control plane's side of how a node joins by itself: it gets a certificate for the key it made, waits for its turn,
 * and reports how far it came. A node proves who it is with the token it was made with; the token is bound to the first
 * key that comes with it, so a token that leaked later opens nothing.
 *
 * Every call may be repeated: answers get lost.
 */
import type { KeyObject } from 'node:crypto';
import {
  BOOT_PHASES,
  BaykeeperError,
  clientAddressOf,
  detailOf,
  isRetryable,
  type Bay,
  type BootPhase,
  type Log,
  type Node,
  type NodeId,
  type EventKind,
} from '@baykeeper/domain';
import type { CertificateProfile, EngineDriver } from '@baykeeper/drivers';
import {
  hashOfToken,
  parseCertificateRequest,
  signCertificate,
  type AuthorityPurpose,
  type BayAuthorities,
  type SignedCertificate,
} from '@baykeeper/pki';
import { nodeTopic, type Signals } from '@baykeeper/queue';
import { SYSTEM, type NodeFacts, type Stores } from '@baykeeper/storage';
import type { Engines } from '../catalogue/catalogue.js';
import { invalidInput } from '../validation/refuse.js';
import { authenticateNode, notValid, requireStaying, type NodeTokenKind } from './authenticate-node.js';
import { openBayContexts, type BayContexts, type BayContextsDependencies } from './bay-contexts.js';
import { logTailOf, redactSecrets } from './redact-log.js';
import { openProgressRecords, type Progress } from './progress-records.js';
import { openWatch, type Watch } from './watch.js';

/** For the `Retry-After` of an answer 503: what is waited for takes moments. */
export const NODE_RETRY_SECONDS = 1;
/** Below the time after which proxies give up on a silent connection. */
const LONGEST_WAIT_SECONDS = 30;
/** Signals are prompt; looking by time is for those that were lost. */
const LOOK_AGAIN_MS = 10_000;
/** The engine could not give join data: it is starting, and no signal tells when it is done. */
const ASK_ENGINE_AGAIN_MS = 500;
/** Answers get lost, and a node asks again; each certificate stays on record, and one that never stops is not well. */
const MOST_ANSWERS = 32;
/** A sentence; what is longer belongs to the log. */
const LONGEST_MESSAGE = 500;

export interface NodeEnrolmentDependencies extends BayContextsDependencies {
  readonly engines: Engines;
  readonly authorities: BayAuthorities;
  readonly signals: Pick<Signals, 'publish' | 'subscribe'>;
  /** The token for a node's further calls: the same for the same node and key. */
  readonly sessionToken: (nodeId: NodeId, publicKeyHash: string) => string;
  readonly log: Log;
}

type FurtherCertificates = ReturnType<NonNullable<EngineDriver['furtherCertificates']>>;
const NOTHING_FURTHER: FurtherCertificates = { authorities: [], certificates: [] };

export interface NodeCertificate {
  /** The node's certificate, then its authority's, then what its engine wants besides, each after a line with its name. */
  readonly pem: string;
  readonly sessionToken: string;
}

/** What a node says about itself. */
export interface NodeReport {
  readonly phase: string;
  readonly outcome: string;
  readonly message: string | null;
  /** The end of its bootstrap log; of interest with a failure. */
  readonly log: string;
}

export class NodeEnrolment {
  private readonly contexts: BayContexts;
  private readonly waiting = new Set<Watch>();
  private closed = false;
  private readonly record: (progress: Progress) => Promise<boolean>;

  constructor(private readonly dependencies: NodeEnrolmentDependencies) {
    this.contexts = openBayContexts(dependencies);
    this.record = openProgressRecords(dependencies);
  }

  /**
   * Signs a certificate for the node's own key. Names and usages are the engine's to decide; the request gives the key.
   * @param token the enrolment token
   * @throws BaykeeperError `unauthenticated` (another token, or another key than the first); `invalid-input` (the
   *   request); `provider-unavailable` while an address that belongs into the certificate is not known: ask again after
   *   {@link NODE_RETRY_SECONDS}
   */
  async certificate(nodeId: string, token: string, csrPem: string): Promise<NodeCertificate> {
    const node = requireStaying(await this.authenticate(nodeId, token, ['enrolment']));
    const given = await this.stores.certificates.countByNode(node.id);
    const request = parseCertificateRequest(csrPem);
    const { bay, clientAddress } = await this.addressesFor(node);
    const further = this.engineOf(bay).furtherCertificates?.({ bay, node, clientAddress }) ?? NOTHING_FURTHER;
    if (given >= MOST_ANSWERS * (1 + further.certificates.length)) {
      throw new BaykeeperError({
        code: 'forbidden',
        publicMessage: `The node was given ${String(given)} certificates already: replace it.`,
      });
    }

    const sessionToken = this.dependencies.sessionToken(node.id, request.publicKeyHash);
    const bound = await this.stores.nodes.bindEnrolment(
      node.id,
      hashOfToken(token),
      request.publicKeyHash,
      hashOfToken(sessionToken),
    );
    if (!bound) throw notValid();

    const signed = await this.sign(request.publicKey, { bay, node, clientAddress }, further);
    const isNew = node.certifiedAt === null;
    const isRecorded = await this.record({
      node,
      facts: isNew ? { certifiedAt: this.dependencies.now() } : null,
      event: isNew ? { kind: 'node-certified', level: 'info', message: `${node.name} has its certificate.` } : null,
      certificates: signed.certificates.map(({ serial, subject, notAfter }) => ({
        ...{ bayId: bay.id, projectId: bay.projectId, serial, subject, notAfter },
        ...{ kind: 'node' as const, nodeId: node.id, userId: null },
      })),
    });
    if (!isRecorded) throw notValid();
    return { pem: signed.pem, sessionToken };
  }

  /** The node's own certificate and its authority's, then whatever else its engine wants, each under its name. */
  private async sign(
    publicKey: KeyObject,
    names: { bay: Bay; node: Node; clientAddress: string | null },
    further: FurtherCertificates,
  ): Promise<{ readonly pem: string; readonly certificates: readonly SignedCertificate[] }> {
    const { authorities, now } = this.dependencies;
    const { bay } = names;
    const signWith = async (purpose: AuthorityPurpose, profile: CertificateProfile): Promise<SignedCertificate> =>
      signCertificate({ authority: await authorities.ensureSigning(bay, purpose), publicKey, profile, now: now() });
    const own = await signWith('cluster', this.engineOf(bay).nodeCertificate(names));
    const [roots, others] = await Promise.all([
      Promise.all(
        further.authorities.map(async (purpose) =>
          named(`${purpose}-ca`, await authorities.ensureCertificate(bay, purpose)),
        ),
      ),
      Promise.all(
        further.certificates.map(async ({ name, authority, profile }) => ({
          ...{ name, signed: await signWith(authority, profile) },
        })),
      ),
    ]);
    const parts = others.map(({ name, signed }) => named(name, signed.certificatePem));
    const root = await authorities.ensureCertificate(bay, 'cluster');
    return {
      pem: [own.certificatePem, root, ...roots, ...parts].join(''),
      certificates: [own, ...others.map(({ signed }) => signed)],
    };
  }

  /**
   * What the node needs to join its bay's cluster. Answers as soon as it is its turn, or after the time.
   * @param token the session token
   * @param options.waitSeconds how long the node waits for the answer; at most 30 are used
   * @param options.gone fires when the node hung up
   * @returns variables for the node's scripts; null: not yet, ask again
   * @throws BaykeeperError `unauthenticated`
   */
  async join(
    nodeId: string,
    token: string,
    options: { waitSeconds: number; gone?: AbortSignal },
  ): Promise<Readonly<Record<string, string>> | null> {
    const node = requireStaying(await this.authenticate(nodeId, token, ['session']));
    const { gone } = options;
    const end = performance.now() + Math.min(Math.max(options.waitSeconds, 0), LONGEST_WAIT_SECONDS) * 1_000;
    let current = node;
    let asked = new Date(0);
    let watch: Watch | null = null;
    try {
      for (;;) {
        const grantedAt = current.joinGrantedAt;
        if (grantedAt !== null) {
          const data = await this.askEngine(current, grantedAt > asked ? grantedAt : asked);
          if (data !== null) return data;
          asked = this.dependencies.now();
        }
        const left = end - performance.now();
        if (left <= 0 || gone?.aborted === true || this.closed) return null;
        watch ??= this.watchNode(node.id);
        await watch.next(Math.min(left, grantedAt === null ? LOOK_AGAIN_MS : ASK_ENGINE_AGAIN_MS), gone);
        current = requireStaying(await this.stores.nodes.find(SYSTEM, node.id));
      }
    } finally {
      if (watch !== null) {
        this.waiting.delete(watch);
        watch.close();
      }
    }
  }

  /** Tells all nodes that wait to ask again, when the server stops: another one answers them. */
  close(): void {
    this.closed = true;
    for (const watch of this.waiting) watch.wake();
  }

  private watchNode(id: NodeId): Watch {
    const watch = openWatch(this.dependencies.signals, nodeTopic(id));
    this.waiting.add(watch);
    return watch;
  }

  /**
   * Takes down how far a node came. A failure is recorded with the end of its log, without secrets.
   * @param token the enrolment or the session token
   * @throws BaykeeperError `unauthenticated`; `invalid-input` (unknown phase or outcome); `conflict` (it can't have
   *   joined: it was not let in)
   */
  async report(nodeId: string, token: string, report: NodeReport): Promise<void> {
    const node = await this.authenticate(nodeId, token, ['session', 'enrolment']);
    const { outcome } = report;
    const phase = BOOT_PHASES.find((known) => known === report.phase);
    if (phase === undefined) throw invalidInput(`The phase is unknown: give one of ${BOOT_PHASES.join(', ')}.`);
    if (outcome === 'ok') await this.recordProgress(node, phase);
    else if (outcome === 'failed') await this.recordFailure(node, phase, report, token);
    else throw invalidInput('The outcome is unknown: give ok or failed.');
  }

  private async recordProgress(node: Node, phase: BootPhase): Promise<void> {
    const at = this.dependencies.now();
    switch (phase) {
      case 'booted':
        if (node.bootedAt !== null) return;
        return this.recordStep(node, { bootedAt: at }, 'node-booted', `${node.name} has booted.`);
      case 'engine':
        if (!(await this.stores.nodes.recordEngineStart(node.id))) return;
        await this.record({
          ...{ node, facts: null, certificates: [] },
          event: { kind: 'node-engine-started', level: 'info', message: `${node.name} has started its engine.` },
        });
        return;
      case 'joined':
        if (node.joinedAt !== null) return;
        if (node.joinGrantedAt === null) {
          throw new BaykeeperError({
            code: 'conflict',
            publicMessage: 'The node was not let in yet: ask for its join data first.',
          });
        }
        return this.recordStep(node, { joinedAt: at }, 'node-joined', `${node.name} has joined the cluster.`);
      case 'certificate':
      case 'join':
        // We gave it these ourselves, and know.
        return;
    }
  }

  private async recordFailure(node: Node, phase: BootPhase, report: NodeReport, token: string): Promise<void> {
    // A node that is being removed, or was given up, fails for that reason: nothing new.
    if (node.failedAt !== null || node.removalRequestedAt !== null) return;
    const said = redactSecrets(report.message ?? '', [token])
      .replaceAll('\n', ' ')
      .trim();
    const message = said.slice(0, LONGEST_MESSAGE).replace(/[.\s]+$/, '') || 'it gave no reason';
    const failure = { phase, message, logTail: logTailOf(report.log, [token]) };
    const sentence = `Node ${node.name} failed in phase ${phase}: ${message}.`;
    await this.recordStep(node, { failedAt: this.dependencies.now(), failure }, 'node-failed', sentence, 'error');
  }

  /** A fact, its event and the reason to reconcile. */
  private async recordStep(
    node: Node,
    facts: Partial<NodeFacts>,
    kind: EventKind,
    message: string,
    level: 'info' | 'error' = 'info',
  ): Promise<void> {
    await this.record({ node, facts, event: { kind, level, message }, certificates: [] });
  }

  /** Null when the engine is not ready to tell; it will be. */
  private async askEngine(node: Node, newerThan: Date): Promise<Readonly<Record<string, string>> | null> {
    try {
      const context = await this.contexts.load(node.bayId, newerThan);
      return await this.engineOf(context.bay).joinData(context, node, {
        serviceAccountKey: () => this.dependencies.authorities.ensureSharedKey(context.bay, 'service-account'),
      });
    } catch (error) {
      if (!(error instanceof BaykeeperError) || !isRetryable(error.code)) throw error;
      this.dependencies.log.warn({ nodeId: node.id, error: detailOf(error) }, 'asking the engine for join data failed');
      return null;
    }
  }

  /** Everything that a certificate's names may need, known for good. */
  private async addressesFor(node: Node): Promise<{ bay: Bay; clientAddress: string | null }> {
    const { bays, loadBalancers, nodes } = this.stores;
    const bay = await bays.getForNode(node.bayId);
    if (bay === null) throw notValid();
    const loadBalancer = await loadBalancers.findByBay(SYSTEM, bay.id);
    const others = bay.masterLbEnabled ? [] : await nodes.listMasters(SYSTEM, bay.id);
    const clientAddress = clientAddressOf(bay, others, loadBalancer);
    if (node.address === null || (bay.masterLbEnabled && clientAddress === null)) {
      throw new BaykeeperError({
        code: 'provider-unavailable',
        publicMessage: 'The addresses for the certificate are not known yet: ask again in a moment.',
      });
    }
    return { bay, clientAddress };
  }

  private engineOf(bay: Bay): EngineDriver {
    return this.dependencies.engines.engine(bay.engine);
  }

  private authenticate(nodeId: string, token: string, kinds: readonly NodeTokenKind[]): Promise<Node> {
    return authenticateNode(this.stores.nodes, nodeId, token, kinds);
  }

  private get stores(): Stores {
    return this.dependencies.database.stores;
  }
}

/** PEM readers skip what stands outside of its marks (RFC 7468 section 5.2); the node's script reads it. */
function named(name: string, pem: string): string {
  return `Baykeeper-Certificate: ${name}\n${pem}`;
}
