/** A token for the administrator of an openrc, over plain HTTP. */
import { send } from './open-requests.js';

export async function logIn(url: string, openrc: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(`${url}/identity/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: {
            user: { name: openrc['OS_USERNAME'], domain: { id: 'default' }, password: openrc['OS_PASSWORD'] },
          },
        },
        scope: { project: { name: openrc['OS_PROJECT_NAME'], domain: { id: 'default' } } },
      },
    }),
  });
  const token = response.headers.get('x-subject-token');
  if (token === null) throw new Error(`no token: ${String(response.status)} ${await response.text()}`);
  return token;
}

export interface BayClient {
  create(name: string, nodes: number): Promise<string>;
  status(id: string): Promise<string>;
}

export function bayClient(url: () => string, token: string): BayClient {
  const headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json' };
  return {
    async create(name, nodes) {
      const body = JSON.stringify({ name, baymodel_id: 'swarm', node_count: nodes });
      const { status, text } = await send(`${url()}/v1/bays`, { method: 'POST', headers, body });
      if (status !== 202) throw new Error(`${String(status)} ${text}`);
      return (JSON.parse(text) as { uuid: string }).uuid;
    },
    async status(id) {
      const { status, text } = await send(`${url()}/v1/bays/${id}`, { headers });
      if (status !== 200) throw new Error(`${String(status)} ${text}`);
      return (JSON.parse(text) as { status: string }).status;
    },
  };
}
