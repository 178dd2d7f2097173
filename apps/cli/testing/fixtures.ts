import type { ServerResponse } from 'node:http';
import type { NodeBody } from '../api/wire.js';

export interface FakeBay {
  readonly uuid: string;
  readonly name: string;
  status: string;
  status_reason: string | null;
  node_count: number;
  master_count: number;
  api_address: string | null;
  labels: Record<string, string>;
  cluster_template_id: string;
  created_at: string;
}

export interface FakeTemplate {
  readonly uuid: string;
  readonly [field: string]: unknown;
}

/** What one look at a bay finds; given as a list, each look takes the next and the last one stays. */
export interface Scene {
  readonly status?: string;
  readonly status_reason?: string | null;
  readonly nodes?: readonly NodeBody[];
  readonly gone?: boolean;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** Magnum's error form. */
export function sendError(response: ServerResponse, status: number, detail: string): void {
  const title = detail.split('.')[0] ?? '';
  sendJson(response, status, { errors: [{ request_id: '', code: 'client', status, title, detail, links: [] }] });
}

export function magnumError(status: number, detail: string): object {
  return { errors: [{ request_id: '', code: 'client', status, title: detail.split('.')[0], detail, links: [] }] };
}

/** A worker that is ready, changed as the test wants. */
export function fakeNode(name: string, more: Partial<NodeBody> = {}): NodeBody {
  return {
    uuid: `${name}-uuid`,
    name,
    role: name.includes('master') ? 'master' : 'worker',
    nodegroup: 'default-worker',
    phase: 'ready',
    address: '10.0.0.5',
    created_at: '2026-01-02T03:04:05+00:00',
    ready_at: '2026-01-02T03:04:17+00:00',
    registered: true,
    engine_state: 'ready',
    failure: null,
    removal_reason: null,
    steps: [],
    ...more,
  };
}

export interface FakeGroup {
  readonly uuid: string;
  readonly name: string;
  readonly role: string;
  readonly is_default: boolean;
  node_count: number;
}

/** A group of workers besides the default one. */
export function fakeGroup(name: string): FakeGroup {
  return { uuid: `${name}-uuid`, name, role: 'worker', is_default: false, node_count: 1 };
}
