import type { Listener, Member, MemberChanges } from '@baykeeper/domain';

/** The load balancer contract. One suite (`load-balancer.conformance.ts`) proves every driver. */

export interface LoadBalancerSpec {
  /** Chosen by us; the same id is the same load balancer. A lower-case UUID. */
  readonly id: string;
  readonly installation: string;
  readonly bayId: string;
  readonly listeners: readonly Listener[];
}

export interface LoadBalancerView {
  readonly id: string;
  readonly bayId: string;
  readonly address: string;
  readonly listeners: readonly ListenerView[];
}

export interface ListenerView {
  readonly name: string;
  readonly port: number;
  readonly members: readonly MemberView[];
}

export interface MemberView extends Member {
  /** What the balancer's own health check says. */
  readonly health: 'up' | 'down' | 'checking' | 'unknown';
}

export interface LoadBalancerDriver {
  readonly name: string;
  /**
   * Makes or finds it; its listeners become exactly those of `spec` (members of listeners that stay are untouched).
   * @throws BaykeeperError `provider-unavailable`, `provider-refused` (no address is left).
   */
  ensureLoadBalancer(spec: LoadBalancerSpec): Promise<LoadBalancerView>;
  /** The members of each listener become exactly `wanted` (key: listener name). Costs what changes. Idempotent. */
  ensureMembers(id: string, wanted: Readonly<Record<string, readonly Member[]>>): Promise<void>;
  /** Changes the named members of the named listeners and leaves all others as they are. Costs what changes. Idempotent. */
  changeMembers(id: string, changes: Readonly<Record<string, MemberChanges>>): Promise<void>;
  /** One that does not exist is success. */
  removeLoadBalancer(id: string): Promise<void>;
  list(installation: string): Promise<readonly LoadBalancerView[]>;
  /** What it really has, whoever changed it: members that get no connections are none. Null: there is none of that id. */
  observe(id: string): Promise<LoadBalancerView | null>;
  /** Stops what the driver itself runs (not what it balances), when the server stops. */
  close(): Promise<void>;
}
