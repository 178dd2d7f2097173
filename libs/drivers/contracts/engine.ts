import type { BaymodelFields, Bay, EngineName, Labels, Listener, Node, NodeGroup } from '@baykeeper/domain';
import type { MachineFile } from './compute.js';

/** The engine contract: what a container engine needs from us, and how it is asked things. */

/** A rule that was broken: one sentence that says what to do. */
export type Problem = string;

/** What a certificate is for; the control plane decides it, never the CSR. */
export interface CertificateProfile {
  readonly commonName: string;
  readonly organization: string | null;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly usages: readonly ('server' | 'client')[];
  readonly days: number;
}

/** A bay's authorities (Magnum's names): engines use those they want. */
export type AuthorityPurpose = 'cluster' | 'etcd' | 'front-proxy';

/** A certificate besides a node's own, for the same key. */
export interface FurtherCertificate {
  /** Under which the node's scripts find it: lower-case letters and `-`. */
  readonly name: string;
  readonly authority: AuthorityPurpose;
  readonly profile: CertificateProfile;
}

/** From the least to the most. */
export const TENANT_ACCESS = ['view', 'edit', 'admin'] as const;
export type TenantAccess = (typeof TENANT_ACCESS)[number];
/** What a certificate lets its holder do: the control plane itself anything, tenants what they are or ask for. */
export type ClientAccess = TenantAccess | 'control-plane';

