import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { strToU8, zipSync } from 'fflate';
import type { EventBody, NodeBody } from '../api/wire.js';
import { answerIdentity } from './fake-identity.js';
import {
  fakeGroup,
  sendError,
  sendJson,
  type FakeBay,
  type FakeGroup,
  type FakeTemplate,
  type Scene,
} from './fixtures.js';

/** One request as it came, for tests that look at what was sent. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** The client's side of the wire contract on a loopback port: just enough of the service to see what `bay` does with it. */
export class FakeService {
  readonly requests: SeenRequest[] = [];
  readonly tokens = new Set<string>();
  readonly bays = new Map<string, FakeBay>();
  readonly templates: FakeTemplate[] = [];
  events: EventBody[] = [];
  nodes: readonly NodeBody[] = [];
  loadBalancers: unknown[] = [];
  /** Files of the next credentials zip; a function is asked each time. */
  bundle: () => Record<string, string | Uint8Array> = () => ({});
  bundlesMade = 0;
  password = 'correct horse';
  tokenLifeMs = 3_600_000;
  /** Ends each event stream after so many events; a client then has to come back. */
  eventsPerStream = Infinity;
  /** Answers these instead of the ordinary, first fit first; each is used once. */
  readonly overrides: { readonly method: string; readonly path: RegExp; answer: (response: ServerResponse) => void }[] =
    [];
  /** Node groups of every bay besides its default workers. */
  readonly extraGroups: FakeGroup[] = [];
  private scenes: Scene[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  addTemplate(name: string, more: Record<string, unknown> = {}): string {
    const uuid = randomUUID();
    this.templates.push({
      uuid,
      name,
      coe: 'swarm',
      server_type: 'vm',
      image_id: 'debian-12',
      public: true,
      labels: {},
      ...more,
    });
    return uuid;
  }

  addBay(name: string, more: Partial<FakeBay> = {}): FakeBay {
    const bay: FakeBay = {
      uuid: randomUUID(),
      name,
      status: 'CREATE_COMPLETE',
      status_reason: null,
      node_count: 2,
      master_count: 1,
      api_address: 'tcp://192.0.2.7:2376',
      labels: {},
      cluster_template_id: this.templates[0]?.uuid ?? randomUUID(),
      created_at: new Date(Date.now() - 125_000).toISOString(),
      ...more,
    };
    this.bays.set(bay.uuid, bay);
    return bay;
  }

  /** From now on each look at any bay finds the next scene. */
  play(scenes: readonly Scene[]): void {
    this.scenes = [...scenes];
  }

  /** Makes the next fitting request fail. */
  failOnce(method: string, path: RegExp, status: number, body: unknown): void {
    this.overrides.push({
      method,
      path,
      answer: (response) => {
        sendJson(response, status, body);
      },
    });
  }

  requestsTo(method: string, path: RegExp): readonly SeenRequest[] {
    return this.requests.filter((request) => request.method === method && path.test(request.path));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const method = request.method ?? 'GET';
    const path = request.url ?? '/';
    this.requests.push({ method, path, headers: request.headers, body });
    response.setHeader('X-OpenStack-Request-Id', `req-${randomUUID()}`);
    const override = this.overrides.findIndex((each) => each.method === method && each.path.test(path));
    if (override >= 0) {
      this.overrides.splice(override, 1)[0]?.answer(response);
      return;
    }
    if (path.startsWith('/identity/v3/auth/tokens')) {
      answerIdentity(this, request, response, body);
      return;
    }
    if (path === '/readyz') {
      sendJson(response, 200, { ready: true, version: '9.9.9' });
      return;
    }
    if (!this.tokens.has(String(request.headers['x-auth-token']))) {
      sendJson(response, 401, { error: { code: 401, title: 'Unauthorized', message: 'The request needs a token.' } });
      return;
    }
    this.answerResource(method, new URL(path, this.url), request, response, body);
  }

  private answerResource(
    method: string,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): void {
    const [, , collection, ident = '', sub = '', action = ''] = url.pathname.split('/').map(decodeURIComponent);
    if (collection === 'clustertemplates') {
      this.answerTemplates(method, ident, response, body);
      return;
    }
    if (collection === 'clusters' && ident === 'detail') {
      this.sendPage(response, url);
      return;
    }
    if (collection === 'clusters' && ident === '' && method === 'POST') {
      const wish = JSON.parse(body) as {
        name: string;
        node_count: number;
        master_count: number;
        cluster_template_id: string;
      };
      const bay = this.addBay(wish.name, { ...wish, status: 'CREATE_IN_PROGRESS' });
      sendJson(response, 202, { uuid: bay.uuid });
      return;
    }
    const bay = this.bays.get(ident) ?? [...this.bays.values()].find((each) => each.name === ident);
    if (bay === undefined) {
      sendError(response, 404, `Cluster ${ident} could not be found.`);
      return;
    }
    if (sub === 'nodegroups') sendJson(response, 200, { nodegroups: this.groupsOf(bay) });
    else if (action === 'resize') this.resize(bay, response, body);
    else if (collection === 'clusters') this.answerBay(method, bay, response);
    else this.answerOurs(`${method} ${sub}${action === '' ? '' : `/${action}`}`, bay, request, response, url);
  }

  private answerTemplates(method: string, ident: string, response: ServerResponse, body: string): void {
    if (method === 'POST') {
      const uuid = this.addTemplate('', JSON.parse(body) as Record<string, unknown>);
      sendJson(
        response,
        201,
        this.templates.find((each) => each.uuid === uuid),
      );
    } else if (method === 'DELETE') {
      this.templates.splice(
        this.templates.findIndex((each) => each.uuid === ident),
        1,
      );
      response.writeHead(204).end();
    } else {
      sendJson(response, 200, { clustertemplates: this.templates });
    }
  }

  /** Pages of two, so that every list test follows `next`. */
  private sendPage(response: ServerResponse, url: URL): void {
    const all = [...this.bays.values()];
    const marker = url.searchParams.get('marker');
    const from = marker === null ? 0 : all.findIndex((bay) => bay.uuid === marker) + 1;
    const page = all.slice(from, from + 2);
    const next =
      page.length === 2 ? { next: `http://other-name:1/v1/clusters/detail?limit=2&marker=${page[1]?.uuid ?? ''}` } : {};
    sendJson(response, 200, { clusters: page, ...next });
  }

  /** The default workers are what the other groups leave of the bay's number. */
  private groupsOf(bay: FakeBay): readonly FakeGroup[] {
    const others = this.extraGroups.reduce((sum, group) => sum + group.node_count, 0);
    return [
      { ...fakeGroup('default-worker'), is_default: true, node_count: bay.node_count - others },
      ...this.extraGroups,
    ];
  }

  private resize(bay: FakeBay, response: ServerResponse, body: string): void {
    const wish = JSON.parse(body) as { node_count: number; nodegroup: string };
    const group = this.groupsOf(bay).find(({ uuid }) => uuid === wish.nodegroup);
    bay.node_count += wish.node_count - (group?.node_count ?? 0);
    if (group !== undefined) group.node_count = wish.node_count;
    sendJson(response, 202, { uuid: bay.uuid });
  }

  private answerBay(method: string, bay: FakeBay, response: ServerResponse): void {
    if (method === 'DELETE') {
      if (this.scenes.length === 0) this.bays.delete(bay.uuid);
      response.writeHead(204).end();
      return;
    }
    const scene = this.scenes[0];
    if (scene?.gone === true) {
      this.bays.delete(bay.uuid);
      sendError(response, 404, `Cluster ${bay.uuid} could not be found.`);
      return;
    }
    if (scene?.status !== undefined) bay.status = scene.status;
    if (scene?.status_reason !== undefined) bay.status_reason = scene.status_reason;
    sendJson(response, 200, bay);
  }

  private answerOurs(what: string, bay: FakeBay, request: IncomingMessage, response: ServerResponse, url: URL): void {
    switch (what) {
      case 'GET nodes': {
        // The nodes are asked for once per look, together with the bay; so this is what turns the page.
        const scene = this.scenes.length > 1 ? this.scenes.shift() : this.scenes[0];
        sendJson(response, 200, { nodes: scene?.nodes ?? this.nodes });
        return;
      }
      case 'GET load_balancers':
        sendJson(response, 200, { load_balancers: this.loadBalancers });
        return;
      case 'GET events':
        this.sendEvents(request, response, url);
        return;
      case 'POST actions/retry':
        sendJson(response, 202, { uuid: bay.uuid });
        return;
      case 'POST credentials': {
        this.bundlesMade += 1;
        const files = Object.entries(this.bundle()).map(
          ([name, content]) => [name, typeof content === 'string' ? strToU8(content) : content] as const,
        );
        response.writeHead(200, { 'Content-Type': 'application/zip' }).end(zipSync(Object.fromEntries(files)));
        return;
      }
      default:
        sendError(response, 404, '');
    }
  }

  private sendEvents(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const after = Number(request.headers['last-event-id'] ?? url.searchParams.get('after') ?? '0');
    const later = this.events.filter((event) => event.sequence > after);
    if (request.headers.accept !== 'text/event-stream') {
      const page = later.slice(0, 2);
      sendJson(response, 200, { events: page, ...(later.length > 2 ? { next: 'more' } : {}) });
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(': hello\n\n');
    for (const event of later.slice(0, this.eventsPerStream)) {
      response.write(`id: ${event.sequence}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`);
    }
    if (later.length > this.eventsPerStream) response.end();
  }
}
