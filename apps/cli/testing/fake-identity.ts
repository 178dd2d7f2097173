import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from './fixtures.js';

const PROJECT = { id: 'f0000000000000000000000000000001', name: 'demo', domain: { id: 'default', name: 'Default' } };
const USER = { id: 'a0000000000000000000000000000001', name: 'alice', domain: { id: 'default', name: 'Default' } };

/** What the fake service's identity part needs of it. */
export interface FakeIdentity {
  readonly url: string;
  readonly tokens: Set<string>;
  readonly password: string;
  readonly tokenLifeMs: number;
}

export function answerIdentity(
  service: FakeIdentity,
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
): void {
  if (request.method === 'DELETE') {
    service.tokens.delete(String(request.headers['x-subject-token']));
    response.writeHead(204).end();
    return;
  }
  const subject = request.headers['x-subject-token'];
  if (typeof subject === 'string') {
    if (service.tokens.has(subject)) sendToken(service, response, 200, subject);
    else sendJson(response, 404, { error: { code: 404, title: 'Not Found', message: 'Could not find token.' } });
    return;
  }
  const parsed = JSON.parse(body) as { auth: { identity: { password?: { user: { password: string } } } } };
  if (parsed.auth.identity.password?.user.password !== service.password) {
    sendJson(response, 401, { error: { code: 401, title: 'Unauthorized', message: 'The password is wrong.' } });
    return;
  }
  const token = `token-${randomUUID()}`;
  service.tokens.add(token);
  sendToken(service, response, 201, token);
}

function sendToken(service: FakeIdentity, response: ServerResponse, status: number, token: string): void {
  response.setHeader('X-Subject-Token', token);
  const endpoint = (type: string, path: string): object => ({
    type,
    name: type,
    endpoints: [
      { id: '1', interface: 'public', region: 'RegionOne', region_id: 'RegionOne', url: `${service.url}${path}` },
    ],
  });
  sendJson(response, status, {
    token: {
      user: USER,
      project: PROJECT,
      expires_at: new Date(Date.now() + service.tokenLifeMs).toISOString(),
      catalog: [endpoint('container-infra', '/v1'), endpoint('identity', '/identity/v3')],
    },
  });
}
