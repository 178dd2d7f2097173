/** The dashboard's pages as pictures, for docs/screenshots: one bay of three masters on its way, scaled, and at rest. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { findChromium, openBrowser, signIn } from './browser.js';
import { ROOT, startServer } from './running-server.js';

const OUT = join(ROOT, 'docs/screenshots');
const PATIENCE_MS = 90_000;

const program = await findChromium();
if (program === null) throw new Error('there is no Chromium: script/install installs it on Debian');
await mkdir(OUT, { recursive: true });
const server = await startServer({ BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '1500' });
const browser = await openBrowser(program);
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 760 } });
  page.setDefaultTimeout(PATIENCE_MS);
  const { OS_USERNAME: user = '', OS_PASSWORD: password = '' } = await server.openrc();
  await page.goto(server.url);
  await page.getByLabel('User').waitFor();
  await shoot(page, 'sign-in');
  await signIn(page, server.url, { user, password });
  await page.getByRole('heading', { name: 'No bay yet' }).waitFor();
  await shoot(page, 'no-bay-yet');
  await createBay(page);
  await page.getByRole('tab', { name: 'Nodes' }).click();
  await page.getByText('Waiting to join').first().waitFor();
  await shoot(page, 'nodes');
  await page.getByRole('tab', { name: 'Overview' }).click();
  await page
    .getByText(/^[3-7] of 8 nodes ready/)
    .first()
    .waitFor();
  await shoot(page, 'bay');
  await page.locator('.head .status.good').waitFor();
  await page.getByRole('button', { name: /^More: Workers/ }).click();
  await page.getByText('Makes 1 worker.').waitFor();
  await shoot(page, 'scale');
  await page.getByRole('tab', { name: 'Get access' }).click();
  await shoot(page, 'access');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download credentials' }).click();
  await (await download).delete();
  await page.getByRole('tab', { name: 'Certificates' }).click();
  await page.getByRole('rowheader', { name: 'A client' }).waitFor();
  await shoot(page, 'certificates');
  await page.getByRole('tab', { name: 'Groups' }).click();
  await page.getByRole('rowheader', { name: 'default-worker' }).waitFor();
  await shoot(page, 'groups');
  await page.goto(`${server.url}/#/bays`);
  await page.getByText('8 of 8 nodes ready').first().waitFor();
  await shoot(page, 'bays');
  for (const [place, title] of [
    ['baymodels', 'Baymodels'],
    ['quota', 'Quota of'],
    ['credentials', 'Application credentials'],
    ['people', 'People of'],
    ['audit', 'Audit'],
    ['system', 'System'],
  ] as const) {
    await page.goto(`${server.url}/#/${place}`);
    await page.getByRole('heading', { name: title }).first().waitFor();
    await page.getByText('Loading …').waitFor({ state: 'hidden' });
    await shoot(page, place);
  }
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 800 });
  await page.goto(`${server.url}/#/bays`);
  await page.getByText('8 of 8 nodes ready').first().waitFor();
  await shoot(page, 'phone-dark');
} finally {
  await browser.close();
  await server.purge();
}

async function createBay(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Create the first bay' }).click();
  await page.getByRole('radio', { name: /^swarm-web/ }).check();
  await page.getByLabel('Name').fill('shop');
  await page.getByRole('button', { name: 'More: Masters' }).click();
  await page.getByLabel('Workers', { exact: true }).last().fill('5');
  await page.getByText('Workers: 0 of').waitFor();
  await shoot(page, 'create');
  await page.getByRole('button', { name: 'Create the bay' }).click();
  await page.getByRole('heading', { name: 'shop' }).waitFor();
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(OUT, `${name}.png`), fullPage: true, animations: 'disabled' });
  console.log(`  docs/screenshots/${name}.png`);
}