/** PEM texts of one session. */
export interface SessionIdentity {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** PEM texts with which the control plane itself speaks to a bay; made for one session, never stored. */
export interface ControlIdentity extends SessionIdentity {
  /** Of the bay's etcd authority, for engines with `usesEtcd`. */
  readonly etcd?: SessionIdentity;
}

/** Secrets of a bay that all of its masters share. */
export interface BayKeys {
  /** PEM (PKCS#8, RSA) of the key that signs service accounts' tokens. Made when it is first asked for. */
  serviceAccountKey(): Promise<string>;
}

/** What a node is marked with in its engine. */
export type NodeGroupMarks = Pick<NodeGroup, 'name' | 'nodeLabels' | 'nodeTaints'>;

/** All an engine driver may know about one bay at one moment. */
export interface EngineContext {
  readonly bay: Bay;
  /** All its nodes where the cluster is observed or a node configured; its masters alone where one node is worked on. */
  readonly nodes: readonly Node[];
  /** The load balancer's address, or the only master's; null while there is none. */
  readonly clientAddress: string | null;
  /** Null for a bay without TLS. */
  readonly identity: ControlIdentity | null;
}

export interface EngineNodeView {
  /** The node's host name, as the engine knows it. */
  readonly name: string;
  readonly state: 'ready' | 'down';
  readonly detail: string;
}

/** What the engine says about its cluster. Not reachable: `unknown`, and nothing may be concluded from it. */
export type EngineObservation =
  | {
      readonly reachable: true;
      readonly nodes: readonly EngineNodeView[];
      readonly engineVersion: string;
      readonly containerVersion: string;
      /** More for the tenant to read in the bay's health, by a short name: `dns`. */
      readonly notes?: Readonly<Record<string, string>>;
      /** Listeners that the cluster's own users ask for, besides `listeners`; their names begin with `service-`. */
      readonly listeners?: readonly Listener[];
      /** The cluster has not been told where those are served: see `announceListeners`. */
      readonly isUnannounced?: boolean;
    }
  | { readonly reachable: false; readonly reason: string };

export interface NodeFilesInput {
  readonly bay: Bay;
  readonly node: Node;
  readonly nodeGroupName: string;
  /** What the node is marked with from the start. */
  readonly nodeTaints?: NodeGroup['nodeTaints'];
}

export interface NodeFiles {
  readonly files: readonly MachineFile[];
  /** Variables that the engine's scripts read besides the common ones. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface CredentialFile {
  readonly name: string;
  readonly content: string;
  /** Holds a private key or a token. */
  readonly secret: boolean;
}

export interface CredentialFilesInput {
  readonly bayName: string;
  /** As `apiAddress` gives it. */
  readonly apiAddress: string;
  /** Null for a bay without TLS. */
  readonly tls: { readonly ca: string; readonly certificate: string; readonly key: string } | null;
}

export interface EngineDriver {
  readonly name: EngineName;
  /** @param machineSubnets prefixes from which machines get their addresses, where that is known */
  checkBaymodel(baymodel: BaymodelFields, machineSubnets?: readonly string[]): readonly Problem[];
  checkBay(bay: {
    masterCount: number;
    nodeCount: number;
    masterLbEnabled: boolean;
    labels: Labels;
    networkDriver?: string | null;
    /** As of `checkBaymodel`. */
    machineSubnets?: readonly string[];
  }): readonly Problem[];
  /** Listeners over the masters for the engine's API, and over the workers for what the template asks (`lb_ports`). */
  listeners(bay: { tlsDisabled: boolean; masterLbEnabled: boolean; labels: Labels }): readonly Listener[];
  /** The URL clients use, for example `tcp://192.0.2.7:2376`. */
  apiAddress(bay: { tlsDisabled: boolean }, address: string): string;
  nodeCertificate(input: { node: Node; clientAddress: string | null }): CertificateProfile;
  /** What a node gets besides, for the same key; and the authorities whose certificates it wants to have. */
  furtherCertificates?(input: { bay: Bay; node: Node; clientAddress: string | null }): {
    readonly authorities: readonly AuthorityPurpose[];
    readonly certificates: readonly FurtherCertificate[];
  };
  /** Subject and usages of what a tenant (or the control plane itself) uses; `holder` becomes the common name. */
  clientCertificate(holder: string, access: ClientAccess): CertificateProfile;
  /**
   * Where the engine reads rights from organizations (O): those of a tenant's certificate, in place of what its request
   * asks for. Missing: as requested.
   */
  clientOrganizations?(asked: readonly string[], access: TenantAccess): readonly string[];
  /** Whether the control plane speaks to the engine's etcd too. */
  readonly usesEtcd?: boolean;
  /**
   * What must be there before a machine of the bay is made, such as programs that nodes install. Idempotent; may take
   * minutes the first time. Missing where an engine needs nothing.
   * @throws BaykeeperError `provider-unavailable` (try later), `provider-refused` (will not get better by itself)
   */
  prepareBay?(bay: Bay): Promise<void>;
  nodeFiles(input: NodeFilesInput): NodeFiles;
  /** Variables for one node's join; asks a running master when there is one. Null: not possible yet. */
  joinData(context: EngineContext, node: Node, keys: BayKeys): Promise<Readonly<Record<string, string>> | null>;
  observe(context: EngineContext): Promise<EngineObservation>;
  /**
   * For engines whose users ask for listeners: tells the cluster which of them the balancer has, and its address. Idempotent.
   * Such a bay is looked at more often, because nobody says when a user asks.
   */
  readonly announceListeners?: (
    context: EngineContext,
    address: string,
    refusedPorts: ReadonlySet<number>,
  ) => Promise<void>;
  /** Tells the engine what it must know of a node that has just become ready (labels). Idempotent. */
  configureNode(context: EngineContext, node: Node, group: NodeGroupMarks): Promise<void>;
  /** Moves work away from the node. Idempotent; called again until `drained`. */
  drainNode(context: EngineContext, node: Node): Promise<{ readonly drained: boolean; readonly detail: string }>;
  /** Takes the node out of the engine's cluster (a master gives up its vote first). Idempotent; absent is success. */
  removeNode(context: EngineContext, node: Node): Promise<void>;
  /**
   * Replaces what lets a machine join the cluster, so that whoever learned of it can do nothing with it any more; nodes
   * that have joined stay. Done again, it is replaced again. Missing where an engine keeps nothing of the kind.
   * @throws BaykeeperError `provider-unavailable` when the cluster does not answer
   */
  rotateCredentials?(context: EngineContext): Promise<void>;
  /** How many masters may be missing before the cluster stops; the planner never goes below. */
  toleratedMasterLosses(masterCount: number): number;
  credentialFiles(input: CredentialFilesInput): readonly CredentialFile[];
}
