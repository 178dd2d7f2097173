/** Tenants of a real Keystone that is not ours, at the openstack client: the distribution's Keystone and client. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCertificateAuthority, createKeyAndCertificate, openAuthority } from '@baykeeper/pki';
import { startTlsFront, type TlsFront } from '@baykeeper/tenancy/external-keystone/testing/tls-front.js';
import { findChromium, openBrowser, signIn, violationsOf } from '../support/browser.js';
import { startKeystone, whyNoKeystone, type RunningKeystone } from '../support/keystone.js';
import {
  makeUsers,
  openstackClient,
  whyNoOpenstackClient,
  writeOpenrc,
  type OpenstackClient,
} from '../support/openstack-client.js';
import { run, until } from '../support/run.js';
import { FOR_CLIENTS, ROOT, startServer, type RunningServer } from '../support/running-server.js';

const reason = (await whyNoOpenstackClient()) ?? (await whyNoKeystone());
if (reason !== null) console.log(`SKIPPED test/e2e/external-keystone: ${reason}`);
const describeWithKeystone = reason === null ? describe : describe.skip;

const CACHE_SECONDS = 2;
const LOGINS = {
  alice: { user: 'alice', project: 'garden', password: 'tulips-and-roses', role: 'member' },
  rita: { user: 'rita', project: 'garden', password: 'only-looks-at-it', role: 'reader' },
  bob: { user: 'bob', project: 'quarry', password: 'stone-on-a-stone', role: 'admin' },
} as const;
const SERVICE_PASSWORD = 'of-the-service-itself';

describeWithKeystone('a Keystone that others run', () => {
  let keystone: RunningKeystone;
  /** Where Baykeeper finds it; clients go to the Keystone itself, because theirs trust no authority of a test. */
  let front: TlsFront;
  let server: RunningServer;
  let started: RunningServer | null = null;
  let admin: OpenstackClient;
  const clients = new Map<string, OpenstackClient>();
  const as = (name: keyof typeof LOGINS): OpenstackClient => {
    const client = clients.get(name);
    if (!client) throw new Error(`${name} was not made`);
    return client;
  };

  beforeAll(async () => {
    keystone = await startKeystone();
    admin = openstackClient(keystone.openrc, keystone.directory);
    await admin.run(['project', 'create', 'service']);
    await admin.run(['user', 'create', '--password', SERVICE_PASSWORD, 'baykeeper']);
    await admin.run(['role', 'create', 'service']);
    await admin.run(['role', 'add', '--project', 'service', '--user', 'baykeeper', 'service']);
    await makeUsers(admin, Object.values(LOGINS));
    for (const login of Object.values(LOGINS)) {
      const openrc = await writeOpenrc(keystone.openrc, keystone.directory, login);
      clients.set(login.user, openstackClient(openrc, keystone.directory));
    }
    const authority = await createCertificateAuthority({ commonName: 'authority of the cloud', years: 1 });
    const names = { dnsNames: [], ipAddresses: ['127.0.0.1'] };
    const profile = { ...names, commonName: 'keystone', organization: null, usages: ['server' as const], days: 1 };
    front = await startTlsFront(
      keystone.url,
      await createKeyAndCertificate({ authority: openAuthority(authority), profile }),
    );
    const authorities = join(keystone.directory, 'authorities.pem');
    await writeFile(authorities, authority.certificatePem);
    started = await startServer({
      ...FOR_CLIENTS,
      BAYKEEPER_KEYSTONE_URL: front.url,
      BAYKEEPER_KEYSTONE_CA_FILE: authorities,
      BAYKEEPER_KEYSTONE_PUBLIC_URL: keystone.url,
      BAYKEEPER_KEYSTONE_PASSWORD: SERVICE_PASSWORD,
      BAYKEEPER_KEYSTONE_CACHE_SECONDS: String(CACHE_SECONDS),
    });
    server = started;
    await admin.run(['service', 'create', '--name', 'baykeeper', 'container-infra']);
    const endpoint = ['--region', 'RegionOne', 'container-infra', 'public', `${server.url}/v1`];
    await admin.run(['endpoint', 'create', ...endpoint]);
  }, 400_000);
  afterAll(async () => {
    await started?.purge();
    await front.close();
    await keystone.remove();
  }, 90_000);

  const names = async (client: OpenstackClient, ...command: string[]): Promise<string[]> =>
    (await client.run(['coe', ...command, 'list', '-c', 'name', '-f', 'value'])).stdout
      .split('\n')
      .filter(Boolean)
      .sort();
  const tokenOf = async (client: OpenstackClient): Promise<string> =>
    (await client.run(['token', 'issue', '-c', 'id', '-f', 'value'])).stdout.trim();
  const statusOf = async (token: string): Promise<number> =>
    (await fetch(`${server.url}/v1/clusters`, { headers: { 'X-Auth-Token': token } })).status;

  it('is said at the start, sent to by 401s, and not doubled by an identity service of ours', async () => {
    expect(await server.log()).toContain(`the Keystone at ${front.url}`);
    await expect(access(join(server.dataDirectory, 'admin-openrc'))).rejects.toThrow('ENOENT');
    const refused = await fetch(`${server.url}/v1/clusters`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe(`Keystone uri="${keystone.url}/v3"`);
    const own = await fetch(`${server.url}/identity/v3/auth/tokens`, { method: 'POST', body: '{}' });
    expect(own.status).toBe(404);
    expect(await own.text()).toContain(keystone.url);
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as { readonly paths: object };
    expect(Object.keys(document.paths).filter((path) => path.startsWith('/identity'))).toEqual([]);
    expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ checks: { keystone: true } });
  }, 60_000);

  it('lets each tenant work in its own project, and see no other', async () => {
    const create = ['coe', 'cluster', 'create', '--cluster-template', 'swarm', '--node-count', '1'];
    const template = ['coe', 'cluster', 'template', 'create', '--coe', 'swarm', '--image', 'debian-12-docker'];
    await as('alice').run([...template, '--external-network', 'public', 'mine']);
    await as('alice').run([...create, 'roses']);
    await as('bob').run([...create, 'stones']);
    expect(await names(as('alice'), 'cluster')).toEqual(['roses']);
    expect(await names(as('rita'), 'cluster')).toEqual(['roses']);
    expect(await names(as('bob'), 'cluster')).toEqual(['stones']);
    expect(await names(as('bob'), 'cluster', 'template')).not.toContain('mine');
    expect(await names(as('alice'), 'cluster', 'template')).toContain('mine');
    // Bob is admin of his own project only; the admin of the admin project runs the installation.
    expect(await names(admin, 'cluster')).toEqual(['roses', 'stones']);
    const shown = await as('bob').failure(['coe', 'cluster', 'show', 'roses']);
    expect(shown).toBe('Cluster roses could not be found (HTTP 404)');
    await until('the cluster to be complete', 60_000, async () => {
      const { status } = await as('alice').json<{ status: string }>(['coe', 'cluster', 'show', 'roses']);
      return status === 'CREATE_COMPLETE';
    });
  }, 240_000);

  it('gives each role what is its own', async () => {
    const create = ['coe', 'cluster', 'create', '--cluster-template', 'swarm', 'hers'];
    expect(await as('rita').failure(create)).toContain('(HTTP 403)');
    expect(await as('rita').failure(['coe', 'cluster', 'delete', 'roses'])).toContain('(HTTP 403)');
    expect(await as('bob').failure(['coe', 'service', 'list'])).toContain('(HTTP 403)');
    await as('bob').run(['coe', 'cluster', 'delete', 'stones']);
    await until('the cluster to be gone', 60_000, async () => (await names(as('bob'), 'cluster')).length === 0);
  }, 180_000);

  it('has projects that get a quota before anybody of them was here', async () => {
    const quota = ['coe', 'quotas', 'create', '--resource', 'Cluster', '--hard-limit', '3', '--project-id'];
    const { id } = await admin.json<{ id: string }>(['project', 'create', 'meadow']);
    await admin.run([...quota, id]);
    const show = ['coe', 'quotas', 'show', '--resource', 'Cluster', '--project-id', id];
    expect((await admin.run(show)).stdout).toMatch(/hard_limit +\| 3 /);
  }, 60_000);

  it('keeps an application credential to its access rules', async () => {
    const rules = join(keystone.directory, 'rules.json');
    const only = [{ service: 'container-infra', method: 'GET', path: '/v1/clusters' }];
    await writeFile(rules, JSON.stringify(only));
    const made = await as('alice').json<{ id: string; secret: string }>([
      ...['application', 'credential', 'create', 'ci', '--access-rules', rules],
    ]);
    const answer = await fetch(`${keystone.url}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        auth: { identity: { methods: ['application_credential'], application_credential: made } },
      }),
    });
    const token = answer.headers.get('x-subject-token') ?? '';
    expect(await statusOf(token)).toBe(200);
    const other = await fetch(`${server.url}/v1/clustertemplates`, { headers: { 'X-Auth-Token': token } });
    expect(other.status).toBe(403);
  }, 60_000);

  it('logs the CLI in', async () => {
    const text = await readFile(join(keystone.directory, 'alice-openrc'), 'utf8');
    const read = (name: string): string => new RegExp(`^export ${name}='(.*)'$`, 'm').exec(text)?.[1] ?? '';
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: keystone.directory,
      OS_AUTH_URL: `${keystone.url}/v3`,
      OS_PROJECT_NAME: read('OS_PROJECT_NAME'),
      OS_USERNAME: read('OS_USERNAME'),
      OS_PASSWORD: read('OS_PASSWORD'),
    };
    const bay = join(ROOT, 'apps/cli/bay');
    expect((await run(bay, ['ls', '--json'], { env })).stdout).toContain('"roses"');
    // With nothing but the address of the service, which sends it to the Keystone.
    const alone = { PATH: env.PATH, HOME: keystone.directory };
    const words = ['login', '--url', server.url, '--user', 'alice', '--project', 'garden', '--password-stdin'];
    const login = await run(bay, words, { env: alone, input: `${LOGINS.alice.password}\n` });
    expect(login.stdout).toContain(`Logged in as alice in project garden at ${server.url}/v1`);
    expect((await run(bay, ['ls', '--json'], { env: alone })).stdout).toContain('"roses"');
    await run(bay, ['logout'], { env: alone });
  }, 60_000);

  it('lets people into the dashboard, each into a project of theirs, and keeps no accounts besides', async () => {
    const program = await findChromium();
    if (program === null) {
      console.log('SKIPPED the dashboard with a Keystone of others: there is no Chromium');
      return;
    }
    const browser = await openBrowser(program);
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(30_000);
      await page.goto(`${server.url}/`);
      await page.getByLabel('Domain').fill('Default');
      await page.getByLabel('User').fill(LOGINS.alice.user);
      await page.getByLabel('Password').fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('User, password or project is wrong.').waitFor();
      await signIn(page, server.url, { user: LOGINS.alice.user, password: LOGINS.alice.password });
      await page.getByRole('heading', { name: 'Bays of garden' }).waitFor();
      await page.getByRole('link', { name: 'roses' }).first().waitFor();
      const pages = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allTextContents();
      expect(pages).toEqual(['Bays', 'Baymodels', 'Quota']);
      await page.goto(`${server.url}/#/people`);
      await page.getByText(`works with the Keystone at ${keystone.url}/v3`).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      const [cookie] = await page.context().cookies();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are signed out.').waitFor();
      expect(await statusOf(cookie?.value ?? '')).toBe(401);
    } finally {
      await browser.close();
    }
  }, 120_000);

  it('has its refusals noticed: a revoked token, and a project that was disabled', async () => {
    const [first, second] = [await tokenOf(as('alice')), await tokenOf(as('alice'))];
    expect([await statusOf(first), await statusOf(second)]).toEqual([200, 200]);
    await as('alice').run(['token', 'revoke', first]);
    await until('the revoked token to be refused', 30_000, async () => (await statusOf(first)) === 401);
    expect(await statusOf(second)).toBe(200);
    await admin.run(['project', 'set', '--disable', 'garden']);
    await until('tokens of the disabled project to be refused', 30_000, async () => (await statusOf(second)) === 401);
    await admin.run(['project', 'set', '--enable', 'garden']);
  }, 120_000);

  it('may be away: nobody new gets in, and all is well when it is back', async () => {
    const token = await tokenOf(as('bob'));
    await keystone.stop();
    const answer = await fetch(`${server.url}/v1/clusters`, { headers: { 'X-Auth-Token': token } });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    await keystone.start();
    expect(await statusOf(token)).toBe(200);
    expect(await server.log()).not.toContain(token);
    expect(await server.log()).not.toContain(SERVICE_PASSWORD);
  }, 120_000);
});
