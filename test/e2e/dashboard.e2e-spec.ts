/**
 * The dashboard in a real browser against the real server: from signing in to a bay in use and gone again, by real nodes
 * where this machine can make them. Every page is held against axe's rules, and nothing comes from anywhere else.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { findChromium, openBrowser, signIn, violationsOf } from '../support/browser.js';
import { logIn } from '../support/login.js';
import { send } from '../support/open-requests.js';
import { run } from '../support/run.js';
import { startServer, type RunningServer } from '../support/running-server.js';
import { whyNotLocal } from './why-not-local.js';

const program = await findChromium();
const whySimulated = await whyNotLocal();
if (program === null) console.log('SKIPPED test/e2e/dashboard: there is no Chromium (package chromium)');
else if (whySimulated !== null) console.log(`SKIPPED docker over the zip in test/e2e/dashboard: ${whySimulated}`);
const describeInBrowser = program === null ? describe.skip : describe;

const MINUTES = 60_000;
jest.setTimeout(MINUTES);
const PASSWORD = 'three clicks away';
const IMAGES = '/var/tmp/baykeeper-test-images';

describeInBrowser('the dashboard', () => {
  let server: RunningServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let downloads: string;
  const strangers: string[] = [];
  const faults: string[] = [];

  beforeAll(async () => {
    downloads = await mkdtemp(join(tmpdir(), 'baykeeper-downloads-'));
    server = await startServer(
      whySimulated === null
        ? { BAYKEEPER_COMPUTE: 'local', BAYKEEPER_IMAGES: IMAGES }
        : { BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '300' },
    );
    await makePeople();
    browser = await openBrowser(program ?? '');
    context = await browser.newContext({ acceptDownloads: true });
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== server.url && protocol !== 'blob:' && protocol !== 'data:') strangers.push(request.url());
    });
    page.on('pageerror', (error) => faults.push(error.message));
  }, 5 * MINUTES);

  afterAll(async () => {
    await browser.close();
    await server.purge();
    await rm(downloads, { recursive: true, force: true });
  }, 5 * MINUTES);

  afterEach(() => {
    expect(strangers).toEqual([]);
    expect(faults).toEqual([]);
  });

  /** Ada is a member of `shop` and a reader of `lab`; Eve has a project of her own. */
  async function makePeople(): Promise<void> {
    const headers = {
      'X-Auth-Token': await logIn(server.url, await server.openrc()),
      'Content-Type': 'application/json',
    };
    const make = async (kind: 'project' | 'user', fields: object): Promise<string> => {
      const body = JSON.stringify({ [kind]: fields });
      const answer = await send(`${server.url}/identity/v3/${kind}s`, { method: 'POST', headers, body });
      return (JSON.parse(answer.text) as Record<string, { readonly id: string }>)[kind]?.id ?? '';
    };
    const roles = await send(`${server.url}/identity/v3/roles`, { headers });
    const { roles: known } = JSON.parse(roles.text) as { roles: { id: string; name: string }[] };
    const grant = async (project: string, user: string, role: string): Promise<void> => {
      const id = known.find(({ name }) => name === role)?.id ?? '';
      const path = `/identity/v3/projects/${project}/users/${user}/roles/${id}`;
      expect((await send(`${server.url}${path}`, { method: 'PUT', headers })).status).toBe(204);
    };
    const [shop, lab, island] = [
      await make('project', { name: 'shop' }),
      await make('project', { name: 'lab' }),
      await make('project', { name: 'island' }),
    ];
    const ada = await make('user', { name: 'ada', password: PASSWORD, default_project_id: shop });
    const eve = await make('user', { name: 'eve', password: PASSWORD, default_project_id: island });
    await grant(shop, ada, 'member');
    await grant(lab, ada, 'reader');
    await grant(island, eve, 'admin');
  }

  const heading = (name: string | RegExp) => page.getByRole('heading', { name });
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const tab = (name: string) => page.getByRole('tab', { name }).click();

  it('is small, and lets nothing stand in its page', async () => {
    const answer = await send(server.url, { headers: { Accept: 'text/html' } });
    const assets = [...answer.text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(assets.length).toBeGreaterThan(1);
    const texts = await Promise.all(assets.map(async (path) => (await send(`${server.url}${path}`, {})).text));
    const bytes = texts.reduce((sum, text) => sum + gzipSync(text).length, gzipSync(answer.text).length);
    expect(bytes).toBeLessThan(200_000);
    expect(answer.text).not.toMatch(/<script(?![^>]*src=)|<style|style=/);
  });

  it('refuses a wrong password with a sentence', async () => {
    await page.goto(server.url);
    await page.getByLabel('User').fill('ada');
    await page.getByLabel('Password').fill('wrong');
    await button('Sign in').click();
    await page.getByRole('alert').filter({ hasText: 'is wrong' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it(
    'leads to the first bay, shows it come about, scales it, gives access to it, and deletes it',
    async () => {
      await signIn(page, server.url, { user: 'ada', password: PASSWORD });
      await heading('Bays of shop').waitFor();
      await heading('No bay yet').waitFor();
      expect(await violationsOf(page)).toEqual([]);

      await button('Create the first bay').click();
      await heading('Create a bay').waitFor();
      await page.getByText('Workers: 0 of', { exact: false }).first().waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('radio', { name: /^swarm Docker Swarm/ }).check();
      await page.getByLabel('Name').fill('9 lives');
      await button('Create the bay').click();
      await page.getByRole('alert').first().waitFor();
      await page.getByLabel('Name').fill('web');
      await page.getByLabel('Workers', { exact: true }).last().fill('1');
      await button('Create the bay').click();

      await heading('web').waitFor();
      await page
        .getByRole('status')
        .filter({ hasText: /^Live$/ })
        .waitFor();
      await page.getByText('Creating', { exact: true }).waitFor();
      await tab('Nodes');
      await page.getByRole('rowheader', { name: /^web-master-0/ }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.locator('.head .status.good').waitFor({ timeout: 3 * MINUTES });
      await page.getByText('2 of 2 nodes ready').first().waitFor();

      await tab('Overview');
      await page.getByRole('img', { name: /Topology of web: Masters 1, default-worker 1/ }).waitFor();
      await button('More: Workers of default-worker').click();
      await page.getByText('Makes 1 worker.').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await button('Add 1 worker').click();
      await page
        .getByText('3 of 3 nodes ready')
        .first()
        .waitFor({ timeout: 2 * MINUTES });
      await page.getByRole('img', { name: /default-worker 2/ }).waitFor();

      await tab('Groups');
      await page.getByLabel('Name', { exact: true }).fill('spare');
      await page.getByLabel('Nodes', { exact: true }).fill('0');
      await page.getByLabel('Never more than').last().fill('3');
      expect(await violationsOf(page)).toEqual([]);
      await button('Make the group').click();
      await page.getByRole('rowheader', { name: 'spare' }).waitFor();
      await button('Bounds of spare').click();
      await page.getByLabel('Never fewer than').first().fill('5');
      await page.getByLabel('Never more than', { exact: false }).first().fill('2');
      await button('Set the bounds').click();
      await page.getByRole('alert').filter({ hasText: 'max_node_count is less than min_node_count' }).waitFor();
      await button('Delete spare').first().click();
      await button('Delete spare').last().click();
      await page.getByRole('rowheader', { name: 'spare' }).waitFor({ state: 'hidden' });

      await tab('Get access');
      expect(await violationsOf(page)).toEqual([]);
      const [download] = await Promise.all([page.waitForEvent('download'), button('Download credentials').click()]);
      const zip = join(downloads, download.suggestedFilename());
      await download.saveAs(zip);
      expect(download.suggestedFilename()).toBe('web.zip');
      await run('unzip', ['-q', zip, '-d', downloads]);
      expect(await readFile(join(downloads, 'web', 'key.pem'), 'utf8')).toContain('PRIVATE KEY');
      if (whySimulated === null) {
        const asked = await run('bash', ['-c', '. ./web/docker.env && docker node ls --format "{{.Hostname}}"'], {
          ...{ cwd: downloads, env: { PATH: process.env['PATH'] ?? '', HOME: downloads } },
        });
        expect(asked.stdout.trim().split('\n').sort()).toEqual(['web-master-0', 'web-worker-0', 'web-worker-1']);
      }

      await tab('Certificates');
      await page.getByRole('rowheader', { name: 'A client' }).waitFor();
      expect(await violationsOf(page)).toEqual([]);

      await tab('Events');
      await page.getByText('web-worker-1 is ready.').waitFor();
      expect(await violationsOf(page)).toEqual([]);

      await tab('Delete');
      await page.getByText('Type web first.').waitFor();
      await button('Delete this bay').click({ force: true });
      await page.getByLabel('Type the bay’s name').fill('web');
      await button('Delete this bay').click();
      await heading('Bays of shop').waitFor();
      await heading('No bay yet').waitFor({ timeout: 2 * MINUTES });
    },
    8 * MINUTES,
  );

  it('makes a baymodel, says what is wrong with it, and deletes it', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Baymodels' }).click();
    await page.getByRole('option', { name: 'debian-12-docker' }).waitFor({ state: 'attached' });
    await page.getByLabel('Name', { exact: true }).fill('mine');
    await page.getByLabel('Labels').fill('lb_ports');
    await button('Make the baymodel').click();
    await page.getByRole('alert').filter({ hasText: '“lb_ports” is no label' }).waitFor();
    await page.getByLabel('Labels').fill('lb_ports=80,443');
    await button('Make the baymodel').click();
    await heading('mine').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await button('Delete mine').click();
    await heading('mine').waitFor({ state: 'hidden' });
  });

  it('tells a reader why its buttons are off', async () => {
    await page.getByLabel('Project').selectOption('lab');
    await heading('Bays of lab').waitFor();
    await page.getByText('You are a reader of lab: members change things.').first().waitFor();
    expect(await button('Create the first bay').getAttribute('aria-disabled')).toBe('true');
    await button('Create the first bay').click({ force: true });
    await heading('Bays of lab').waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it.each([
    ['Baymodels', 'Baymodels'],
    ['Quota', 'Quota of lab'],
    ['Credentials', 'Application credentials'],
  ])('has a page %s that everybody can use', async (link, title) => {
    await page.getByRole('navigation').getByRole('link', { name: link }).click();
    await heading(title).waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it('shows one tenant nothing of another, also by its address', async () => {
    await page.getByLabel('Project').selectOption('shop');
    await heading('Bays of shop').waitFor();
    await page.goto(`${server.url}/#/bays/new`);
    await page.getByRole('radio', { name: /^swarm Docker Swarm/ }).check();
    await page.getByLabel('Name').fill('secret');
    await page.getByLabel('Workers', { exact: true }).last().fill('0');
    await button('Create the bay').click();
    await heading('secret').waitFor();
    const address = page.url();
    const other = await browser.newContext();
    const eve = await other.newPage();
    await signIn(eve, server.url, { user: 'eve', password: PASSWORD });
    await eve.getByRole('heading', { name: 'No bay yet' }).waitFor();
    await eve.goto(address);
    await eve.getByRole('heading', { name: /could not be found/ }).waitFor();
    expect(await eve.content()).not.toContain('secret');
    await eve.getByRole('link', { name: 'Audit' }).click();
    await eve.getByRole('heading', { name: 'Audit' }).waitFor();
    expect(await violationsOf(eve)).toEqual([]);
    await eve.getByRole('link', { name: 'People' }).click();
    await eve.getByRole('rowheader', { name: 'eve' }).waitFor();
    await eve.getByRole('option', { name: 'reader' }).waitFor({ state: 'attached' });
    await eve.getByLabel('User').fill('nobody-at-all');
    await eve.getByRole('button', { name: 'Give the role' }).click();
    await eve.getByRole('alert').waitFor();
    expect(await violationsOf(eve)).toEqual([]);
    await other.close();
  });

  it(
    'says that the server does not answer, and goes on by itself when it is back',
    async () => {
      await page.goto(`${server.url}/#/bays`);
      await heading('secret').waitFor();
      await server.kill();
      await page.getByText('The server does not answer.').waitFor();
      await page.getByText('Not live: connecting again').waitFor();
      await page.getByRole('heading', { name: 'secret' }).waitFor();
      await server.start();
      await page.getByText('The server does not answer.').waitFor({ state: 'hidden', timeout: MINUTES });
      await page
        .getByRole('status')
        .filter({ hasText: /^Live$/ })
        .waitFor();
      await page.getByRole('heading', { name: 'secret' }).waitFor();
    },
    3 * MINUTES,
  );

  it('signs out, and the session is of no use any more', async () => {
    const cookies = await context.cookies();
    expect(cookies).toMatchObject([{ name: 'baykeeper_session', httpOnly: true, sameSite: 'Strict' }]);
    await button('Sign out').click();
    await page.getByText('You are signed out.').waitFor();
    expect(await context.cookies()).toEqual([]);
    await context.addCookies(cookies);
    await page.goto(`${server.url}/`);
    await button('Sign in').waitFor();
  });

  it('shows those who run the installation its processes and projects', async () => {
    const { OS_USERNAME: user = '', OS_PASSWORD: password = '' } = await server.openrc();
    await signIn(page, server.url, { user, password });
    await page.getByRole('link', { name: 'System' }).click();
    await page.getByRole('rowheader', { name: /^worker/ }).waitFor();
    await page.getByRole('rowheader', { name: 'island' }).waitFor();
    await page.getByText('queue jobs').first().waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel('Name of the project').fill('dock');
    await button('Make the project').click();
    await page.getByRole('rowheader', { name: 'dock' }).waitFor();
    await button('Switch off project dock').click();
    await button('Switch on project dock').waitFor();
    await page.getByRole('combobox', { name: 'Project', exact: true }).last().selectOption({ label: 'island' });
    await page.getByLabel('Resource').selectOption({ label: 'Workers' });
    await page.getByLabel('At most').fill('7');
    await button('Set the quota').click();
    await button('Back to the default: Workers of island').click();
    await button('Back to the default: Workers of island').waitFor({ state: 'detached' });
    await page.getByLabel('Name of the user').fill('bob');
    await page.getByLabel('Password').fill('x');
    await button('Make the user').click();
    await page.getByRole('rowheader', { name: 'bob' }).waitFor();
  });
});
